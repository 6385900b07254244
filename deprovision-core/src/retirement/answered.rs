//! What people answer to notices.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{AnswerId, PersonId, Role, StepId};
use crate::resource::NoticeId;
use crate::time::Timestamp;

/// What a person answers to a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    clippy::exhaustive_enums,
    reason = "each answer decides what it leads to"
)]
pub enum Answer {
    /// They read it, and have nothing against it.
    Acknowledge,
    /// They object: it holds the retirement, as any objection does.
    Object {
        /// Why.
        reason: String,
    },
    /// They need longer: it holds the retirement until then, as an objection that ends
    /// by itself. Moving the promised end for everybody is for the owner.
    MoreTime {
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// They approve the plan, or an irreversible step of it.
    Approve {
        /// Which plan.
        plan: Digest,
        /// Which step; `None` for the plan as a whole.
        step: Option<StepId>,
        /// In which roles.
        roles: BTreeSet<Role>,
    },
}

/// One person's answer to one notice: it counts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answered {
    /// Its name: a second answer with it is refused.
    pub id: AnswerId,
    /// Who.
    pub by: PersonId,
    /// To what.
    pub notice: NoticeId,
    /// What.
    pub answer: Answer,
}

impl Answered {
    /// An answer.
    #[must_use]
    pub fn new(id: AnswerId, by: PersonId, notice: NoticeId, answer: Answer) -> Self {
        Self {
            id,
            by,
            notice,
            answer,
        }
    }
}
