//! Moments, colours and small words of the page.

use serde::Serialize;

use crate::journal::Actor;
use crate::provider::Outcome;
use crate::retirement::{ActionPhase, ActionRun};
use crate::time::Timestamp;

/// A moment for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct When {
    iso: String,
    day: String,
    text: String,
}

impl When {
    /// For people.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// A moment; always in UTC, as the log is.
pub(super) fn when(at: Timestamp) -> When {
    When {
        iso: at.to_string(),
        day: day(at),
        text: at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

/// A day.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The time of a day.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// How something is to be taken: a colour, and never the only sign of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tone {
    Good,
    Busy,
    Warn,
    Bad,
    Calm,
}

/// Where an action is, in words.
pub(super) fn phase(run: &ActionRun) -> (&'static str, Tone) {
    match run.phase {
        ActionPhase::Waiting => ("not begun", Tone::Calm),
        ActionPhase::Prepared if run.intended_at.is_some() => {
            ("did not work, will be sent again", Tone::Warn)
        }
        ActionPhase::Prepared => ("ready to be sent", Tone::Calm),
        ActionPhase::Intended => ("perhaps sent, will be looked at", Tone::Busy),
        ActionPhase::Settling => ("answered, is being looked at", Tone::Busy),
        ActionPhase::Verified => ("verified", Tone::Good),
        ActionPhase::Skipped => ("was so before", Tone::Good),
        ActionPhase::UndoIntended => ("undo perhaps sent, will be looked at", Tone::Busy),
        ActionPhase::UndoSettling => ("undo answered, is being looked at", Tone::Busy),
        ActionPhase::Undone => ("undone", Tone::Calm),
    }
}

/// What an action's provider last said, when that is all there is.
pub(super) fn answer(run: &ActionRun) -> String {
    match &run.reported {
        Some(Outcome::NotDone { why }) => format!("the provider answered: not done ({why})"),
        Some(Outcome::Unknown { why }) => format!("not known whether it was done ({why})"),
        Some(Outcome::Done { .. }) | None => String::new(),
    }
}

/// Who caused an entry.
pub(super) fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Person(person) => person.to_string(),
        Actor::Worker(worker) => format!("worker {worker}"),
    }
}

/// `1 action`, `2 actions`.
pub(super) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    }
}
