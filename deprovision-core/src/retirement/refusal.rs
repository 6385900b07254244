//! Why not.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ActionId, AnswerId, ObjectionId, PersonId};
use crate::time::Timestamp;

/// What is waited for.
///
/// As text it is its name with the invariant behind it, if there is one.
///
/// ```
/// use deprovision_core::retirement::WaitRule;
///
/// assert_eq!(WaitRule::Approval.to_string(), "approval (I-7)");
/// assert_eq!(WaitRule::Sunset.to_string(), "sunset");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WaitRule {
    /// The steps before it are not complete.
    Order,
    /// People have to approve (I-7).
    Approval,
    /// Somebody objects (I-16).
    Objection,
    /// The policy forbids changes for some days.
    Freeze,
    /// People were told less than the period of notice ago (I-22).
    Notice,
    /// Something was disabled less than the soak time ago (I-3).
    Soak,
    /// The sunset that was announced is not there yet.
    Sunset,
    /// Nobody may call (I-8).
    Quiet,
    /// The targets have to be compared with those of the plan (I-12).
    Scope,
    /// What was sent takes its time until it can be seen (I-10).
    Settle,
    /// An attempt failed, and the next one is later (I-17).
    Backoff,
    /// It is parked until a person decides (I-17).
    Parked,
    /// The next audit of what is retired.
    Watch,
}

impl WaitRule {
    /// The invariant that demands it; `None` for what the catalog or the policy wants.
    #[must_use]
    pub fn invariant(self) -> Option<&'static str> {
        match self {
            Self::Approval => Some("I-7"),
            Self::Objection => Some("I-16"),
            Self::Notice => Some("I-22"),
            Self::Soak => Some("I-3"),
            Self::Quiet => Some("I-8"),
            Self::Scope => Some("I-12"),
            Self::Settle => Some("I-10"),
            Self::Backoff | Self::Parked => Some("I-17"),
            Self::Order | Self::Freeze | Self::Sunset | Self::Watch => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Approval => "approval",
            Self::Objection => "objection",
            Self::Freeze => "freeze",
            Self::Notice => "notice",
            Self::Soak => "soak",
            Self::Sunset => "sunset",
            Self::Quiet => "quiet",
            Self::Scope => "scope",
            Self::Settle => "settle",
            Self::Backoff => "backoff",
            Self::Parked => "parked",
            Self::Watch => "watch",
        }
    }
}

impl fmt::Display for WaitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.invariant() {
            Some(invariant) => write!(f, "{} ({invariant})", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// A wait, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Explain {
    /// Which rule.
    pub rule: WaitRule,
    /// What there is.
    pub have: String,
    /// What is needed.
    pub need: String,
    /// When it is looked at next; `None` when only a person's act changes it.
    pub next_check_at: Option<Timestamp>,
}

impl Explain {
    /// An explanation.
    #[must_use]
    pub fn new(
        rule: WaitRule,
        have: impl Into<String>,
        need: impl Into<String>,
        next_check_at: Option<Timestamp>,
    ) -> Self {
        Self {
            rule,
            have: have.into(),
            need: need.into(),
            next_check_at,
        }
    }

    /// That a step waits for the ones before it goes without saying, when something
    /// else is waited for.
    pub(crate) fn without_order(mut all: Vec<Self>) -> Vec<Self> {
        if all.iter().any(|why| why.rule != WaitRule::Order) {
            all.retain(|why| why.rule != WaitRule::Order);
        }
        all
    }
}

/// A command that the rules do not allow now. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Somebody objects.
    #[error("[I-16] {by} objects ({id}): {reason}")]
    Vetoed {
        /// Which objection.
        id: ObjectionId,
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// The point of no return is over.
    #[error("[I-16] too late: something irreversible was begun at {at}")]
    TooLate {
        /// When.
        at: Timestamp,
    },
    /// A gate is not open.
    #[error("{}: there is {}; needed: {}", .0.rule, .0.have, .0.need)]
    NotYet(Explain),
    /// A limit would be passed.
    #[error("[I-12] {what}: {count}, and the policy allows {limit}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// How many there would be.
        count: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The command does not fit the state.
    #[error("not possible now: {0}")]
    NotNow(String),
    /// There is no such action in the plan.
    #[error("there is no action {0} in the plan")]
    NoSuchAction(ActionId),
    /// There is no such objection, or it is not theirs.
    #[error("there is no open objection {0}")]
    NoSuchObjection(ObjectionId),
    /// The approval is not for the plan as it is, or not by somebody who may.
    #[error("[I-7] {0}")]
    Approval(String),
    /// The notice was answered so before.
    #[error("the answer {0} was given already, and counts once; to change it, use the engine")]
    AnswerUsed(AnswerId),
    /// The waiver is not by somebody who may give it, or not for a grant that may
    /// still stay.
    #[error("[I-6] {0}")]
    Waiver(String),
    /// A value can not be put into the log.
    #[error("{0}")]
    Unloggable(String),
}
