//! What a link says: a text that only the holder of the key can write.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{AnswerId, ParseIdError, PersonId, RetirementId, StepId};
use crate::resource::NoticeId;
use crate::time::Timestamp;

/// What a link lets a person say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a page has words for each of them")]
pub enum AnswerKind {
    /// That they read it.
    Acknowledge,
    /// That they object.
    Object,
    /// That they need longer.
    MoreTime,
    /// That they approve the plan with this digest, or an irreversible step of it.
    Approve {
        /// Which plan.
        plan: Digest,
        /// Which step; `None` for the plan as a whole.
        step: Option<StepId>,
    },
}

/// A link that was checked: whose it is, and what it lets them say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AnswerTicket {
    /// In which retirement.
    pub retirement: RetirementId,
    /// Who answers.
    pub person: PersonId,
    /// What they answer.
    pub notice: NoticeId,
    /// What they may say.
    pub kind: AnswerKind,
    /// Until when.
    pub expires: Timestamp,
}

impl AnswerTicket {
    /// The name of the answer: whoever uses the link twice gives the same one.
    ///
    /// # Errors
    /// [`ParseIdError`], which no ticket gives.
    pub fn answer_id(&self) -> Result<AnswerId, ParseIdError> {
        let kind = match &self.kind {
            AnswerKind::Acknowledge => "acknowledge".to_owned(),
            AnswerKind::Object => "object".to_owned(),
            AnswerKind::MoreTime => "more-time".to_owned(),
            AnswerKind::Approve { plan, step } => match step {
                Some(step) => format!("approve {plan} {step}"),
                None => format!("approve {plan}"),
            },
        };
        let text = format!("{}\n{}\n{kind}", self.notice, self.person);
        let digest = Digest::of_bytes(text.as_bytes()).to_hex();
        AnswerId::parse(format!("answer-{}", digest.get(..32).unwrap_or(&digest)))
    }

    /// What its holder is told once the answer is in the log, as a sentence.
    #[must_use]
    pub fn recorded(&self) -> String {
        let what = match &self.kind {
            AnswerKind::Acknowledge => "that you have read it",
            AnswerKind::Object => "your objection, and the retirement is held",
            AnswerKind::MoreTime => "that you need longer, and the retirement is held until then",
            AnswerKind::Approve { .. } => "your approval",
        };
        format!("It is recorded under {}: {what}.", self.person)
    }
}

/// Why a link counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It is not one of ours, or was changed on the way.
    #[error("this link is not whole: copy all of it from the message, or ask for a new one")]
    Forged,
    /// Its time is over.
    #[error("this link was good until {0}: ask whoever sent it for a new one")]
    Expired(Timestamp),
}

impl fmt::Display for AnswerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledge => "acknowledge",
            Self::Object => "object",
            Self::MoreTime => "more time",
            Self::Approve { .. } => "approve",
        })
    }
}
