//! A button that was pressed in Slack.

use deprovision_core::secret::Secret;
use serde::Deserialize;
use url::form_urlencoded;

/// A button that somebody pressed in Slack: a `block_actions` payload
/// (<https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>).
///
/// Verify the request first: [`SlackVerifier`](super::SlackVerifier). The user is who Slack
/// says pressed; which person of ours that is, a [`SlackPeople`](super::SlackPeople) says.
///
/// ```
/// use deprovision_notify::Press;
/// let body = "payload=%7B%22type%22%3A%22block_actions%22%2C\
///     %22team%22%3A%7B%22id%22%3A%22T1%22%7D%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D%2C\
///     %22actions%22%3A%5B%7B%22action_id%22%3A%22object%22%2C%22value%22%3A%22t0k3n%22%7D%5D%7D";
/// let press = Press::parse(body.as_bytes())?;
/// assert_eq!((press.user.as_str(), press.action.as_str()), ("U1", "object"));
/// assert_eq!(press.value.unwrap().expose(), "t0k3n");
/// # Ok::<(), deprovision_notify::PressError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Press {
    /// Whose user it is: the workspace (`T0123456789`), or the organisation (`E0123456789`).
    /// In a channel that two workspaces share, that of whoever pressed. Where Slack does
    /// not say it, the workspace of the press; none for an app of a whole organisation.
    pub team: Option<String>,
    /// Who pressed: `U0123456789`. Unique together with the workspace.
    pub user: String,
    /// The button's `action_id`.
    pub action: String,
    /// The button's value, such as the token of an answer; none for a button that only
    /// opens an address.
    pub value: Option<Secret>,
    /// Where something can be said to whoever pressed: five times within half an hour, by
    /// anybody who has the address.
    pub response_url: Option<Secret>,
}

/// Why a body is no pressed button. Nothing of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PressError {
    /// It has no field `payload`, or more than one.
    #[error("the body has no one field `payload`; is this the address for interactivity?")]
    NoPayload,
    /// The payload can not be read.
    #[error("the payload is not the JSON of a pressed button")]
    Unreadable,
    /// It is another kind of payload: a dialog, a shortcut.
    #[error("the payload is no pressed button but something else; answer 200 and do nothing")]
    OtherKind,
    /// No button or more than one was pressed.
    #[error("the payload does not hold exactly one pressed button")]
    NotOne,
}

#[derive(Deserialize)]
struct Payload {
    r#type: String,
    #[serde(default)]
    team: Option<Id>,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    response_url: Option<String>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    #[serde(default)]
    value: Option<String>,
}

impl Press {
    /// Reads the body of a request: a form with the field `payload`.
    ///
    /// # Errors
    /// [`PressError`] when it is no pressed button.
    pub fn parse(body: &[u8]) -> Result<Self, PressError> {
        let mut payloads = form_urlencoded::parse(body).filter(|(name, _)| name == "payload");
        let (Some((_, payload)), None) = (payloads.next(), payloads.next()) else {
            return Err(PressError::NoPayload);
        };
        let payload: Payload =
            serde_json::from_str(&payload).map_err(|_| PressError::Unreadable)?;
        if payload.r#type != "block_actions" {
            return Err(PressError::OtherKind);
        }
        let user = payload.user.ok_or(PressError::Unreadable)?;
        let mut actions = payload.actions.into_iter();
        let (Some(action), None) = (actions.next(), actions.next()) else {
            return Err(PressError::NotOne);
        };
        Ok(Self {
            team: user.team_id.or(payload.team.map(|team| team.id)),
            user: user.id,
            action: action.action_id,
            value: action.value.map(Secret::new),
            response_url: payload.response_url.map(Secret::new),
        })
    }
}
