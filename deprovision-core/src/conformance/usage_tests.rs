//! The suite finds what it is for: a model that keeps all promises passes, and one
//! that breaks any of them does not.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use futures_util::FutureExt as _;

use super::*;
use crate::id::ApiId;
use crate::provider::ProviderError;
use crate::usage::CallerUse;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    GapIsZero,
    GapHidesCalls,
    WatermarkIsNewestCall,
    WatermarkIsNow,
    RefusedIsNoCall,
    AnyApiCounts,
    OldCallsCount,
    OldCallsAreForgotten,
    FirstInstantIsOutside,
    CallersAreCapped,
    CallersAreNotSorted,
    LastIsFirst,
    AnotherApi,
    LaterCallsCount,
    /// Only of a model that does not know who called, or how often.
    CallsAreNotDoubted,
    /// Only of a model that keeps newest calls.
    LaterCallHidesEarlierOnes,
    LostCallerIsQuiet,
    LostCallerHidesCalls,
}

const BUGS: [Bug; 14] = [
    Bug::GapIsZero,
    Bug::GapHidesCalls,
    Bug::WatermarkIsNewestCall,
    Bug::WatermarkIsNow,
    Bug::RefusedIsNoCall,
    Bug::AnyApiCounts,
    Bug::OldCallsCount,
    Bug::OldCallsAreForgotten,
    Bug::FirstInstantIsOutside,
    Bug::CallersAreCapped,
    Bug::CallersAreNotSorted,
    Bug::LastIsFirst,
    Bug::AnotherApi,
    Bug::LaterCallsCount,
];

/// What the model keeps of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grain {
    /// All of it.
    Call,
    /// How many there were in an hour, as a metric does.
    Hour,
    /// The newest of each caller, as the last use of a key.
    Newest,
}

struct Model {
    bug: Bug,
    grain: Grain,
    api: Api,
    records: Mutex<Records>,
}

fn now() -> Timestamp {
    Period::days(1000).after(Timestamp::UNIX_EPOCH)
}

impl Model {
    fn new(bug: Bug, grain: Grain) -> Self {
        Self {
            bug,
            grain,
            api: Api::new(ApiId::parse("a").unwrap(), "A"),
            records: Mutex::new(Records::default()),
        }
    }

    fn counts(&self, call: &RecordedCall) -> bool {
        (call.ours || self.bug == Bug::AnyApiCounts)
            && (call.status < 400 || self.bug != Bug::RefusedIsNoCall)
    }

    fn inside(&self, call: &RecordedCall, window: Window) -> bool {
        window.contains(call.at)
            && (call.at > window.from || self.bug != Bug::FirstInstantIsOutside)
            || self.bug == Bug::OldCallsCount && call.at < window.from
            || self.bug == Bug::LaterCallsCount && call.at >= window.to
    }

    /// The calls that it remembers.
    fn remembered(&self, mut records: Records) -> Records {
        if self.grain == Grain::Newest {
            let all = records.calls.clone();
            let newer = |one: &RecordedCall, other: &RecordedCall| {
                (&one.caller, one.ours) == (&other.caller, other.ours) && one.at < other.at
            };
            records
                .calls
                .retain(|call| !all.iter().any(|other| newer(call, other)));
        }
        records
    }
}

#[async_trait]
impl UsageSource for Model {
    fn name(&self) -> &str {
        "model"
    }

