//! Answers that are given by pressing a button in Slack.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::answer::{AnswerDesk, AnswerTicket, TicketError};
use deprovision_core::engine::{AnswerWords, Engine, EngineError};
use deprovision_core::retirement::Refusal;
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;
use http::StatusCode;
use serde_json::json;

use super::press::{Press, PressError};
use super::slack::SlackVerifier;
use crate::fetch::{FetchError, HttpClient, Outgoing, Target};
use crate::post::What;
use crate::slack::{escaped, given_by, plain};

/// How much of a sentence is shown, in characters.
const MAX_SAID: usize = 1_000;

/// Takes what Slack sends to the request URL of an app, and gives the engine the answers of
/// those who press the buttons of our posts
/// ([`Interactivity::Buttons`](crate::Interactivity::Buttons)).
///
/// It stands behind whatever HTTP server there is: give it the headers and the body as they
/// came, answer Slack with the status that it returns and no body, then let it
/// [tell](SlackReply::tell) the person. Slack waits three seconds, shows a warning when it
/// hears nothing or another status than 200, and shows nothing of the answer's body: what a
/// person reads goes to the press's `response_url`
/// (<https://docs.slack.dev/interactivity/handling-user-interaction>).
///
/// # Behaviour
/// - The request has to be Slack's, of now, whole, and new: see [`SlackVerifier`].
/// - The ticket in the button is the authority, as it is behind a link: signed, expiring,
///   and good for one answer. Who can press is who reads the post.
/// - The button and its ticket have to be for the same answer.
/// - The answer is in the log before the status is returned. When that took longer than
///   Slack waits, it counts all the same, and the next press says that it is there.
/// - A log has no place for who pressed, since a ticket names its person:
///   [`Pressed`] has Slack's ids of them, and so has an event of `tracing`.
/// - A press on anything else of the same app is 200, and nothing is done.
///
/// ```no_run
/// // no_run: it would listen, and reads the system's root certificates.
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use deprovision_core::{answer::AnswerDesk, engine::Engine, secret::Secret, time::SystemClock};
/// use deprovision_notify::{HttpClient, Reach, SlackAnswers, SlackVerifier};
///
/// # async fn example(
/// #     engine: Engine, desk: Arc<AnswerDesk>, headers: http::HeaderMap, body: Vec<u8>,
/// # ) -> Result<http::StatusCode, Box<dyn std::error::Error>> {
/// let clock = Arc::new(SystemClock::new());
/// let secret = Secret::new(std::env::var("SLACK_SIGNING_SECRET")?);
/// let answers = SlackAnswers::new(engine, desk, SlackVerifier::new([secret], clock.clone()), clock);
/// let client = HttpClient::with_system_roots(Reach::public())?;
///
/// // For each request that comes:
/// let reply = answers.take(&headers, &body).await;
/// let status = reply.status;
/// tokio::spawn(async move { reply.tell(&client, Duration::from_secs(10)).await });
/// # Ok(status)
/// # }
/// ```
pub struct SlackAnswers {
    engine: Engine,
    desk: Arc<AnswerDesk>,
    verifier: SlackVerifier,
    clock: Arc<dyn Clock>,
}

/// What came of a request: how to answer it, and what the person is told.
#[derive(Debug)]
#[non_exhaustive]
pub struct SlackReply {
    /// With which status Slack's request is answered, without a body.
    pub status: StatusCode,
    /// What the person is told; nothing where there is nobody, or nothing, to tell.
    pub said: Option<String>,
    /// Whose button with a ticket of ours was pressed.
    pub pressed: Option<Pressed>,
    tell_at: Option<Secret>,
}

/// A button with a ticket of ours that somebody pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pressed {
    /// The workspace, as Slack names it; none for an app of a whole organisation.
    pub team: Option<String>,
    /// Who pressed, as Slack names them.
    pub user: String,
    /// What the button was good for, and in whose name.
    pub ticket: AnswerTicket,
    /// Whether that went into the log by this press.
    pub recorded: bool,
}

impl SlackReply {
    fn quiet(status: StatusCode) -> Self {
        Self {
            status,
            said: None,
            pressed: None,
            tell_at: None,
        }
    }

