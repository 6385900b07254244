//! What is told of every API, whether there is a finding about it or not.

use serde::{Deserialize, Serialize};

use crate::catalog::Lifecycle;
use crate::id::{ApiId, CallerId, PersonId};
use crate::policy::Percent;
use crate::time::Timestamp;
use crate::usage::{Days, Verdict};

/// Whether an API is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever decides by it must decide for each of them, unknown above all"
)]
pub enum Use {
    /// Somebody called within the period.
    InUse,
    /// Nobody called within the period, and somebody did before.
    Idle,
    /// No source has any call at all.
    NeverSeen,
    /// It can not be told.
    Unknown,
}

impl From<&Verdict> for Use {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::InUse { .. } => Self::InUse,
            Verdict::Idle { .. } => Self::Idle,
            Verdict::NeverSeen { .. } => Self::NeverSeen,
            Verdict::Unknown { .. } => Self::Unknown,
        }
    }
}

/// One API in an audit. The counts are over all that was read, and a request that two
/// sources saw counts twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ApiSummary {
    /// Which.
    pub api: ApiId,
    /// Its name for people.
    pub title: String,
    /// Where it is in its life, by the catalog.
    pub lifecycle: Lifecycle,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PersonId>,
    /// Whether it is used.
    pub verdict: Use,
    /// Requests of consumers.
    pub requests: u64,
    /// Requests of bots that say what they are.
    pub bots: u64,
    /// Requests of health checks.
    pub health_checks: u64,
    /// The last request of a consumer whose time is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// How many consumers there are, as far as they are listed.
    pub callers: u64,
    /// The busiest of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top_callers: Vec<CallerSummary>,
    /// Requests of consumers on each day of the period. A day without any is missing,
    /// and means nothing where the sources do not cover it.
    #[serde(default, skip_serializing_if = "Days::is_empty")]
    pub days: Days,
    /// How the daily counts change, where enough whole days say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

impl ApiSummary {
    /// How many of the busiest callers are told.
    pub const TOP_CALLERS: usize = 10;
}

/// A caller of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CallerSummary {
    /// Who.
    pub caller: CallerId,
    /// How often.
    pub requests: u64,
    /// When last; nothing when all its requests are of unknown time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

impl CallerSummary {
    /// A caller's requests.
    #[must_use]
    pub fn new(caller: CallerId, requests: u64, last_seen: Option<Timestamp>) -> Self {
        Self {
            caller,
            requests,
            last_seen,
        }
    }
}

/// How daily counts change over some whole days: a [`Trend`](crate::audit::Trend) in
/// whole hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Change {
    /// From the first day to the last, in hundredths of the first: -50 is half as much.
    pub percent: i64,
    /// How sure it is that there is any change, rounded down.
    pub confidence: Percent,
    /// How many days were looked at.
    pub days: u64,
}
