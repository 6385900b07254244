//! What an audit takes for a finding: the thresholds, their defaults and why.

use serde::{Deserialize, Serialize};

use crate::policy::Percent;
use crate::time::Period;
use crate::usage::VerdictRule;

/// What an audit takes for a finding, and which evidence is
/// good enough to say so. The table `[audit]` of a policy.
///
/// ```
/// use deprovision_core::policy::{Percent, Policy};
/// let text = "[audit]\nidle_after = \"30d\"\n[audit.trend]\ndecline = \"50%\"\n";
/// let policy = Policy::from_toml("policy.toml", text)?;
/// assert_eq!(policy.audit.trend.decline, Percent::new(50));
/// # Ok::<(), deprovision_core::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditPolicy {
    /// Nobody called for this long: idle, or unused if there never was a call.
    /// Default 90 d, so that a quarterly job is seen. The logs must reach back as
    /// far: with less than that nothing is idle, and all that is silent is unknown.
    pub idle_after: Period,
    /// The longest time without any line in a log before the log counts as
    /// incomplete. Default 1 h: a busy gateway writes each second, and one that is
    /// silent for an hour was probably not writing. Longer for a log that is quiet at
    /// night; at most a day.
    pub max_gap: Period,
    /// How long ago the logs may have been read. Default 1 d: an audit that runs each
    /// night.
    pub max_age: Period,
    /// How far the last line may lie before the moment of reading. Default 1 h, as
    /// `usage_lag`.
    pub lag: Period,
    /// How many lines of a source may be unreadable in the period before its silence
    /// says nothing. Default 0: each of them may be the one call.
    pub unreadable: u64,
    /// From how long after its sunset on what is not retired is grave. Default 30 d:
    /// a date that slips by weeks is usual, one that is forgotten is not.
    pub overdue_after: Period,
    /// The share of the calls of an API and its successor that the successor must have
    /// for the API to be superseded. Default 80%: most callers moved, and those who
    /// did not can be asked one by one.
    pub successor_share: Percent,
    /// What a decline is.
    pub trend: TrendPolicy,
    /// What a shadow API is.
    pub shadow: ShadowPolicy,
    /// What two APIs that do one job are.
    pub similar: SimilarPolicy,
}

impl Default for AuditPolicy {
    fn default() -> Self {
        Self {
            idle_after: Period::days(90),
            max_gap: Period::hours(1),
            max_age: Period::days(1),
            lag: Period::hours(1),
            unreadable: 0,
            overdue_after: Period::days(30),
            successor_share: Percent::new(80),
            trend: TrendPolicy::default(),
            shadow: ShadowPolicy::default(),
            similar: SimilarPolicy::default(),
        }
    }
}

impl AuditPolicy {
    /// When an API counts as idle, by these thresholds.
    #[must_use]
    pub fn verdict_rule(&self) -> VerdictRule {
        let mut rule = VerdictRule::new(self.idle_after);
        rule.max_age = self.max_age;
        rule.lag = self.lag;
        rule
    }
}

/// What a decline is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrendPolicy {
    /// How far back the daily counts are looked at. Default 84 d: twelve of each
    /// weekday, one quarter. At most a year, as older days say little about now.
    pub over: Period,
    /// How many of each weekday there must be, each day covered by every source.
    /// Default 4, which is also the least: with three, no order of the days is rare
    /// enough to be more than chance.
    pub weeks: u32,
    /// How sure it must be that the counts fall: one minus the two-sided p-value.
    /// Default 95%, the usual.
    pub confidence: Percent,
    /// By how much the calls must have fallen from the first day to the last. Default
    /// 30%: less is sure often, and matters rarely.
    pub decline: Percent,
}

impl Default for TrendPolicy {
    fn default() -> Self {
        Self {
            over: Period::days(84),
            weeks: 4,
            confidence: Percent::new(95),
            decline: Percent::new(30),
        }
    }
}

/// What a shadow API is: one that answers and that the catalog does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ShadowPolicy {
    /// How many requests a path must have. Default 10: a mistyped address is tried a
    /// few times, a client calls again and again. What is below is counted.
    pub min_requests: u64,
}

impl Default for ShadowPolicy {
    fn default() -> Self {
        Self { min_requests: 10 }
    }
}

/// What two APIs that do one job are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SimilarPolicy {
    /// The share of all their operations that both must have. Default 80%: a copy with
    /// a few operations more or less.
    pub operations: Percent,
    /// The share of all their property names that both must have, where the
    /// descriptions of both have them. Default 50%: copies drift in their fields first.
    pub schemas: Percent,
    /// How many operations each must have. Default 3: half of all services have the
    /// same `GET /health`.
    pub min_operations: u32,
}

impl Default for SimilarPolicy {
    fn default() -> Self {
        Self {
            operations: Percent::new(80),
            schemas: Percent::new(50),
            min_operations: 3,
        }
    }
}

impl AuditPolicy {
    /// The first field that can not mean what it says, and what to write.
    pub(super) fn mistake(&self) -> Option<(&'static str, &'static str)> {
        let day = Period::days(1);
        // The day of the reading is never whole, and the day before not always.
        let weeks = Period::days(7 * u64::from(self.trend.weeks) + 1);
        let rules = [
            (
                self.idle_after < day,
                "audit.idle_after",
                "write a day or more; 90d sees a quarterly job",
            ),
            (
                self.max_gap == Period::ZERO || self.max_gap > day,
                "audit.max_gap",
                "[I-9] write at most 1d, and more than nothing; the default is 1h",
            ),
            (
                self.max_age == Period::ZERO || self.max_age > Period::days(7),
                "audit.max_age",
                "[I-9] write at most 7d, and more than nothing; the default is 1d",
            ),
            (
                self.lag == Period::ZERO || self.lag > day,
                "audit.lag",
                "[I-9] write at most 1d, and more than nothing; the default is 1h",
            ),
            (
                self.successor_share <= Percent::new(50),
                "audit.successor_share",
                "write more than half, up to 100%; the default is 80%",
            ),
            (
                self.trend.weeks < 4,
                "audit.trend.weeks",
                "fewer weeks show nothing but chance; write 4 or more",
            ),
            (
                self.trend.over < weeks || self.trend.over > Period::days(366),
                "audit.trend.over",
                "write at least a day more than audit.trend.weeks, and at most 366d",
            ),
            (
                !(80..=99).contains(&self.trend.confidence.hundredths()),
                "audit.trend.confidence",
                "write 80% to 99%; the default is 95%",
            ),
            (
                self.trend.decline == Percent::NONE,
                "audit.trend.decline",
                "write 1% or more; the default is 30%",
            ),
            (
                self.shadow.min_requests == 0,
                "audit.shadow.min_requests",
                "write 1 to be told of every request; the default is 10",
            ),
            (
                self.similar.operations < Percent::new(50),
                "audit.similar.operations",
                "write 50% or more; the default is 80%",
            ),
            (
                self.similar.min_operations == 0,
                "audit.similar.min_operations",
                "write 1 or more; the default is 3",
            ),
        ];
        rules
            .into_iter()
            .find(|(is_wrong, _, _)| *is_wrong)
            .map(|(_, field, message)| (field, message))
    }
}