    fn lag(&self) -> Period {
        Period::minutes(1)
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let records = self.remembered(self.records.lock().unwrap().clone());
        let bug = self.bug;
        let whole = matches!(records.kept.as_slice(),
            [one] if one.from <= window.from && one.to >= window.to);
        let lost = !records.lost.is_empty() && bug != Bug::LostCallerIsQuiet;
        let whole = (whole || bug == Bug::GapIsZero) && !lost;
        let Some(end) = records.kept.iter().map(|kept| kept.to).max() else {
            return Ok(match bug {
                Bug::GapIsZero => Observation::complete(
                    UsageEvidence::new(api.id.clone(), "model", window, 0, None, now()),
                    now(),
                ),
                _ => Observation::unknown("no records"),
            });
        };
        let ours = || records.calls.iter().filter(|call| self.counts(call));
        let calls: Vec<_> = ours().filter(|call| self.inside(call, window)).collect();
        let last = ours()
            .filter(|call| bug != Bug::OldCallsAreForgotten || window.contains(call.at))
            .map(|call| call.at)
            .max();
        let watermark = match bug {
            Bug::WatermarkIsNewestCall => last.unwrap_or(end),
            Bug::WatermarkIsNow => now(),
            _ => end,
        };
        let of = match bug {
            Bug::AnotherApi => ApiId::parse("b").unwrap(),
            _ => api.id.clone(),
        };
        let count = calls.len() as u64;
        let mut value = UsageEvidence::new(of, "model", window, count, last, watermark);
        let mut by: BTreeMap<CallerId, Vec<Timestamp>> = BTreeMap::new();
        for call in &calls {
            by.entry(call.caller.clone()).or_default().push(call.at);
        }
        value.callers = by
            .into_iter()
            .map(|(caller, mut at)| {
                at.sort_unstable();
                let (first, last) = (at[0], at[at.len() - 1]);
                let last = if bug == Bug::LastIsFirst { first } else { last };
                let told = CallerUse::new(caller, at.len() as u64, last);
                match self.grain {
                    Grain::Call | Grain::Hour => told.first_seen_at(first),
                    Grain::Newest => told,
                }
            })
            .collect();
        if bug != Bug::CallersAreNotSorted {
            value
                .callers
                .sort_by_key(|caller| std::cmp::Reverse(caller.requests));
        }
        if bug == Bug::CallersAreCapped {
            value.callers.truncate(10);
        }
        if bug == Bug::GapHidesCalls && !whole || bug == Bug::LostCallerHidesCalls && lost {
            value.requests = 0;
        }
        let doubted = match self.grain {
            Grain::Call => false,
            Grain::Hour => {
                if bug != Bug::CallsAreNotDoubted {
                    value.callers.clear();
                    value.last_seen = last.map(|at| Period::minutes(59).after(at).min(now()));
                }
                count > 0
            }
            Grain::Newest => {
                let later = ours().any(|call| call.at >= window.to);
                count > 0 || later && bug != Bug::LaterCallHidesEarlierOnes
            }
        };
        let whole = whole && (!doubted || bug == Bug::CallsAreNotDoubted);
        Ok(if whole {
            Observation::complete(value, now())
        } else {
            Observation::partial(value, now(), "a gap")
        })
    }
}

#[async_trait]
impl UsageFixture for Model {
    fn source(&self) -> &dyn UsageSource {
        self
    }

    fn api(&self) -> &Api {
        &self.api
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn resolution(&self) -> Period {
        match self.grain {
            Grain::Call | Grain::Newest => Period::ZERO,
            Grain::Hour => Period::hours(1),
        }
    }

    fn tells_callers(&self) -> bool {
        self.grain != Grain::Hour
    }

    fn memory(&self) -> Memory {
        match self.grain {
            Grain::Call | Grain::Hour => Memory::Stretches,
            Grain::Newest => Memory::NewestCalls,
        }
    }

    fn told_as(&self, caller: &CallerId) -> CallerId {
        caller.clone()
    }

    async fn record(&self, records: Records) -> Result<(), Box<dyn Error + Send + Sync>> {
        *self.records.lock().unwrap() = records;
        Ok(())
    }
}

#[tokio::test]
async fn a_source_that_keeps_all_promises_passes() {
    for (grain, cases) in [(Grain::Call, 18), (Grain::Hour, 18), (Grain::Newest, 13)] {
        let ran = usage(&Model::new(Bug::None, grain)).await.unwrap();
        assert_eq!(ran, cases, "{grain:?}");
    }
}

#[tokio::test]
async fn a_source_that_breaks_any_promise_is_found() {
    // A metric tells no callers, so that it can not tell wrong ones.
    let of_callers = [
        Bug::CallersAreCapped,
        Bug::CallersAreNotSorted,
        Bug::LastIsFirst,
    ];
    // Of newest calls no stretch is missing, and none is told twice.
    let of_stretches = [
        Bug::GapIsZero,
        Bug::GapHidesCalls,
        Bug::WatermarkIsNow,
        Bug::CallersAreNotSorted,
        Bug::LastIsFirst,
    ];
    let of_newest_calls = [
        Bug::CallsAreNotDoubted,
        Bug::LaterCallHidesEarlierOnes,
        Bug::LostCallerIsQuiet,
        Bug::LostCallerHidesCalls,
    ];
    let models = BUGS
        .iter()
        .map(|bug| Model::new(*bug, Grain::Call))
        .chain(
            BUGS.iter()
                .filter(|bug| !of_callers.contains(bug))
                .chain(&[Bug::CallsAreNotDoubted])
                .map(|bug| Model::new(*bug, Grain::Hour)),
        )
        .chain(
            BUGS.iter()
                .filter(|bug| !of_stretches.contains(bug))
                .chain(&of_newest_calls)
                .map(|bug| Model::new(*bug, Grain::Newest)),
        );
    for model in models {
        let outcome = AssertUnwindSafe(usage(&model)).catch_unwind().await;
        assert!(
            outcome.is_err(),
            "{:?} {:?} is not found",
            model.bug,
            model.grain
        );
    }
}
