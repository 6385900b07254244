//! Slack's incoming webhooks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;

use super::buttons::Interactivity;
use super::{blocks, codes};
use crate::Letter;
use crate::channel::{Channel, Sent};
use crate::fetch::{AnswerBody, HttpClient, Outgoing, TargetError};
use crate::hook::Hook;
use crate::post::Answers;

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
    hook: Hook,
    interactivity: Interactivity,
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
        let hook = Hook::new(client, address.expose(), clock)?;
        Ok(Self {
            hook,
            interactivity: Interactivity::default(),
        })
    }

    /// Whether posts show where their recipient can answer.
    #[must_use]
    pub fn with_answers(mut self, answers: Answers) -> Self {
        self.hook.answers = answers;
        self
    }

    /// Whether answers that are shown can be given by pressing a button. A webhook's posts
    /// may hold interactive parts
    /// (<https://docs.slack.dev/tools/slack-github-action/sending-techniques/sending-data-slack-incoming-webhook>);
    /// the presses go to the request URL of the app that the webhook belongs to. A webhook
    /// from before apps belongs to none, and its buttons do nothing.
    #[must_use]
    pub fn with_interactivity(mut self, interactivity: Interactivity) -> Self {
        self.interactivity = interactivity;
        self
    }
}

#[async_trait]
impl Channel for SlackWebhook {
    fn name(&self) -> &str {
        "slack-webhook"
    }

    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent {
        let message = blocks::message(letter, self.hook.answers, self.interactivity);
        let mut outgoing = Outgoing::json(serde_json::Value::Object(message).to_string());
        outgoing.max_answer = MAX_ANSWER;
        let answer = match self.hook.post(outgoing, deadline).await {
            Ok(answer) => answer,
            Err(sent) => return sent,
        };
        if !answer.status.is_success()
            && let AnswerBody::Whole(body) = &answer.body
            && let Some(code) = std::str::from_utf8(body).ok().map(str::trim)
            && let Some(code) = codes::word(code)
            && let Some(meaning) = codes::of_webhook(code)
        {
            return meaning.sent(code, &answer, self.hook.now());
        }
        self.hook.by_status(&answer)
    }
}

impl fmt::Debug for SlackWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SlackWebhook");
        self.hook.show(&mut debug);
        debug
            .field("interactivity", &self.interactivity)
            .finish_non_exhaustive()
    }
}
