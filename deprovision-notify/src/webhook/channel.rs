//! A webhook that a receiver can trust.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::event;
use super::signature::SigningSecret;
use crate::Letter;
use crate::channel::{Channel, Sent};
use crate::fetch::{HttpClient, Outgoing, TargetError};
use crate::hook::Hook;
use crate::post::Answers;

/// Sends letters to a program: a CloudEvent 1.0 in structured JSON mode, signed by
/// Standard Webhooks.
///
/// ```text
/// content-type: application/cloudevents+json; charset=utf-8
/// webhook-id: the letter's key, the same however often it is sent
/// webhook-timestamp: seconds since 1970, of this attempt
/// webhook-signature: v1,… (one for each secret, with a space between)
/// ```
///
/// The event's type is `io.github.deprovision.notice.` and the stage's word
/// (`announcement`, `reminder`, …), its subject the retirement when there is one, and its
/// data `stage`, `person`, and `notices` with `id` and `facts` each. The facts are whole:
/// texts are as they came, for the receiver to guard its own syntax.
pub struct Webhook {
    hook: Hook,
    source: String,
    secret: SigningSecret,
    next: Option<SigningSecret>,
}

/// Why a webhook can not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Its address is none, or may not be reached.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The source is no URI reference, which an event needs.
    #[error("{0:?} is no source of events; write a URI, such as /deprovision")]
    Source(String),
}

/// Whether it can be a URI reference: it has no character that RFC 3986 leaves out.
fn is_reference(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

impl Webhook {
    /// The webhook at this address. `source` says who sends, as a URI (`/deprovision`,
    /// `https://apis.example.com`): with the event's id it names the event. No address of an
    /// answer is sent, unless [`with_answers`](Self::with_answers) says so.
    ///
    /// # Errors
    /// [`WebhookError`] when the address is none or may not be reached, or the source is no
    /// URI.
    pub fn new(
        client: HttpClient,
        address: &Secret,
        source: impl Into<String>,
        secret: SigningSecret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookError> {
        let hook = Hook::new(client, address.expose(), clock)?;
        let source = source.into();
        if !is_reference(&source) {
            return Err(WebhookError::Source(source));
        }
        Ok(Self {
            hook,
            source,
            secret,
            next: None,
        })
    }

    /// Signs with a second secret too, while a receiver changes from one to the other.
    #[must_use]
    pub fn and_secret(mut self, next: SigningSecret) -> Self {
        self.next = Some(next);
        self
    }

    /// Whether events hold where their recipient can answer. Whoever reads one of those
    /// addresses, in a log too, can answer in that person's name.
    #[must_use]
    pub fn with_answers(mut self, answers: Answers) -> Self {
        self.hook.answers = answers;
        self
    }

    fn outgoing(&self, letter: &Letter) -> Option<Outgoing> {
        let now = self.hook.now();
        let event = event::of(letter, &self.source, self.hook.answers, now);
        let body = serde_json::to_vec(&event).ok()?;
        let signatures: Vec<String> = std::iter::once(&self.secret)
            .chain(&self.next)
            .map(|secret| secret.sign(letter.key(), now.as_second(), &body))
            .collect();
        let mut outgoing = Outgoing::json(body);
        let headers = &mut outgoing.headers;
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/cloudevents+json; charset=utf-8"),
        );
        for (name, value) in [
            ("webhook-id", letter.key().to_owned()),
            ("webhook-timestamp", now.as_second().to_string()),
            ("webhook-signature", signatures.join(" ")),
        ] {
            headers.insert(name, value.parse().ok()?);
        }
        Some(outgoing)
    }
}

#[async_trait]
impl Channel for Webhook {
    fn name(&self) -> &str {
        "webhook"
    }

    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent {
        let Some(outgoing) = self.outgoing(letter) else {
            let why = "the letter can not be written as JSON";
            return Sent::Refused {
                why: why.to_owned(),
            };
        };
        match self.hook.post(outgoing, deadline).await {
            Ok(answer) => self.hook.by_status(&answer),
            Err(sent) => sent,
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Webhook");
        self.hook.show(&mut debug);
        debug.field("source", &self.source).finish_non_exhaustive()
    }
}
