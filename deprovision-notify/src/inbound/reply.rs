//! What came of a press.

use std::time::Duration;

use deprovision_core::answer::AnswerTicket;
use deprovision_core::secret::Secret;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::fetch::{Answer, AnswerBody, FetchError, HttpClient, Outgoing, Target};
use crate::slack::{escaped, plain, word};

/// How much of a sentence is shown, in characters.
const MAX_SAID: usize = 1_000;
/// How much of an answer is read: Slack's is one word.
const MAX_ANSWER: usize = 4 * 1024;

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
    pub(super) tell_at: Option<Secret>,
}

/// A button with a ticket of ours that somebody pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pressed {
    /// Their workspace or organisation, as Slack names it: see
    /// [`Press::team`](super::Press::team).
    pub team: Option<String>,
    /// Who pressed, as Slack names them.
    pub user: String,
    /// What the button was good for, and in whose name.
    pub ticket: AnswerTicket,
    /// Whether that went into the log by this press.
    pub recorded: bool,
}

/// Why somebody was not told what came of their press. Nothing about the answer changes by
/// it, and a further press tells it again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TellError {
    /// It could not be sent, or nobody knows whether it was.
    #[error("who pressed could not be told what came of it; what was recorded stays so")]
    Fetch(#[source] FetchError),
    /// Slack did not take it.
    #[error(
        "Slack did not take what it should tell who pressed (status {status}, {code}); what was \
         recorded stays so. Tell it within half an hour of the press, and five times at most"
    )]
    Refused {
        /// With which status it answered.
        status: StatusCode,
        /// Its word for why: `used_url`, `expired_url`; `no reason given` where it says none.
        code: String,
    },
}

/// What Slack writes when it refuses.
#[derive(Deserialize)]
struct Refused {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
}

impl SlackReply {
    pub(super) fn quiet(status: StatusCode) -> Self {
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
    /// [`TellError`] when it could not be sent, or Slack did not take it. Nothing about the
    /// answer changes by it, and a further press tells it again.
    pub async fn tell(self, client: &HttpClient, deadline: Duration) -> Result<(), TellError> {
        let (Some(said), Some(address)) = (self.said, self.tell_at) else {
            return Ok(());
        };
        let target = Target::parse(address.expose(), client.reach())
            .map_err(|error| TellError::Fetch(error.into()))?;
        let message = json!({
            "response_type": "ephemeral",
            "replace_original": false,
            "text": escaped(&said, MAX_SAID),
            "blocks": [{ "type": "section", "text": plain(&said, MAX_SAID) }],
        });
        let mut outgoing = Outgoing::json(message.to_string());
        outgoing.max_answer = MAX_ANSWER;
        let answer = client.post(&target, outgoing, deadline).await;
        taken(&answer.map_err(TellError::Fetch)?)
    }
}

/// Whether Slack took it. It can refuse with a status, with a word, or with both.
fn taken(answer: &Answer) -> Result<(), TellError> {
    let refused = match &answer.body {
        AnswerBody::Whole(body) => serde_json::from_slice::<Refused>(body).ok(),
        AnswerBody::Cut => None,
    };
    let refused = refused.filter(|refused| !refused.ok);
    if answer.status.is_success() && refused.is_none() {
        return Ok(());
    }
    let code = refused.and_then(|refused| refused.error);
    let code = code.as_deref().and_then(word).unwrap_or("no reason given");
    Err(TellError::Refused {
        status: answer.status,
        code: code.to_owned(),
    })
}
