//! The ways that letters go.

use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::time::Timestamp;

use crate::Letter;

/// What came of an attempt to send a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever sends decides on each of them what comes next"
)]
pub enum Sent {
    /// The recipient's side took it.
    Accepted {
        /// What it said, for a person.
        receipt: String,
    },
    /// It will never be taken: there is no such recipient, or the message is refused.
    Refused {
        /// Why.
        why: String,
    },
    /// It was certainly not taken; it may be later.
    NotSent {
        /// Why.
        why: String,
        /// Not before, where the other side said so.
        retry_at: Option<Timestamp>,
    },
    /// It was certainly not taken, nor will any other letter be until a person acts: a
    /// bad password, a certificate that is not trusted.
    Broken {
        /// What to do.
        why: String,
    },
    /// It may have been taken: the connection ended in the middle, or time ran out
    /// after all was sent.
    Unsure {
        /// Why.
        why: String,
    },
}

/// A way that letters go: e-mail, a chat, a webhook.
///
/// # Behaviour
/// What every implementation keeps:
/// - One call is one attempt: it is for the caller to try again.
/// - The deadline is around the whole attempt. Whatever had been sent when it passed
///   decides between [`Sent::NotSent`] and [`Sent::Unsure`].
/// - A letter that is sent again is recognised as the same by its key, where the other
///   side can (`Message-ID`, an idempotency key).
/// - No text in the letter adds a recipient, a header, a link or markup.
/// - The answer holds no secret.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Its name, for logs and evidence: `smtp`.
    fn name(&self) -> &str;

    /// Sends one letter, once.
    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent;
}
