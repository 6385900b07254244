//! A report that is asked about many APIs.

use std::collections::BTreeMap;

use super::evidence::evidence;
use super::source::Source;
use crate::catalog::Api;
use crate::observation::Observation;
use crate::time::{Period, Timestamp, Window};
use crate::usage::{Days, SourceCoverage, UsageEvidence, UsageReport};

/// A report with its shards put together by source, once for all APIs: what all
/// sources cover costs the same for one API and for a hundred thousand.
#[derive(Debug)]
pub struct AskedReport<'a> {
    /// Each source, with what is missing of the period for any API.
    sources: Vec<(Source<'a>, Vec<String>)>,
    since: Timestamp,
    /// Until when it is asked; `None` is until each source was read.
    until: Option<Timestamp>,
    max_gap: Period,
    unreadable: u64,
}

impl UsageReport {
    /// The report, to be asked about the time from `since` on. A source without any
    /// line for longer than `max_gap`, or with more than `unreadable` lines that may
    /// be calls of anything, is incomplete.
    #[must_use]
    pub fn asked_since(
        &self,
        since: Timestamp,
        max_gap: Period,
        unreadable: u64,
    ) -> AskedReport<'_> {
        AskedReport::of(self, since, None, max_gap, unreadable)
    }

    /// The report, to be asked about one window. A source without any line for longer
    /// than `max_gap`, or with any line that may be a call of anything, is incomplete.
    ///
    /// What was counted can not be taken apart: the shards must be of readings of that
    /// window ([`Shard::window`](crate::usage::Shard::window)), or the evidence is about
    /// a longer one.
    #[must_use]
    pub fn asked_about(&self, window: Window, max_gap: Period) -> AskedReport<'_> {
        AskedReport::of(self, window.from, Some(window.to), max_gap, 0)
    }
}

impl<'a> AskedReport<'a> {
    fn of(
        report: &'a UsageReport,
        since: Timestamp,
        until: Option<Timestamp>,
        max_gap: Period,
        unreadable: u64,
    ) -> Self {
        let mut asked = Self {
            sources: Vec::new(),
            since,
            until,
            max_gap,
            unreadable,
        };
        for source in Source::all(report) {
            let missing = source.missing(asked.window(&source), max_gap, unreadable);
            asked.sources.push((source, missing));
        }
        asked
    }

    /// The window that the source is asked about.
    fn window(&self, source: &Source<'_>) -> Window {
        Window::new(self.since, self.until.unwrap_or(source.read_at))
    }

    /// What each source says about the API, as [`UsageReport::evidence`] does.
    #[must_use]
    pub fn evidence(&self, api: &Api) -> Vec<Observation<UsageEvidence>> {
        self.sources
            .iter()
            .map(|(source, missing)| evidence(source, missing, api, self.window(source)))
            .collect()
    }

    /// What each source covers, in the order of their names.
    #[must_use]
    pub fn coverage(&self) -> Vec<SourceCoverage> {
        self.sources
            .iter()
            .map(|(source, missing)| {
                SourceCoverage::of(source, missing.clone(), self.window(source), self.max_gap)
            })
            .collect()
    }

    /// The days of the window, in order, of which every source has every hour: it
    /// wrote before the day began and after it ended, and never paused for too long.
    /// None at all when a source may have lines that nobody can put on a day: files
    /// that could not be read, lines of an unknown time, a clock that was wrong.
    #[must_use]
    pub fn complete_days(&self, window: Window) -> Vec<i32> {
        let placeless = |source: &Source<'_>| {
            source.shards.iter().any(|shard| !shard.missing.is_empty())
                || source.future() > 0
                || source.unreadable_undated > self.unreadable
        };
        if self.sources.is_empty() || self.sources.iter().any(|(source, _)| placeless(source)) {
            return Vec::new();
        }
        (Days::of(window.from)..=Days::of(window.to))
            .filter(|day| {
                let day = Window::new(Days::start(*day), Days::start(day.saturating_add(1)));
                day.from >= window.from
                    && day.to <= window.to
                    && self
                        .sources
                        .iter()
                        .all(|(source, _)| is_complete(source, day, self.max_gap))
            })
            .collect()
    }

    /// On each day of the window, how many lines may be calls of any API. Lines that
    /// are known to lie in one stretch of several days are spread over it evenly.
    #[must_use]
    pub fn unreadable_by_day(&self, window: Window) -> BTreeMap<i32, u64> {
        let mut by_day = BTreeMap::new();
        let stretches = self
            .sources
            .iter()
            .flat_map(|(source, _)| source.unreadable.iter());
        for (from, to, count) in stretches {
            // The last moment is inside, so that one moment has a length.
            let length = Period::between(from, to).as_seconds().saturating_add(1);
            let to = Period::seconds(1).after(to);
            for day in Days::of(from.max(window.from))..=Days::of(to.min(window.to)) {
                let begin = Days::start(day).max(from);
                let end = Days::start(day.saturating_add(1)).min(to);
                let part = Period::between(begin, end).as_seconds();
                let share = (u128::from(count) * u128::from(part)).div_ceil(u128::from(length));
                let sum: &mut u64 = by_day.entry(day).or_default();
                *sum = sum.saturating_add(u64::try_from(share).unwrap_or(u64::MAX));
            }
        }
        by_day.retain(|_, count| *count > 0);
        by_day
    }
}

