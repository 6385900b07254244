//! What every usage source keeps.

use std::error::Error;

use async_trait::async_trait;

use super::Cases;
use crate::catalog::Api;
use crate::id::CallerId;
use crate::observation::Observation;
use crate::provider::UsageSource;
use crate::time::{Period, Timestamp, Window};
use crate::usage::UsageEvidence;

/// A call as the world behind a source saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedCall {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub caller: CallerId,
    /// What was answered.
    pub status: u16,
    /// Whether the API was called that the suite asks about, or another.
    pub ours: bool,
}

/// What the records behind a source hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Records {
    /// The stretches in which records were kept, both ends included; between them
    /// everything is lost. Whole seconds.
    pub kept: Vec<Window>,
    /// The calls, each within one of the stretches, in no order.
    pub calls: Vec<RecordedCall>,
    /// Callers of the API of whom nothing is known any more, as if they had never been
    /// recorded. Only for [`Memory::NewestCalls`].
    pub lost: Vec<CallerId>,
}

/// What a source keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Memory {
    /// Every call, or sums of calls, of stretches of time: a stretch may be missing.
    Stretches,
    /// The newest call of each caller: no stretch is ever missing, but a caller may be,
    /// and how often anybody called is not known.
    NewestCalls,
}

/// What the suite needs to test a usage source.
#[async_trait]
pub trait UsageFixture: Send + Sync {
    /// The source.
    fn source(&self) -> &dyn UsageSource;

    /// The API that `ours` calls are of, described as the source needs it.
    fn api(&self) -> &Api;

    /// What the source takes for now; whole seconds, and the same in all cases.
    fn now(&self) -> Timestamp;

    /// How exactly the source tells times: zero for records of single calls, the
    /// longest period of its sums for a metric. `now` is a multiple of it.
    fn resolution(&self) -> Period;

    /// Whether the source tells who called. One that does not, as a metric, gives no
    /// complete answer where somebody called.
    fn tells_callers(&self) -> bool;

    /// What the source keeps. One that keeps the newest calls alone gives no complete
    /// answer where somebody called, and is asked about lost callers in the place of
    /// lost stretches.
    fn memory(&self) -> Memory;

    /// By which name the source tells a caller of the records.
    fn told_as(&self, caller: &CallerId) -> CallerId;

    /// Makes the source's records be these and nothing else.
    async fn record(&self, records: Records) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// How long the window is that the suite asks about.
const ASKED: Period = Period::days(14);

/// Runs the suite: the number of cases, each a promise of [`UsageSource`].
///
/// # Errors
/// When the fixture fails.
///
/// # Panics
/// When the source breaks a promise.
pub async fn usage(fixture: &impl UsageFixture) -> Cases {
    let mut suite = Suite { fixture, cases: 0 };
    suite.quiet_and_complete_is_zero().await?;
    suite.the_watermark_is_not_the_newest_call().await?;
    suite.refused_calls_count().await?;
    suite.only_this_api_in_this_window_counts().await?;
    suite.callers_are_exact().await?;
    suite.what_came_later_makes_nothing_quiet().await?;
    match fixture.memory() {
        Memory::Stretches => {
            suite.a_gap_is_partial_or_unknown().await?;
            suite
                .the_watermark_reaches_no_further_than_the_records()
                .await?;
            suite.a_gap_does_not_hide_what_was_seen().await?;
        }
        Memory::NewestCalls => suite.a_lost_caller_is_no_quiet_one().await?,
    }
    Ok(suite.cases)
}

struct Suite<'a, F> {
    fixture: &'a F,
    cases: u32,
}

type Done = Result<(), Box<dyn Error + Send + Sync>>;

