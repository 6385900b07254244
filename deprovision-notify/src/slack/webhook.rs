//! Slack's incoming webhooks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;

use super::{blocks, codes};
use crate::channel::{Channel, Sent};
use crate::fetch::{AnswerBody, HttpClient, Outgoing, Target, TargetError};
use crate::post::Answers;
use crate::{Letter, verdict};

/// How much of an answer is read: Slack's is one word.
const MAX_ANSWER: usize = 4 * 1024;

/// Posts letters through an incoming webhook of Slack, which is bound to one channel.
///
/// A webhook answers `ok` and no more, so its posts can not be threaded, and a letter that
/// is sent twice is posted twice: Slack takes no idempotency key. [`SlackBot`](super::SlackBot)
/// threads.
///
/// The webhook's address is its secret: whoever has it can post.
///
/// ```no_run
/// // Reads the system's root certificates.
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use deprovision_core::secret::Secret;
/// use deprovision_core::time::SystemClock;
/// use deprovision_notify::{HttpClient, Reach, SlackWebhook};
///
/// let client = HttpClient::with_system_roots(Reach::public())?;
/// let address = Secret::new(std::env::var("SLACK_WEBHOOK")?);
/// let slack = SlackWebhook::new(client, &address, Arc::new(SystemClock::new()))?;
/// # Ok(())
/// # }
/// ```
pub struct SlackWebhook {
    client: HttpClient,
    target: Target,
    answers: Answers,
    clock: Arc<dyn Clock>,
}

impl SlackWebhook {
    /// The webhook at this address. No address of an answer is posted, unless
    /// [`with_answers`](Self::with_answers) says so.
    ///
    /// # Errors
    /// [`TargetError`] when the address is none, or may not be reached.
    pub fn new(
        client: HttpClient,
        address: &Secret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TargetError> {
        let target = Target::parse(address.expose(), client.reach())?;
        Ok(Self {
            client,
            target,
            answers: Answers::Withheld,
            clock,
        })
    }

    /// Whether posts show where their recipient can answer.
    #[must_use]
    pub fn with_answers(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }
}

#[async_trait]
impl Channel for SlackWebhook {
    fn name(&self) -> &str {
        "slack-webhook"
    }

    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent {
        let message = blocks::message(letter, self.answers);
        let mut outgoing = Outgoing::json(serde_json::Value::Object(message).to_string());
        outgoing.max_answer = MAX_ANSWER;
        let answer = match self.client.post(&self.target, outgoing, deadline).await {
            Ok(answer) => answer,
            Err(error) => return verdict::of_error(&error),
        };
        let now = self.clock.now();
        if !answer.status.is_success()
            && let AnswerBody::Whole(body) = &answer.body
            && let Some(code) = std::str::from_utf8(body).ok().map(str::trim)
            && let Some(code) = codes::word(code)
            && let Some(meaning) = codes::of_webhook(code)
        {
            return meaning.sent(code, &answer, now);
        }
        verdict::of_status(&answer, self.target.host(), now)
    }
}

impl fmt::Debug for SlackWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackWebhook")
            .field("target", &self.target)
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}