fn is_complete(source: &Source<'_>, day: Window, max_gap: Period) -> bool {
    let asked = source
        .window
        .is_none_or(|window| window.from <= day.from && day.to <= window.to);
    let outlived = source.seen.last().is_some_and(|last| last >= day.to);
    asked && outlived && source.read_at >= day.to && source.seen.gaps(day, max_gap).is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::{Input, Shard};

    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A log with a line each ten minutes for ten days, without those of some time.
    fn log(name: &str, without: std::ops::Range<i64>) -> Shard {
        let input = Input::new(name, name.as_bytes(), 1);
        let mut shard = Shard::new(name, vec![input], None, at(10 * DAY)).unwrap();
        for second in (0..10 * DAY).step_by(600) {
            if !without.contains(&second) {
                shard.seen.insert(at(second), at(second), 1);
            }
        }
        shard
    }

    fn days(shards: &[Shard]) -> Vec<i32> {
        let mut report = UsageReport::default();
        for shard in shards {
            report.merge(UsageReport::of(shard.clone())).unwrap();
        }
        let asked = report.asked_since(at(0), Period::hours(1), 0);
        asked.complete_days(Window::new(at(-5 * DAY), at(20 * DAY)))
    }

    #[test]
    fn a_day_is_complete_when_every_source_has_all_of_it() {
        let whole = log("a", 0..0);
        // Of the last day the log may have more than was read.
        assert_eq!(
            days(std::slice::from_ref(&whole)),
            [0, 1, 2, 3, 4, 5, 6, 7, 8]
        );
        let pause = log("b", 4 * DAY + 600..4 * DAY + 6_000);
        assert_eq!(days(&[whole.clone(), pause]), [0, 1, 2, 3, 5, 6, 7, 8]);
        let late = log("b", 0..DAY + 1);
        assert_eq!(days(&[whole.clone(), late]), [2, 3, 4, 5, 6, 7, 8]);
        let ends = log("b", 5 * DAY..10 * DAY);
        assert_eq!(days(&[whole.clone(), ends]), [0, 1, 2, 3]);
        let mut part = log("b", 0..0);
        part.window = Some(Window::new(at(2 * DAY), at(4 * DAY)));
        assert_eq!(days(&[whole, part]), [2, 3]);
        assert!(days(&[]).is_empty());
    }

    #[test]
    fn i_9_no_day_is_complete_when_a_line_may_be_of_any_day() {
        let changes: [&dyn Fn(&mut Shard); 3] = [
            &|shard| shard.missing.push("log.2 is damaged".into()),
            &|shard| shard.future = 1,
            &|shard| shard.malformed.unreadable_undated = 1,
        ];
        for change in changes {
            let mut shard = log("a", 0..0);
            change(&mut shard);
            assert!(days(&[shard]).is_empty());
        }
    }

    #[test]
    fn unreadable_lines_that_are_borne_with_are_not_missing() {
        let mut shard = log("a", 0..0);
        shard.malformed.unreadable.insert(at(5), at(5), 2);
        let report = UsageReport::of(shard);
        let missing = |borne| {
            let asked = report.asked_since(at(0), Period::hours(1), borne);
            asked.coverage().remove(0).missing
        };
        assert!(missing(1).join("").contains("2 malformed lines"));
        assert_eq!(missing(2), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn unreadable_lines_are_spread_over_their_days_and_none_is_lost(
            stretches in prop::collection::vec((0i64..5 * DAY, 0i64..2 * DAY, 1u64..50), 0..5),
        ) {
            let mut shard = log("a", 0..0);
            for (from, length, count) in &stretches {
                shard.malformed.unreadable.insert(at(*from), at(from + length), *count);
            }
            let report = UsageReport::of(shard);
            let asked = report.asked_since(at(0), Period::hours(1), 0);
            let by_day = asked.unreadable_by_day(Window::new(at(0), at(10 * DAY)));
            let all: u64 = stretches.iter().map(|(_, _, count)| count).sum();
            let spread: u64 = by_day.values().sum();
            // Each part is rounded up.
            prop_assert!((all..=all + 15).contains(&spread), "{} of {}", spread, all);
        }
    }
}
