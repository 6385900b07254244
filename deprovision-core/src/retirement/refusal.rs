//! Why not.

use serde::{Deserialize, Serialize};

use crate::id::{ActionId, ObjectionId, PersonId};
use crate::time::Timestamp;

/// A wait, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Explain {
    /// Which rule.
    pub rule: String,
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
        rule: impl Into<String>,
        have: impl Into<String>,
        need: impl Into<String>,
        next_check_at: Option<Timestamp>,
    ) -> Self {
        Self {
            rule: rule.into(),
            have: have.into(),
            need: need.into(),
            next_check_at,
        }
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
    /// A value can not be put into the log.
    #[error("{0}")]
    Unloggable(String),
}
