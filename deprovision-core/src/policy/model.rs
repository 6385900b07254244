//! The policy's fields, their defaults and why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::permit::ApprovalRule;
use crate::policy::AuditPolicy;
use crate::time::{Period, Timestamp};

/// What the organisation demands. Written as TOML, read by [`Policy::from_toml`];
/// a field that is left out has the default below.
///
/// A retirement keeps the policy it was proposed with: changing the file never
/// changes a run in flight.
///
/// ```
/// use deprovision_core::{policy::Policy, time::Period};
/// let policy = Policy::from_toml("policy.toml", "notice = \"60d\"\n[limits]\ncredentials = 5\n")?;
/// assert_eq!(policy.notice, Period::days(60));
/// assert_eq!(policy.soak, Period::days(14));
/// # Ok::<(), deprovision_core::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// A leaked key: skip notice and brown-out, never approval, evidence or
    /// verification. Default `false`; see [`Policy::emergency`].
    pub emergency: bool,
    /// How long before closure every known consumer must have been told
    /// (invariant I-22). Default 30 d: shorter than any calendar we know of a
    /// public API, so set it longer for those.
    pub notice: Period,
    /// How long each brown-out lasts, in order. Default 1 h, then 4 h: Snyk's
    /// and GitHub's calendars escalate like this.
    pub brown_outs: Vec<Period>,
    /// How long to wait after a brown-out for complaints. Default 1 d.
    pub brown_out_gap: Period,
    /// How long before each brown-out people are told of it. Default 1 d.
    pub brown_out_warning: Period,
    /// How many days before the promised end people are reminded; who still calls at
    /// the last one gets a last call instead. Default 30, 7 and 1. One that would come
    /// before the announcement is left out.
    pub reminder_days: BTreeSet<u32>,
    /// Who called within this long before the plan was made counts as a consumer
    /// who must be told. Default 90 d, so that a quarterly job is seen.
    pub consumer_window: Period,
    /// Nobody may have called for so long before the path is closed. Default 7 d,
    /// so that a weekly job is seen.
    pub quiet_before_close: Period,
    /// How long the path stays closed before the first credential is disabled. Default 1 d.
    pub close_soak: Period,
    /// How long credentials stay disabled, and nobody calls, before anything
    /// irreversible (invariant I-3). Default 14 d.
    pub soak: Period,
    /// How old a usage reading may be when something irreversible begins
    /// (invariant I-8). Default 15 min.
    pub usage_max_age: Period,
    /// How far a usage source may lie behind. Default 1 h.
    pub usage_lag: Period,
    /// When to look again after traffic or an unknown usage held a step. Default 1 d.
    pub usage_recheck: Period,
    /// Who must approve the plan. Default: one person, never the proposer.
    pub approve_plan: ApprovalRule,
    /// Who must approve each irreversible step (invariant I-7). Default: two people.
    pub approve_destruction: ApprovalRule,
    /// How long an approval may be used (invariant I-7). Default 72 h.
    pub approval_expiry: Period,
    /// Who must agree that a grant may stay (invariant I-6). Default: one person,
    /// never the proposer.
    pub approve_waiver: ApprovalRule,
    /// The longest a waiver of a grant may count before it has to be given again
    /// (invariant I-6). Default 90 d, as long as the watch: whoever lets a grant stay
    /// says so once a quarter. Nothing means that there are no waivers.
    pub waiver_expiry: Period,
    /// The longest an objection may hold a retirement before it has to be raised
    /// again. Default 90 d.
    pub objection_expiry: Period,
    /// How long a change may wait for its review before the run is parked. Default 30 d.
    pub review_patience: Period,
    /// How often to look whether a change was merged. Default 1 h.
    pub review_recheck: Period,
    /// How much at once (invariant I-12).
    pub limits: Limits,
    /// How often to try again (invariant I-17).
    pub retry: Retry,
    /// When nothing may be changed.
    pub freezes: Vec<FreezeWindow>,
    /// What is looked at after retirement.
    pub watch: Watch,
    /// What an audit takes for a finding.
    pub audit: AuditPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            emergency: false,
            notice: Period::days(30),
            brown_outs: vec![Period::hours(1), Period::hours(4)],
            brown_out_gap: Period::days(1),
            brown_out_warning: Period::days(1),
            reminder_days: BTreeSet::from([30, 7, 1]),
            consumer_window: Period::days(90),
            quiet_before_close: Period::days(7),
            close_soak: Period::days(1),
            soak: Period::days(14),
            usage_max_age: Period::minutes(15),
            usage_lag: Period::hours(1),
            usage_recheck: Period::days(1),
            approve_plan: ApprovalRule::people(1),
            approve_destruction: ApprovalRule::people(2),
            approval_expiry: Period::hours(72),
            approve_waiver: ApprovalRule::people(1),
            waiver_expiry: Period::days(90),
            objection_expiry: Period::days(90),
            review_patience: Period::days(30),
            review_recheck: Period::hours(1),
            limits: Limits::default(),
            retry: Retry::default(),
            freezes: Vec::new(),
            watch: Watch::default(),
            audit: AuditPolicy::default(),
        }
    }
}

impl Policy {
    /// The emergency profile of a policy, for a leaked key: no notice, no
    /// brown-out, no wait for callers to leave before the path is closed and the
    /// credentials are disabled. Everything irreversible keeps its soak, its
    /// quiet, its approvals, its evidence and its verification.
    #[must_use]
    pub fn emergency(&self) -> Self {
        Self {
            emergency: true,
            notice: Period::ZERO,
            brown_outs: Vec::new(),
            reminder_days: BTreeSet::new(),
            quiet_before_close: Period::ZERO,
            close_soak: Period::ZERO,
            ..self.clone()
        }
    }

    /// The digest of the whole policy.
    ///
    /// # Errors
    /// [`CanonicalError`] when a limit is beyond 2^53 - 1.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of_value("deprovision/policy/v1", self)
    }
}

/// How much at once (invariant I-12). On by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Credentials in one plan. Default 20.
    pub credentials: u32,
    /// Targets of all kinds in one plan, but for notices. Default 200.
    pub targets: u32,
    /// People who are told of one plan. Default 1,000.
    pub recipients: u32,
    /// Retirements that act at the same time. Default 5.
    pub retirements: u32,
    /// Irreversible actions in any 24 hours, over all retirements. Default 50.
    pub irreversible_per_day: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            credentials: 20,
            targets: 200,
            recipients: 1_000,
            retirements: 5,
            irreversible_per_day: 50,
        }
    }
}

/// How often to try again (invariant I-17): the wait doubles each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Retry {
    /// Tries before the run is parked. Default 8.
    pub attempts: u32,
    /// The wait after the first failure. Default 3 min: eight tries span about six hours.
    pub first_wait: Period,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Period::minutes(3),
        }
    }
}

/// A time in which nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FreezeWindow {
    /// The first moment inside.
    pub from: Timestamp,
    /// The first moment after.
    pub to: Timestamp,
    /// Why, for a person.
    pub why: String,
}

impl FreezeWindow {
    /// A freeze.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp, why: impl Into<String>) -> Self {
        Self {
            from,
            to,
            why: why.into(),
        }
    }
}

/// What is looked at after retirement: nothing may come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Watch {
    /// How often. Default 1 d.
    pub every: Period,
    /// For how long. Default 90 d.
    pub lasts: Period,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            every: Period::days(1),
            lasts: Period::days(90),
        }
    }
}
