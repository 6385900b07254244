//! Slack's `chat.postMessage`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;
use http::header::{AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::blocks;
use super::buttons::Interactivity;
use super::codes::{self, Meaning};
use super::threads::{Thread, Threads};
use crate::Letter;
use crate::channel::{Channel, Sent};
use crate::fetch::{Answer, AnswerBody, HttpClient, Outgoing, TargetError};
use crate::hook::Hook;
use crate::post::Answers;

/// Where Slack's method is.
const METHOD: &str = "https://slack.com/api/chat.postMessage";
/// How much of an answer is read: it holds the message again.
const MAX_ANSWER: usize = 256 * 1024;

/// Posts letters with a bot token: the method `chat.postMessage`
/// (<https://docs.slack.dev/reference/methods/chat.postMessage>).
///
/// All letters on one retirement go into one thread, which the first of them begins. A
/// letter on many retirements begins no thread.
///
/// Slack takes no idempotency key: a letter that is sent twice is posted twice. Its key is
/// in the message's `metadata` (event `deprovision_notice`), where a program finds it.
pub struct SlackBot {
    hook: Hook,
    token: Secret,
    channel: String,
    threads: Arc<dyn Threads>,
    interactivity: Interactivity,
}

/// What the method answers.
#[derive(Deserialize)]
struct Reply {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    ts: Option<String>,
}

impl SlackBot {
    /// A bot that posts to a channel, by its id (`C0123456789`): names of channels change.
    /// No address of an answer is posted, unless [`with_answers`](Self::with_answers) says
    /// so.
    ///
    /// # Errors
    /// [`TargetError`] when the client may not reach Slack.
    pub fn new(
        client: HttpClient,
        token: Secret,
        channel: impl Into<String>,
        threads: Arc<dyn Threads>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TargetError> {
        let hook = Hook::new(client, METHOD, clock)?;
        Ok(Self {
            hook,
            token,
            channel: channel.into(),
            threads,
            interactivity: Interactivity::default(),
        })
    }

    /// Whether posts show where their recipient can answer.
    #[must_use]
    pub fn with_answers(mut self, answers: Answers) -> Self {
        self.hook.answers = answers;
        self
    }

    /// Whether answers that are shown can be given by pressing a button.
    #[must_use]
    pub fn with_interactivity(mut self, interactivity: Interactivity) -> Self {
        self.interactivity = interactivity;
        self
    }

    /// Calls the method elsewhere: at `https://slack-gov.com/api/chat.postMessage`, or at a
    /// server that stands in for Slack. The token goes there.
    ///
    /// # Errors
    /// [`TargetError`] when the address is none, or may not be reached.
    pub fn with_method_at(mut self, address: &str) -> Result<Self, TargetError> {
        self.hook.moved_to(address)?;
        Ok(self)
    }

    /// The thread that the letter belongs to, when it is on one retirement.
    fn thread(&self, letter: &Letter) -> Option<Thread> {
        let mut retirements = letter.threads().into_iter();
        match (retirements.next(), retirements.next()) {
            (Some(one), None) => Some(Thread::new(&self.channel, one)),
            _ => None,
        }
    }

    fn outgoing(&self, letter: &Letter, first: Option<&str>) -> Option<Outgoing> {
        let mut message = blocks::message(letter, self.hook.answers, self.interactivity);
        message.insert("channel".to_owned(), json!(self.channel));
        message.insert(
            "metadata".to_owned(),
            json!({
                "event_type": "deprovision_notice",
                "event_payload": { "key": letter.key(), "stage": letter.stage().to_string() },
            }),
        );
        if let Some(ts) = first {
            message.insert("thread_ts".to_owned(), json!(ts));
        }
        let mut outgoing = Outgoing::json(Value::Object(message).to_string());
        outgoing.max_answer = MAX_ANSWER;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.token.expose())).ok()?;
        bearer.set_sensitive(true);
        outgoing.headers.insert(AUTHORIZATION, bearer);
        Some(outgoing)
    }

    /// What the answer says, and the `ts` of a message that was posted.
    fn read(&self, answer: &Answer) -> (Sent, Option<Meaning>, Option<String>) {
        let now = self.hook.now();
        let by_status = || self.hook.by_status(answer);
        let reply = match &answer.body {
            AnswerBody::Whole(body) => serde_json::from_slice::<Reply>(body).ok(),
            AnswerBody::Cut => None,
        };
        match reply {
            Some(reply) if reply.ok && answer.status.is_success() => {
                let ts = reply.ts.filter(|ts| is_ts(ts));
                let receipt = match &ts {
                    Some(ts) => format!("Slack posted it as {ts}"),
                    None => "Slack posted it".to_owned(),
                };
                (Sent::Accepted { receipt }, None, ts)
            }
            Some(Reply {
                ok: false,
                error: Some(code),
                ..
            }) => match codes::word(&code).map(|word| (word, codes::of_method(word))) {
                Some((word, Some(meaning))) => {
                    (meaning.sent(word, answer, now), Some(meaning), None)
                }
                Some((word, None)) if answer.status.is_success() => {
                    let why = format!("Slack says {word}, which it does not document");
                    (Sent::Refused { why }, None, None)
                }
                None if answer.status.is_success() => {
                    let why = "Slack refused it in words that it does not document".to_owned();
                    (Sent::Refused { why }, None, None)
                }
                Some(_) | None => (by_status(), None, None),
            },
            Some(_) | None if answer.status.is_success() => {
                let why = "Slack's answer could not be read, though the request was sent";
                (
                    Sent::Unsure {
                        why: why.to_owned(),
                    },
                    None,
                    None,
                )
            }
            Some(_) | None => (by_status(), None, None),
        }
    }
}

