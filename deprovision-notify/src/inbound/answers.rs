//! Answers that are given by pressing a button in Slack.

use std::fmt;
use std::sync::Arc;

use deprovision_core::answer::{AnswerDesk, AnswerKind, AnswerTicket, TicketError};
use deprovision_core::engine::{AnswerWords, Engine, EngineError};
use deprovision_core::journal::JournalError;
use deprovision_core::retirement::Refusal;
use deprovision_core::time::Clock;
use http::StatusCode;

use super::people::SlackPeople;
use super::press::{Press, PressError};
use super::reply::{Pressed, SlackReply};
use super::slack::SlackVerifier;
use crate::fetch::explained;
use crate::post::What;
use crate::slack::given_by;

/// Takes what Slack sends to the request URL of an app, and gives the engine the answers of
/// those who press the buttons of our posts
/// ([`Interactivity::Buttons`](crate::Interactivity::Buttons)).
///
/// It stands behind whatever HTTP server there is, on a Tokio runtime: give it the headers
/// and the body as they came, answer Slack with the status that it returns and no body, then
/// let it [tell](SlackReply::tell) the person. Slack waits three seconds, shows a warning
/// when it hears nothing or another status than 200, and shows nothing of the answer's body:
/// what a person reads goes to the press's `response_url`
/// (<https://docs.slack.dev/interactivity/handling-user-interaction>).
///
/// # Behaviour
/// - The request has to be Slack's, of now, whole, and new: see [`SlackVerifier`].
/// - The ticket in the button says what is answered and in whose name, as it does behind a
///   link: signed, expiring, and good for one answer.
/// - Who pressed has to be that person, as [`SlackPeople`] says. Whose button it is not, and
///   who is not known, are told so, and nothing is recorded.
/// - Without a [`SlackPeople`] nobody approves by a button: one who reads a channel could
///   press the buttons of all who are asked there, the proposer among them. That a notice
///   was read still counts, in the name of the ticket's person, whoever pressed: no gate
///   looks at it.
/// - The button and its ticket have to be for the same answer.
/// - The answer is in the log before the status is returned. When that took longer than
///   Slack waits, or the server gave up on the request and dropped its future, it counts
///   all the same, and the next press says that it is there.
/// - A log has no place for who pressed, since a ticket names its person:
///   [`Pressed`] has Slack's ids of them, and so has an event of `tracing`.
/// - Why an answer could not be recorded is in an error event of `tracing`; who pressed is
///   told no more than to press again later.
/// - A press on anything else of the same app is 200, and nothing is done.
///
/// **The person is checked at the button alone.** A post holds the ticket itself, and a
/// program that reads the channel can take it to the page of the link. So
/// [`Answers::Shown`](crate::Answers::Shown) stays for a place that only its recipient
/// reads.
///
/// ```no_run
/// // no_run: it would listen, and reads the system's root certificates.
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use deprovision_core::{answer::AnswerDesk, engine::Engine, secret::Secret, time::SystemClock};
/// use deprovision_core::id::PersonId;
/// use deprovision_notify::{HttpClient, Reach, SlackAnswers, SlackVerifier};
///
/// # async fn example(
/// #     engine: Engine, desk: Arc<AnswerDesk>, headers: http::HeaderMap, body: Vec<u8>,
/// # ) -> Result<http::StatusCode, Box<dyn std::error::Error>> {
/// let clock = Arc::new(SystemClock::new());
/// let secret = Secret::new(std::env::var("SLACK_SIGNING_SECRET")?);
/// let people = |team: Option<&str>, user: &str| match (team, user) {
///     (Some("T0123456789"), "U0123456789") => PersonId::parse("dana").ok(),
///     _ => None,
/// };
/// let answers = SlackAnswers::new(engine, desk, SlackVerifier::new([secret], clock.clone()), clock)
///     .with_people(Arc::new(people));
/// let client = HttpClient::with_system_roots(Reach::public())?;
///
/// // For each request that comes:
/// let reply = answers.take(&headers, &body).await;
/// let status = reply.status;
/// tokio::spawn(async move {
///     if let Err(error) = reply.tell(&client, Duration::from_secs(10)).await {
///         eprintln!("{error}");
///     }
/// });
/// # Ok(status)
/// # }
/// ```
pub struct SlackAnswers {
    verifier: SlackVerifier,
    desk: Arc<Desk>,
}

/// What a press is given to. It outlives the request.
struct Desk {
    engine: Engine,
    tickets: Arc<AnswerDesk>,
    people: Option<Arc<dyn SlackPeople>>,
    clock: Arc<dyn Clock>,
}

impl SlackAnswers {
    /// Over the engine that takes the answers, the desk that made the tickets, whose
    /// requests are Slack's, and the clock by which tickets expire. Nobody approves by a
    /// button until [`with_people`](Self::with_people) says who is who.
    #[must_use]
    pub fn new(
        engine: Engine,
        desk: Arc<AnswerDesk>,
        verifier: SlackVerifier,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let desk = Arc::new(Desk {
            engine,
            tickets: desk,
            people: None,
            clock,
        });
        Self { verifier, desk }
    }

    /// Lets a button be pressed by its own person alone, and approvals with it.
    #[must_use]
    pub fn with_people(mut self, people: Arc<dyn SlackPeople>) -> Self {
        self.desk = Arc::new(Desk {
            engine: self.desk.engine.clone(),
            tickets: self.desk.tickets.clone(),
            people: Some(people),
            clock: self.desk.clock.clone(),
        });
        self
    }