impl<F: UsageFixture> Suite<'_, F> {
    async fn ask(
        &mut self,
        kept: Vec<Window>,
        calls: Vec<RecordedCall>,
    ) -> Result<Observation<UsageEvidence>, Box<dyn Error + Send + Sync>> {
        let lost = Vec::new();
        let records = Records { kept, calls, lost };
        self.ask_about(self.window(), records).await
    }

    async fn ask_about(
        &mut self,
        window: Window,
        records: Records,
    ) -> Result<Observation<UsageEvidence>, Box<dyn Error + Send + Sync>> {
        self.cases += 1;
        let api = self.fixture.api();
        self.fixture.record(records).await?;
        let seen = self.fixture.source().usage(api, window).await?;
        if let Observation::Known { value, as_of, .. } = &seen {
            assert_eq!(
                value.api, api.id,
                "the answer is about the API that was asked"
            );
            assert_eq!(
                value.window, window,
                "the answer is about the window that was asked"
            );
            assert_eq!(
                value.source,
                self.fixture.source().name(),
                "the answer names its source"
            );
            assert!(
                value.watermark <= *as_of,
                "the watermark is not later than the read"
            );
            assert!(
                value.last_seen.is_none_or(|at| at <= *as_of),
                "the last call is not later than the read"
            );
        }
        Ok(seen)
    }

    fn window(&self) -> Window {
        Window::ending_at(self.fixture.now(), ASKED)
    }

    /// Records from well before the window until now.
    fn all(&self) -> Vec<Window> {
        let now = self.fixture.now();
        vec![Window::new(Period::days(1).before(self.window().from), now)]
    }

    fn call(
        &self,
        ago: Period,
        caller: &str,
        status: u16,
        ours: bool,
    ) -> Result<RecordedCall, Box<dyn Error + Send + Sync>> {
        Ok(RecordedCall {
            at: ago.before(self.fixture.now()),
            caller: CallerId::parse(caller)?,
            status,
            ours,
        })
    }

    /// The evidence over complete records with calls: a complete answer, of a source
    /// that tells who called, and how often.
    fn counted<'s>(
        &self,
        seen: &'s Observation<UsageEvidence>,
        what: &str,
    ) -> Result<&'s UsageEvidence, Box<dyn Error + Send + Sync>> {
        let tells_callers = self.fixture.tells_callers();
        if tells_callers && self.fixture.memory() == Memory::Stretches {
            return complete(seen, what);
        }
        assert!(
            seen.doubt().is_some(),
            "[I-9] {what}: who called, or how often, is not told, so that it is not complete; \
             it was {seen:?}"
        );
        match seen {
            Observation::Known { value, .. } => {
                assert!(
                    tells_callers || value.callers.is_empty(),
                    "{what}: callers are told"
                );
                Ok(value)
            }
            Observation::Unknown { why } => Err(format!("{what} are unknown: {why}").into()),
        }
    }

    /// Whether so many calls were told as there were, as far as the source can know.
    fn is_count(&self, told: u64, calls: u64) -> bool {
        match self.fixture.memory() {
            Memory::Stretches => told == calls,
            Memory::NewestCalls => (1..=calls).contains(&told),
        }
    }

    fn is_last_seen(&self, value: &UsageEvidence, at: Timestamp, what: &str) {
        let until = self.fixture.resolution().after(at);
        assert!(
            value
                .last_seen
                .is_some_and(|seen| seen == at || at < seen && seen < until),
            "{what} at {at} is last seen, and {:?} was told",
            value.last_seen
        );
    }

    async fn quiet_and_complete_is_zero(&mut self) -> Done {
        let other = self.call(Period::hours(5), "10.0.0.9", 200, false)?;
        let seen = self.ask(self.all(), vec![other]).await?;
        let value = complete(&seen, "complete records without a call")?;
        assert_eq!(
            value.requests, 0,
            "complete records without a call are zero"
        );
        assert_eq!(
            value.last_seen, None,
            "what was never called was never seen"
        );
        assert!(value.callers.is_empty(), "nobody called");
        Ok(())
    }

    async fn a_gap_is_partial_or_unknown(&mut self) -> Done {
        let Window { from, to, .. } = self.window();
        let day = Period::days(1);
        let two = Period::days(2);
        for (kept, what) in [
            (vec![], "no records at all"),
            (
                vec![
                    Window::new(day.before(from), Period::days(8).before(to)),
                    Window::new(Period::days(6).before(to), to),
                ],
                "two days without records in the middle",
            ),
            (
                vec![Window::new(two.after(from), to)],
                "records that begin inside the window",
            ),
            (
                vec![Window::new(day.before(from), two.before(to))],
                "records that end two days ago",
            ),
            (
                vec![Window::new(Period::days(3).before(from), two.before(from))],
                "records from before the window only",
            ),
        ] {
            let seen = self.ask(kept, vec![]).await?;
            assert!(
                seen.known_completely().is_none() && seen.doubt().is_some(),
                "[I-9] {what}: partial or unknown, and why; it was {seen:?}"
            );
        }
        Ok(())
    }

    async fn the_watermark_is_not_the_newest_call(&mut self) -> Done {
        // The only call is old, and records were kept until now: the records
        // reach to now, less what the source is usually behind.
        let old = self.call(Period::days(9), "10.0.0.7", 200, true)?;
        let at = old.at;
        let seen = self.ask(self.all(), vec![old]).await?;
        let value = self.counted(&seen, "complete records with one old call")?;
        self.is_last_seen(value, at, "the newest call");
        let reach = self.fixture.source().lag().after(value.watermark);
        assert!(
            reach >= self.fixture.now(),
            "the watermark {} is how far the records reach, not the newest call",
            value.watermark
        );
        Ok(())
    }

    async fn the_watermark_reaches_no_further_than_the_records(&mut self) -> Done {
        let end = Period::days(3).before(self.fixture.now());
        let from = self.all().first().map_or(end, |all| all.from);
        let seen = self.ask(vec![Window::new(from, end)], vec![]).await?;
        if let Observation::Known { value, .. } = &seen {
            assert!(
                value.watermark <= end,
                "the watermark {} is later than the records' end {end}",
                value.watermark
            );
        }
        Ok(())
    }

    async fn refused_calls_count(&mut self) -> Done {
        for status in [401, 403, 404, 410, 429] {
            let call = self.call(Period::hours(30), "10.0.0.7", status, true)?;
            let seen = self.ask(self.all(), vec![call]).await?;
            let value = self.counted(&seen, "complete records with one refused call")?;
            assert_eq!(
                value.requests, 1,
                "a call that was answered {status} counts"
            );
        }
        Ok(())
    }

    async fn only_this_api_in_this_window_counts(&mut self) -> Done {
        let window = self.window();
        let mut before = self.call(ASKED, "10.0.0.7", 200, true)?;
        before.at = Period::hours(1).before(window.from);
        let mut first = self.call(ASKED, "10.0.0.8", 200, true)?;
        first.at = window.from;
        let other = self.call(Period::hours(1), "10.0.0.9", 200, false)?;
        let seen = self
            .ask(self.all(), vec![other.clone(), before.clone()])
            .await?;
        let value = complete(&seen, "complete records with a call before the window")?;
        assert_eq!(value.requests, 0, "a call before the window is not in it");
        assert!(
            value.callers.is_empty(),
            "who called before the window did not call in it"
        );
        self.is_last_seen(value, before.at, "a call before the window");
        let (at, caller) = (first.at, first.caller.clone());
        let seen = self.ask(self.all(), vec![other, first, before]).await?;
        let value = self.counted(&seen, "complete records with a call as the window begins")?;
        assert_eq!(value.requests, 1, "the window's first instant is inside");
        self.is_last_seen(value, at, "the newest call");
        if self.fixture.tells_callers() {
            assert!(
                value
                    .callers
                    .iter()
                    .map(|c| &c.caller)
                    .eq([&self.fixture.told_as(&caller)]),
                "its caller called"
            );
        }
        Ok(())
    }

    async fn callers_are_exact(&mut self) -> Done {
        let mut calls = Vec::new();
        for number in 1..=40u64 {
            for again in 0..number {
                let ago = Period::hours(1 + (number * 7 + again * 5) % 200);
                calls.push(self.call(ago, &format!("10.0.1.{number}"), 200, true)?);
            }
        }
        let total = calls.len() as u64;
        let expected = calls.clone();
        let seen = self.ask(self.all(), calls).await?;
        let value = self.counted(&seen, "complete records with forty callers")?;
        assert!(
            self.is_count(value.requests, total),
            "every call counts once: {} of {total}",
            value.requests
        );
        if !self.fixture.tells_callers() {
            return Ok(());
        }
        assert_eq!(value.callers.len(), 40, "every caller is told once");
        let busiest_first = value.callers.windows(2).all(|pair| match pair {
            [a, b] => a.requests >= b.requests,
            _ => true,
        });
        assert!(busiest_first, "the busiest caller comes first");
        for caller in &value.callers {
            let own = || {
                expected
                    .iter()
                    .filter(|call| self.fixture.told_as(&call.caller) == caller.caller)
                    .map(|c| c.at)
            };
            assert!(
                self.is_count(caller.requests, own().count() as u64),
                "{} is counted: {}",
                caller.caller,
                caller.requests
            );
            assert_eq!(
                Some(caller.last_seen),
                own().max(),
                "{} is last seen",
                caller.caller
            );
            assert!(
                caller.first_seen.is_none() || caller.first_seen == own().min(),
                "{} is first seen, if that is told",
                caller.caller
            );
        }
        Ok(())
    }

    async fn what_came_later_makes_nothing_quiet(&mut self) -> Done {
        let earlier = self.call(Period::days(9), "10.0.0.7", 200, true)?;
        let later = self.call(Period::days(1), "10.0.0.7", 200, true)?;
        let window = Window::ending_at(Period::days(7).before(self.fixture.now()), ASKED);
        let kept = vec![Window::new(
            Period::days(1).before(window.from),
            self.fixture.now(),
        )];
        let records = Records {
            kept,
            calls: vec![later, earlier],
            lost: Vec::new(),
        };
        let seen = self.ask_about(window, records).await?;
        match self.fixture.memory() {
            Memory::Stretches => {
                let value = self.counted(&seen, "complete records with a later call")?;
                assert_eq!(value.requests, 1, "a call after the window is not in it");
            }
            // Whether there was an earlier call is forgotten.
            Memory::NewestCalls => {
                assert!(
                    seen.known_completely().is_none() && seen.doubt().is_some(),
                    "[I-9] a later call of the same caller: partial or unknown; it was {seen:?}"
                );
                if let Observation::Known { value, .. } = &seen {
                    assert_eq!(value.requests, 0, "a call after the window is not in it");
                }
            }
        }
        Ok(())
    }

    async fn a_lost_caller_is_no_quiet_one(&mut self) -> Done {
        let lost = vec![CallerId::parse("10.0.0.6")?];
        let call = self.call(Period::hours(2), "10.0.0.7", 200, true)?;
        for calls in [vec![], vec![call]] {
            let expected = calls.len() as u64;
            let records = Records {
                kept: self.all(),
                calls,
                lost: lost.clone(),
            };
            let seen = self.ask_about(self.window(), records).await?;
            assert!(
                seen.known_completely().is_none() && seen.doubt().is_some(),
                "[I-9] a caller that is lost: partial or unknown, and why; it was {seen:?}"
            );
            if let Observation::Known { value, .. } = &seen {
                assert_eq!(
                    value.requests, expected,
                    "what was seen is told beside a lost caller"
                );
            }
        }
        Ok(())
    }

    async fn a_gap_does_not_hide_what_was_seen(&mut self) -> Done {
        let now = self.fixture.now();
        let call = self.call(Period::hours(2), "10.0.0.7", 200, true)?;
        let kept = vec![Window::new(Period::days(1).before(now), now)];
        let seen = self.ask(kept, vec![call]).await?;
        assert!(
            seen.known_completely().is_none(),
            "[I-9] a day of fourteen is not complete"
        );
        if let Observation::Known { value, .. } = &seen {
            assert_eq!(value.requests, 1, "what was seen is told beside the gap");
        }
        Ok(())
    }
}

fn complete<'a>(
    seen: &'a Observation<UsageEvidence>,
    what: &str,
) -> Result<&'a UsageEvidence, Box<dyn Error + Send + Sync>> {
    let value = seen.known_completely();
    assert!(
        value.is_some(),
        "{what} are a complete answer; it was {seen:?}"
    );
    Ok(value.ok_or("the assertion before holds")?)
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