#[async_trait]
impl Channel for SlackBot {
    fn name(&self) -> &str {
        "slack"
    }

    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent {
        let started = tokio::time::Instant::now();
        let thread = self.thread(letter);
        let mut note = "";
        let mut first = None;
        if let Some(thread) = &thread {
            match tokio::time::timeout(deadline / 2, self.threads.first(thread)).await {
                Ok(Ok(found)) => first = found.filter(|ts| is_ts(ts)),
                Ok(Err(_)) | Err(_) => note = "; its thread could not be looked up",
            }
        }
        let Some(outgoing) = self.outgoing(letter, first.as_deref()) else {
            let why = "the bot token holds characters that no token has; give it anew";
            return Sent::Broken {
                why: why.to_owned(),
            };
        };
        // Some of the time is for keeping the thread, which changes nothing about the letter.
        let keep = (deadline / 10).min(Duration::from_secs(1));
        let left = deadline.saturating_sub(started.elapsed() + keep);
        let answer = match self.hook.post(outgoing, left).await {
            Ok(answer) => answer,
            Err(sent) => return sent,
        };
        let (sent, meaning, ts) = self.read(&answer);
        if let (Some(thread), Some(Meaning::Thread), Some(old)) = (&thread, meaning, &first) {
            let _ = tokio::time::timeout(keep, self.threads.forget(thread, old)).await;
        }
        if let (Some(thread), None, Some(ts)) = (&thread, &first, &ts) {
            match tokio::time::timeout(keep, self.threads.remember(thread, ts)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => note = "; its thread could not be remembered",
            }
        }
        match sent {
            Sent::Accepted { receipt } => Sent::Accepted {
                receipt: format!("{receipt}{note}"),
            },
            other => other,
        }
    }
}

/// Whether it looks like a message's `ts`: `1503435956.000247`.
fn is_ts(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

impl fmt::Debug for SlackBot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SlackBot");
        self.hook.show(&mut debug);
        debug
            .field("channel", &self.channel)
            .field("interactivity", &self.interactivity)
            .finish_non_exhaustive()
    }
}
