//! How long proposals to many repositories take, under GitHub's limits.

use std::fmt;
use std::time::Duration;

use deprovision_core::provider::Pace;
use deprovision_core::time::Period;

use crate::change::CALLS_OF_A_PROPOSAL;
use crate::client::{Ledger, Limits};

/// What a plan of many pull requests takes, by GitHub's published limits: for whoever
/// approves it.
///
/// It counts the calls of a repository in which nothing was proposed yet and whose files
/// are text. Fetching and searching, and the answers themselves, come on top.
///
/// ```
/// use deprovision_github::{Estimate, Limits};
/// let plan = Estimate::of_proposals(200, &Limits::default());
/// println!("{plan}");
/// assert_eq!(plan.writes, 1200);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Estimate {
    /// How many repositories.
    pub repositories: u64,
    /// Calls altogether.
    pub calls: u64,
    /// Those that write.
    pub writes: u64,
    /// Points of the rate limit.
    pub points: u64,
    /// From the first call to the last.
    pub takes: Period,
}

impl Estimate {
    /// One pull request in each of so many repositories.
    #[must_use]
    pub fn of_proposals(repositories: u64, limits: &Limits) -> Self {
        let mut ledger = Ledger::default();
        let (mut now, mut writes, mut points) = (Duration::ZERO, 0, 0);
        for _ in 0..repositories {
            for call in CALLS_OF_A_PROPOSAL {
                now = ledger.turn(call, limits, now);
                ledger.spend(call, now);
                writes += u64::from(call.is_write());
                points += u64::from(call.points());
            }
        }
        Self {
            repositories,
            calls: repositories * CALLS_OF_A_PROPOSAL.len() as u64,
            writes,
            points,
            takes: Period::seconds(now.as_secs() + u64::from(now.subsec_nanos() > 0)),
        }
    }

    /// The same for a plan.
    pub(crate) fn pace(&self) -> Pace {
        let limits = format!(
            "GitHub's limits: {} pull requests are {} calls, {} of them writes, {} points",
            self.repositories, self.calls, self.writes, self.points
        );
        Pace::new(self.takes, limits)
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pace().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_repositories_stay_within_githubs_limits_and_the_plan_says_how_long() {
        let plan = Estimate::of_proposals(200, &Limits::default());
        // Six writes a repository, of which four make content: a ref, a pull request,
        // labels and reviewers. 800 of them are two hours at 500 an hour.
        assert_eq!((plan.calls, plan.writes, plan.points), (1800, 1200, 6600));
        let hour = 3600;
        assert!(
            (hour..2 * hour).contains(&plan.takes.as_seconds()),
            "{plan}"
        );
        assert!(plan.to_string().contains("at least 1 h"), "{plan}");
    }

    #[test]
    fn no_repositories_take_no_time() {
        let plan = Estimate::of_proposals(0, &Limits::default());
        assert_eq!((plan.calls, plan.takes), (0, Period::ZERO));
    }
}