    /// Takes one request: its headers, and its body as it came, before it is parsed. Once
    /// it is verified it is dealt with to the end, even when this future is dropped.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, which does the rest of the work.
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
        let desk = self.desk.clone();
        // A server drops the future of a request whose sender went away; the press counts.
        let work = tokio::spawn(async move {
            let reply = desk.press(press).await;
            // What could not be written down may come again as it is.
            if reply.status == StatusCode::OK {
                fresh.handled();
            }
            reply
        });
        work.await.unwrap_or_else(|error| {
            tracing::error!(error = explained(&error), "a press was not dealt with");
            SlackReply::quiet(StatusCode::SERVICE_UNAVAILABLE)
        })
    }
}

/// What came of an answer: what the person is told.
enum Outcome {
    Recorded(String),
    Refused(String),
    /// It may be pressed again.
    Trouble,
}

impl Desk {
    async fn press(&self, press: Press) -> SlackReply {
        // A button that only leads elsewhere has no value.
        let (Some(token), Some(what)) = (&press.value, given_by(&press.action)) else {
            return SlackReply::quiet(StatusCode::OK);
        };
        let mut reply = SlackReply::quiet(StatusCode::OK);
        let ticket = match self.tickets.read(token.expose(), self.clock.now()) {
            Ok(ticket) if What::of(&ticket.kind) == what => ticket,
            Err(TicketError::Expired(until)) => {
                let why = format!("this button was good until {until}; ask for a new notice");
                reply.said = Some(refused(&why));
                reply.tell_at = press.response_url;
                return reply;
            }
            Ok(_) | Err(_) => {
                reply.said = Some(refused(NOT_OURS));
                reply.tell_at = press.response_url;
                return reply;
            }
        };
        let outcome = match self.stranger(&press, &ticket).await {
            Some(outcome) => outcome,
            None => self.answer(&ticket).await,
        };
        let recorded = matches!(outcome, Outcome::Recorded(_));
        reply.said = Some(match outcome {
            Outcome::Recorded(said) | Outcome::Refused(said) => said,
            Outcome::Trouble => {
                reply.status = StatusCode::SERVICE_UNAVAILABLE;
                refused("it could not be written down just now; press again later")
            }
        });
        let (team, user) = (press.team, press.user);
        tracing::info!(
            user, team, recorded, retirement = %ticket.retirement, person = %ticket.person,
            answer = %ticket.kind, "a button was pressed in Slack"
        );
        reply.tell_at = press.response_url;
        reply.pressed = Some(Pressed {
            team,
            user,
            ticket,
            recorded,
        });
        reply
    }

    /// Why whoever pressed may not answer by this ticket; nothing when they may.
    async fn stranger(&self, press: &Press, ticket: &AnswerTicket) -> Option<Outcome> {
        let Some(people) = &self.people else {
            return match &ticket.kind {
                AnswerKind::Approve { .. } => Some(Outcome::Refused(refused(
                    "who presses is not known here, so that nobody can approve by a button; \
                     approve by the link in your mail",
                ))),
                AnswerKind::Acknowledge | AnswerKind::Object | AnswerKind::MoreTime => None,
            };
        };
        let theirs = &ticket.person;
        match people.person(press.team.as_deref(), &press.user).await {
            Ok(Some(person)) if person == *theirs => None,
            Ok(Some(person)) => Some(Outcome::Refused(refused(&format!(
                "this button is for {theirs}, and you are {person}; answer by the button or the \
                 link in your own notice"
            )))),
            Ok(None) => Some(Outcome::Refused(refused(&format!(
                "this button is for {theirs}, and it is not known who you are; answer by the \
                 link in your mail, or ask to have your account of Slack added"
            )))),
            Err(error) => {
                tracing::error!(
                    error = explained(error.as_ref()),
                    user = press.user,
                    team = press.team,
                    "who pressed a button in Slack could not be looked up"
                );
                Some(Outcome::Trouble)
            }
        }
    }

    async fn answer(&self, ticket: &AnswerTicket) -> Outcome {
        let answer = self.engine.answer(ticket.clone(), AnswerWords::default());
        match answer.await {
            Ok(()) => Outcome::Recorded(format!("Thank you. {}", ticket.recorded())),
            Err(EngineError::Refused(Refusal::AnswerUsed(_))) => Outcome::Refused(format!(
                "It was answered before, and counts once. {}",
                ticket.recorded()
            )),
            Err(EngineError::Refused(refusal)) => Outcome::Refused(refused(&refusal.to_string())),
            // Signed with our key for another log: pressing again does not help.
            Err(EngineError::Journal(error @ JournalError::NoSuchStream(_))) => {
                tracing::warn!(%error, "a button of another log was pressed in Slack");
                Outcome::Refused(refused(NOT_OURS))
            }
            // What it is exactly is for the operator, not for whoever has a button.
            Err(trouble) => {
                tracing::error!(
                    error = explained(&trouble), retirement = %ticket.retirement,
                    person = %ticket.person, answer = %ticket.kind,
                    "an answer by a button in Slack could not be recorded"
                );
                Outcome::Trouble
            }
        }
    }
}

const NOT_OURS: &str = "this button is not one of ours; ask for a new notice";

fn refused(why: &str) -> String {
    format!("Nothing was recorded: {why}.")
}

impl fmt::Debug for SlackAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackAnswers").finish_non_exhaustive()
    }
}
