//! What sums over periods say about a window. Pure.

use deprovision_core::time::{Period, Timestamp, Window};

/// A sum over one period, as CloudWatch keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sum {
    /// When the period begins.
    pub(crate) at: Timestamp,
    /// How long it is.
    pub(crate) length: Period,
    /// The sum.
    pub(crate) calls: u64,
}

impl Sum {
    fn end(&self) -> Timestamp {
        self.length.after(self.at)
    }

    /// The latest moment of whole seconds at which one of its calls may have been.
    fn latest(&self) -> Timestamp {
        Period::seconds(1).before(self.end()).max(self.at)
    }
}

/// What is known of a window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The calls in every period that touches the window.
    pub(crate) requests: u64,
    /// The latest moment at which the newest call may have been.
    pub(crate) last_seen: Option<Timestamp>,
    /// Up to when something was recorded; `None` when nothing was.
    pub(crate) watermark: Option<Timestamp>,
    /// Where nothing was recorded, if anywhere in the window.
    pub(crate) gap: Option<Window>,
}

/// Judges the window at `now`: `ours` and `control` in any order; where neither has a
/// sum for longer than `bridge`, nothing is known. What lies less than `lag` before
/// now may still come.
pub(crate) fn judge(
    window: Window,
    now: Timestamp,
    ours: &[Sum],
    control: &[Sum],
    bridge: Period,
    lag: Period,
) -> Judged {
    let touching = |sum: &&Sum| sum.at < window.to && sum.end() > window.from;
    let requests = ours
        .iter()
        .filter(touching)
        .fold(0u64, |total, sum| total.saturating_add(sum.calls));
    let last_seen = ours
        .iter()
        .filter(|sum| sum.calls > 0)
        .map(|sum| sum.latest().min(now))
        .max();
    let mut recorded: Vec<&Sum> = ours.iter().chain(control).filter(touching).collect();
    recorded.sort_by_key(|sum| sum.at);
    let watermark = recorded.iter().map(|sum| sum.end().min(now)).max();
    let reach = window.to.min(lag.before(now));
    let mut known = window.from;
    let mut gap = None;
    for sum in &recorded {
        // What is later than that may still come.
        if known < reach && sum.at > bridge.after(known) {
            gap.get_or_insert(Window::new(known, sum.at.min(reach)));
        }
        known = known.max(sum.end());
    }
    if known < reach {
        gap.get_or_insert(Window::new(known, reach));
    }
    Judged {
        requests,
        last_seen,
        watermark,
        gap,
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    fn at(minutes: u64) -> Timestamp {
        Period::minutes(minutes).after(Timestamp::UNIX_EPOCH)
    }

    fn sum(minutes: u64, calls: u64) -> Sum {
        Sum {
            at: at(minutes),
            length: Period::minutes(5),
            calls,
        }
    }

    fn judged(ours: &[Sum], control: &[Sum], bridge: u64) -> Judged {
        let window = Window::new(at(100), at(200));
        judge(
            window,
            at(200),
            ours,
            control,
            Period::minutes(bridge),
            Period::minutes(20),
        )
    }

    #[test]
    fn i_9_without_any_sum_nothing_is_known() {
        let nothing = judged(&[], &[], 10);
        assert_eq!(nothing.watermark, None);
        assert_eq!(nothing.gap, Some(Window::new(at(100), at(180))));
    }

    #[test]
    fn a_control_makes_missing_sums_zero_and_its_own_gap_is_a_gap() {
        let every_ten: Vec<Sum> = (90..200).step_by(10).map(|m| sum(m, 1)).collect();
        let quiet = judged(&[], &every_ten, 10);
        assert_eq!(
            (quiet.requests, quiet.gap, quiet.last_seen),
            (0, None, None)
        );
        assert_eq!(quiet.watermark, Some(at(195)));
        let holed: Vec<Sum> = every_ten
            .iter()
            .filter(|s| s.at != at(150))
            .copied()
            .collect();
        assert_eq!(
            judged(&[], &holed, 10).gap,
            Some(Window::new(at(145), at(160)))
        );
    }

    #[test]
    fn what_may_still_come_is_no_gap() {
        let until = |end: u64| {
            (100..end)
                .step_by(5)
                .map(|m| sum(m, 0))
                .chain([sum(195, 1)])
        };
        assert_eq!(judged(&until(180).collect::<Vec<_>>(), &[], 0).gap, None);
        let gap = judged(&until(175).collect::<Vec<_>>(), &[], 0).gap;
        assert_eq!(gap, Some(Window::new(at(175), at(180))));
    }

    #[test]
    fn a_call_is_told_at_the_end_of_its_period_and_never_after_now() {
        assert_eq!(judged(&[sum(110, 3)], &[], 0).requests, 3);
        let last = judged(&[sum(110, 3)], &[], 0).last_seen;
        assert_eq!(last, Some(Period::seconds(299).after(at(110))));
        assert_eq!(judged(&[sum(198, 1)], &[], 0).last_seen, Some(at(200)));
        assert_eq!(judged(&[sum(110, 0)], &[], 0).last_seen, None);
    }

    #[test]
    fn a_period_that_begins_before_the_window_and_reaches_into_it_counts() {
        assert_eq!(judged(&[sum(98, 2), sum(95, 1)], &[], 0).requests, 2);
    }

    proptest! {
        #[test]
        fn a_window_is_whole_only_if_no_moment_is_far_from_every_sum(
            minutes in proptest::collection::vec(0u64..260, 0..60), bridge in 0u64..30
        ) {
            let sums: Vec<Sum> = minutes.iter().map(|m| sum(*m, 1)).collect();
            let whole = judged(&[], &sums, bridge).gap.is_none();
            // Each minute of the window that counts is in a sum, or between two of
            // them (or the beginning and one) that are near enough.
            let covered = |minute: u64| {
                let before = sums.iter().filter(|s| s.at <= at(minute) && s.at < at(200))
                    .filter(|s| s.end() > at(100)).map(Sum::end).max()
                    .map_or(at(100), |end| end.max(at(100)));
                let next = sums.iter().filter(|s| s.at > at(minute) && s.at < at(200)).map(|s| s.at).min();
                before > at(minute)
                    || next.is_some_and(|next| next <= Period::minutes(bridge).after(before))
            };
            prop_assert_eq!(whole, (100..180).all(covered));
        }
    }
}
