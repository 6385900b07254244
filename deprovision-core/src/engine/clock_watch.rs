//! Noticing that the wall clock was set forward (invariant I-21).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::id::RetirementId;
use crate::time::{Clock, Period, Timestamp};

/// Less than this between the two clocks is no step: time servers slew.
const TOLERANCE: Duration = Duration::from_secs(60);

/// Compares the wall clock with the monotonic one.
///
/// Only steps that happen while this process lives can be seen: the monotonic
/// clock of another process says nothing. A machine that slept looks like a step,
/// which lengthens waits and never shortens one.
#[derive(Debug)]
pub(super) struct ClockWatch {
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    wall: Timestamp,
    monotonic: Duration,
    steps: Vec<(Timestamp, Period)>,
    noted: BTreeMap<RetirementId, usize>,
}

impl ClockWatch {
    pub(super) fn starting(clock: &dyn Clock) -> Self {
        Self {
            seen: Mutex::new(Seen {
                wall: clock.now(),
                monotonic: clock.monotonic(),
                steps: Vec::new(),
                noted: BTreeMap::new(),
            }),
        }
    }

    /// The steps since a retirement was last asked about, if it existed then.
    pub(super) fn steps_for(
        &self,
        clock: &dyn Clock,
        retirement: &RetirementId,
        proposed_at: Timestamp,
    ) -> Vec<Period> {
        // Plain values: a poisoned lock still holds a valid reading.
        let mut seen = self.seen.lock().unwrap_or_else(|p| p.into_inner());
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let passed = monotonic.saturating_sub(seen.monotonic);
        if let Ok(shown) = Duration::try_from(wall.duration_since(seen.wall)) {
            let ahead = shown.saturating_sub(passed);
            if ahead > TOLERANCE {
                seen.steps.push((wall, Period::seconds(ahead.as_secs())));
            }
        }
        (seen.wall, seen.monotonic) = (wall, monotonic);
        let known = seen.steps.len();
        let noted = seen.noted.insert(retirement.clone(), known).unwrap_or(0);
        let new = seen.steps.get(noted..).unwrap_or_default();
        new.iter()
            .filter(|(at, _)| proposed_at < *at)
            .map(|(_, by)| *by)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    #[test]
    fn i_21_a_step_is_seen_once_by_each_and_time_that_passes_is_none() {
        let start = Timestamp::UNIX_EPOCH;
        let clock = ManualClock::starting_at(start);
        let watch = ClockWatch::starting(&clock);
        let [a, b] = ["a", "b"].map(|id| RetirementId::parse(id).unwrap());
        clock.advance(Period::days(30));
        assert!(watch.steps_for(&clock, &a, start).is_empty());
        clock.step_to(Period::days(50).after(start));
        assert_eq!(watch.steps_for(&clock, &a, start), [Period::days(20)]);
        assert!(watch.steps_for(&clock, &a, start).is_empty());
        assert_eq!(watch.steps_for(&clock, &b, start), [Period::days(20)]);
        // A retirement that is proposed afterwards has nothing to make up for.
        let c = RetirementId::parse("c").unwrap();
        assert!(watch.steps_for(&clock, &c, clock.now()).is_empty());
        clock.step_to(start);
        assert!(watch.steps_for(&clock, &a, start).is_empty());
    }
}
