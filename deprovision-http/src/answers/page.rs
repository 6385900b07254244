//! What the page shows.

use deprovision_core::answer::{AnswerKind, AnswerTicket};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::form::Form;

const PAGE: &str = include_str!("page.html");

/// All that the page can show. It is not `Debug`: with the token one answers for its person.
#[derive(Default, Serialize)]
pub(super) struct Page {
    title: String,
    problem: Option<String>,
    lines: Vec<String>,
    button: Option<&'static str>,
    asks_reason: bool,
    asks_until: bool,
    token: String,
    reason: String,
    until: String,
}

/// Whether an answer is asked why, and until when.
pub(super) fn asks(kind: &AnswerKind) -> (bool, bool) {
    match kind {
        AnswerKind::Acknowledge | AnswerKind::Approve { .. } => (false, false),
        AnswerKind::Object => (true, false),
        AnswerKind::MoreTime => (true, true),
    }
}

impl Page {
    /// The form of a link, with what was written before where that could not be taken.
    pub(super) fn ask(ticket: &AnswerTicket, form: &Form, problem: Option<String>) -> Self {
        let (asks_reason, asks_until) = asks(&ticket.kind);
        let name = &ticket.retirement;
        let (title, line, button) = match &ticket.kind {
            AnswerKind::Acknowledge => (
                format!("You have read that {name} will be retired"),
                "That you have read it is recorded. You can still object afterwards.".to_owned(),
                "I have read it",
            ),
            AnswerKind::Object => (
                format!("Object to the retirement of {name}"),
                "An objection holds the retirement until you withdraw it or it expires.".to_owned(),
                "Object",
            ),
            AnswerKind::MoreTime => (
                format!("Ask for more time before {name} is retired"),
                "Until that day the retirement is held.".to_owned(),
                "Ask for time",
            ),
            AnswerKind::Approve { plan, step } => (
                match step {
                    Some(step) => format!("Approve {step} of the retirement of {name}"),
                    None => format!("Approve the plan to retire {name}"),
                },
                match step {
                    Some(_) => format!(
                        "This step can not be taken back. You approve what the plan {plan} says \
                         of it, and nothing else."
                    ),
                    None => format!("You approve what the plan {plan} says, and nothing else."),
                },
                "Approve",
            ),
        };
        Self {
            title,
            problem,
            lines: vec![format!("You answer as {}.", ticket.person), line],
            button: Some(button),
            asks_reason,
            asks_until,
            token: form.token.clone(),
            reason: form.reason.clone(),
            until: form.until.clone(),
        }
    }

    /// That it is recorded.
    pub(super) fn done(ticket: &AnswerTicket) -> Self {
        Self {
            title: "Thank you".to_owned(),
            lines: vec![
                ticket.recorded(),
                "This link has done its work; you can close this page.".to_owned(),
            ],
            ..Self::default()
        }
    }

    /// Why nothing was recorded.
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self {
            title: "Nothing was recorded".to_owned(),
            problem: Some(why.into()),
            ..Self::default()
        }
    }

    /// As HTML.
    pub(super) fn html(&self) -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.template_from_str(PAGE)?.render(Serde(self))
    }
}
