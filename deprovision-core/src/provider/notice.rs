//! Telling people.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::Contact;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{NoticeFacts, Outcome, ProviderError};
use crate::resource::NoticeId;
use crate::time::Timestamp;

/// What a notice is about.
///
/// As text it is the word that stands in a notice's id: one that has been sent is
/// found again by it.
///
/// ```
/// use deprovision_core::provider::NoticeStage;
/// assert_eq!(NoticeStage::Reminder { days: 7 }.to_string(), "reminder-7");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever writes notices has words for each of them"
)]
pub enum NoticeStage {
    /// The plan to retire it, or an irreversible step of that plan, needs their approval.
    Approval {
        /// 0 for the plan as a whole, else the how manieth step with an approval of its
        /// own.
        number: u32,
    },
    /// The API will be retired.
    Announcement,
    /// It will be retired in so many days.
    Reminder {
        /// How many.
        days: u32,
    },
    /// It will be retired later than was said.
    Postponement {
        /// The how manieth time.
        number: u32,
    },
    /// It will not answer for a while.
    BrownOut {
        /// The how manieth time.
        number: u32,
    },
    /// It will be closed soon, and whoever is told still calls it.
    LastCall,
    /// It is closed.
    Closed,
    /// It was closed, and answers again.
    Restored,
    /// It is retired, and certified to be.
    Retired,
    /// The retirement was called off.
    Withdrawal,
    /// Nobody seems to use the API.
    Unused,
    /// Something of a retired API came back.
    Drift,
    /// What an owner should know about all of their APIs.
    Digest,
}

impl fmt::Display for NoticeStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approval { number } => write!(f, "approval-{number}"),
            Self::Announcement => f.write_str("announcement"),
            Self::Reminder { days } => write!(f, "reminder-{days}"),
            Self::Postponement { number } => write!(f, "postponement-{number}"),
            Self::BrownOut { number } => write!(f, "brown-out-{number}"),
            Self::LastCall => f.write_str("last-call"),
            Self::Closed => f.write_str("closed"),
            Self::Restored => f.write_str("restored"),
            Self::Retired => f.write_str("retired"),
            Self::Withdrawal => f.write_str("withdrawal"),
            Self::Unused => f.write_str("unused"),
            Self::Drift => f.write_str("drift"),
            Self::Digest => f.write_str("digest"),
        }
    }
}

/// What one person is told of one API at one stage. How it is put into words is for
/// whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Notice {
    /// Its identity: sending it again is sending the same message.
    pub id: NoticeId,
    /// What it is about.
    pub stage: NoticeStage,
    /// To whom.
    pub to: Contact,
    /// What there is to say.
    pub facts: NoticeFacts,
}

impl Notice {
    /// A notice.
    #[must_use]
    pub fn new(id: NoticeId, stage: NoticeStage, to: Contact, facts: NoticeFacts) -> Self {
        Self {
            id,
            stage,
            to,
            facts,
        }
    }
}

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "only delivered counts as told (invariant I-22); every other answer must be decided"
)]
pub enum Delivery {
    /// It was never sent.
    NotSent,
    /// It is on its way.
    Pending {
        /// Not before that moment, where it is known.
        until: Option<Timestamp>,
    },
    /// It was handed over to the recipient's side, which took it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It came back.
    Bounced {
        /// Why.
        why: String,
    },
    /// It was sent, and nobody can tell whether it arrived.
    Unsure {
        /// Why.
        why: String,
    },
}

/// Reads what became of notices.
///
/// # Behaviour
/// What every implementation keeps:
/// - What was never sent is not sent, and looking sends nothing.
/// - The moment of delivery stays the same however often it is asked or sent again.
/// - Nothing is known of the notice of another provider.
#[async_trait]
pub trait DeliveryObserver: Send + Sync {
    /// What became of the notice.
    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError>;
}

/// Sends notices.
///
/// # Behaviour
/// What every implementation keeps:
/// - Sending the same id twice leaves one message.
/// - No text of the notice can add a recipient or a header.
/// - Two ids are two notices, whatever their names look like.
/// - The title of the API and the reason arrive as they were written, but for what
///   could pose as something else (control characters, marks of direction).
/// - The notice of another provider is an error.
///
/// The suite `conformance::notice` holds each of them.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends the notice.
    async fn send(&self, notice: &Notice, permit: &WritePermit) -> Result<Outcome, ProviderError>;
}