    /// Tells whoever pressed, and nobody else, what came of it. The post with its buttons
    /// stays as it is.
    ///
    /// # Errors
    /// [`FetchError`] when it could not be sent. Nothing about the answer changes by it,
    /// and a further press tells it again.
    pub async fn tell(self, client: &HttpClient, deadline: Duration) -> Result<(), FetchError> {
        let (Some(said), Some(address)) = (self.said, self.tell_at) else {
            return Ok(());
        };
        let target = Target::parse(address.expose(), client.reach())?;
        let message = json!({
            "response_type": "ephemeral",
            "replace_original": false,
            "text": escaped(&said, MAX_SAID),
            "blocks": [{ "type": "section", "text": plain(&said, MAX_SAID) }],
        });
        let outgoing = Outgoing::json(message.to_string());
        client.post(&target, outgoing, deadline).await.map(|_| ())
    }
}

impl SlackAnswers {
    /// Over the engine that takes the answers, the desk that made the tickets, whose
    /// requests are Slack's, and the clock by which tickets expire.
    #[must_use]
    pub fn new(
        engine: Engine,
        desk: Arc<AnswerDesk>,
        verifier: SlackVerifier,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            engine,
            desk,
            verifier,
            clock,
        }
    }

    /// Takes one request: its headers, and its body as it came, before it is parsed.
    pub async fn take<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (K, V)>,
        body: &[u8],
    ) -> SlackReply {
        let fresh = match self.verifier.verify(headers, body) {
            Ok(fresh) => fresh,
            Err(error) => return SlackReply::quiet(error.status()),
        };
        let press = match Press::parse(body) {
            Ok(press) => press,
            Err(PressError::OtherKind) => return SlackReply::quiet(StatusCode::OK),
            Err(PressError::NoPayload | PressError::Unreadable | PressError::NotOne) => {
                return SlackReply::quiet(StatusCode::BAD_REQUEST);
            }
        };
        let reply = self.press(press).await;
        // What could not be written down may come again as it is.
        if reply.status == StatusCode::OK {
            fresh.handled();
        }
        reply
    }

    async fn press(&self, press: Press) -> SlackReply {
        // A button that only leads elsewhere has no value.
        let (Some(token), Some(what)) = (press.value, given_by(&press.action)) else {
            return SlackReply::quiet(StatusCode::OK);
        };
        let mut reply = SlackReply {
            tell_at: press.response_url,
            ..SlackReply::quiet(StatusCode::OK)
        };
        let ticket = match self.desk.read(token.expose(), self.clock.now()) {
            Ok(ticket) if What::of(&ticket.kind) == what => ticket,
            Err(TicketError::Expired(until)) => {
                let why = format!("this button was good until {until}; ask for a new notice");
                reply.said = Some(refused(&why));
                return reply;
            }
            Ok(_) | Err(_) => {
                let why = "this button is not one of ours; ask for a new notice";
                reply.said = Some(refused(why));
                return reply;
            }
        };
        let answer = self.engine.answer(ticket.clone(), AnswerWords::default());
        let (recorded, said) = match answer.await {
            Ok(()) => (true, format!("Thank you. {}", ticket.recorded())),
            Err(EngineError::Refused(Refusal::AnswerUsed(_))) => (
                false,
                format!(
                    "It was answered before, and counts once. {}",
                    ticket.recorded()
                ),
            ),
            Err(EngineError::Refused(refusal)) => (false, refused(&refusal.to_string())),
            // What it is exactly is for the operator, not for whoever has a button.
            Err(_trouble) => {
                reply.status = StatusCode::SERVICE_UNAVAILABLE;
                let why = "it could not be written down just now; press again later";
                (false, refused(why))
            }
        };
        let (team, user) = (press.team, press.user);
        tracing::info!(
            user, team, recorded, retirement = %ticket.retirement, person = %ticket.person,
            answer = %ticket.kind, "a button was pressed in Slack"
        );
        reply.said = Some(said);
        reply.pressed = Some(Pressed {
            team,
            user,
            ticket,
            recorded,
        });
        reply
    }
}

fn refused(why: &str) -> String {
    format!("Nothing was recorded: {why}.")
}

impl fmt::Debug for SlackAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackAnswers").finish_non_exhaustive()
    }
}
