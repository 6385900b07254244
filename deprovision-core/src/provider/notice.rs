//! Telling people.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::Contact;
use crate::id::ApiId;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{Outcome, ProviderError};
use crate::resource::NoticeId;
use crate::time::Timestamp;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoticeStage {
    /// The API will be retired.
    Announcement,
    /// The retirement was called off.
    Withdrawal,
}

/// One message to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Notice {
    /// Its identity: sending it again is sending the same message.
    pub id: NoticeId,
    /// Which API it is about.
    pub api: ApiId,
    /// What it is about.
    pub stage: NoticeStage,
    /// To whom.
    pub to: Contact,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub body: String,
}

impl Notice {
    /// A notice.
    #[must_use]
    pub fn new(
        id: NoticeId,
        api: ApiId,
        stage: NoticeStage,
        to: Contact,
        subject: impl Into<String>,
        body: impl Into<String>,
    ) -> Self {
        Self {
            id,
            api,
            stage,
            to,
            subject: subject.into(),
            body: body.into(),
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
    Pending,
    /// It arrived.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It came back.
    Bounced {
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
/// - Two ids are two messages, whatever their names look like.
/// - The subject and the text arrive as they were written.
/// - The notice of another provider is an error.
///
/// The suite `conformance::notice` holds each of them.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends the notice.
    async fn send(&self, notice: &Notice, permit: &WritePermit) -> Result<Outcome, ProviderError>;
}
