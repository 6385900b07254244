//! The state table: every way from one state to another, as data.
//!
//! The machine does not run on it: `decide` and `evolve` say what happens, and
//! tests hold the three together. Every transition that the machine makes is a
//! row, every row is made by the machine, and the diagrams in
//! `docs/architecture.md` are the ones that are drawn here.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};

use crate::retirement::{ActionPhase, Standing};

/// What makes a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "something happens, or only time passes"
)]
pub enum Cause {
    /// An event, by its [name](crate::retirement::Event::name).
    Event(&'static str),
    /// Time that passes: no event says so.
    Time,
}

/// One way from a state to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row<S: 'static> {
    /// From where; `None` when there was nothing before.
    pub from: Option<S>,
    /// By what.
    pub cause: Cause,
    /// Where to. The same as `from` when the event changes other things only.
    pub to: S,
    /// When, for a person.
    pub when: &'static str,
}

const fn row<S>(from: Option<S>, cause: Cause, to: S, when: &'static str) -> Row<S> {
    Row {
        from,
        cause,
        to,
        when,
    }
}

const fn event(name: &'static str) -> Cause {
    Cause::Event(name)
}

/// The course of an action: every event that names one, in every phase in which
/// it may happen.
pub const ACTION: &[Row<ActionPhase>] = {
    use ActionPhase::{
        Intended, Prepared, Settling, Skipped, UndoIntended, UndoSettling, Undone, Verified,
        Waiting,
    };
    &[
        row(None, event("planned"), Waiting, "planned"),
        row(
            Some(Waiting),
            event("action_skipped"),
            Skipped,
            "it was so before",
        ),
        row(
            Some(Waiting),
            event("action_prepared"),
            Prepared,
            "what undo restores is recorded",
        ),
        row(
            Some(Waiting),
            event("action_observed"),
            Waiting,
            "a look of a step that only looks",
        ),
        row(
            Some(Waiting),
            event("action_verified"),
            Verified,
            "two agreeing looks of a step that only looks",
        ),
        row(
            Some(Waiting),
            event("look_delayed"),
            Waiting,
            "a look that could not tell",
        ),
        row(
            Some(Prepared),
            event("action_intended"),
            Intended,
            "every gate is open",
        ),
        row(
            Some(Prepared),
            event("look_delayed"),
            Prepared,
            "a call that failed before anything was sent",
        ),
        row(
            Some(Prepared),
            event("undo_intended"),
            UndoIntended,
            "called off after an attempt",
        ),
        row(
            Some(Intended),
            event("action_reported"),
            Settling,
            "the provider answered",
        ),
        row(
            Some(Intended),
            event("action_observed"),
            Intended,
            "a look after a crash",
        ),
        row(
            Some(Intended),
            event("look_delayed"),
            Intended,
            "a look that could not tell",
        ),
        row(
            Some(Intended),
            event("action_verified"),
            Verified,
            "two agreeing looks after a crash",
        ),
        row(
            Some(Intended),
            event("action_delayed"),
            Prepared,
            "it certainly was not done",
        ),
        row(
            Some(Intended),
            event("undo_intended"),
            UndoIntended,
            "called off",
        ),
        row(Some(Settling), event("action_observed"), Settling, "a look"),
        row(
            Some(Settling),
            event("look_delayed"),
            Settling,
            "a look that could not tell",
        ),
        row(
            Some(Settling),
            event("action_verified"),
            Verified,
            "two agreeing looks",
        ),
        row(
            Some(Settling),
            event("action_delayed"),
            Prepared,
            "two looks without the effect",
        ),
        row(
            Some(Settling),
            event("undo_intended"),
            UndoIntended,
            "called off",
        ),
        row(
            Some(Verified),
            event("undo_intended"),
            UndoIntended,
            "called off",
        ),
        row(
            Some(UndoIntended),
            event("undo_reported"),
            UndoSettling,
            "the provider answered",
        ),
        row(
            Some(UndoIntended),
            event("undo_observed"),
            UndoIntended,
            "a look after a crash",
        ),
        row(
            Some(UndoIntended),
            event("look_delayed"),
            UndoIntended,
            "a look that could not tell",
        ),
        row(
            Some(UndoIntended),
            event("action_delayed"),
            Prepared,
            "it certainly was not undone",
        ),
        row(
            Some(UndoIntended),
            event("action_undone"),
            Undone,
            "two agreeing looks after a crash, once late requests can not land",
        ),
        row(
            Some(UndoSettling),
            event("undo_observed"),
            UndoSettling,
            "a look",
        ),
        row(
            Some(UndoSettling),
            event("look_delayed"),
            UndoSettling,
            "a look that could not tell",
        ),
        row(
            Some(UndoSettling),
            event("action_delayed"),
            Prepared,
            "two looks that still show the effect",
        ),
        row(
            Some(UndoSettling),
            event("action_undone"),
            Undone,
            "two agreeing looks, once late requests can not land",
        ),
    ]
};

/// The course of a retirement: everything that changes where it stands.
pub const RETIREMENT: &[Row<Standing>] = {
    use Standing::{
        Cancelled, Finished, Forward, OnHold, Parked, Unwinding, UnwindingParked, Watching,
        WatchingParked,
    };
    &[
        row(None, event("proposed"), Forward, "proposed"),
        row(Some(Forward), event("objected"), OnHold, "an objection"),
        row(
            Some(OnHold),
            event("objection_withdrawn"),
            Forward,
            "the last objection is withdrawn",
        ),
        row(
            Some(OnHold),
            Cause::Time,
            Forward,
            "the last objection expires",
        ),
        row(
            Some(Forward),
            event("parked"),
            Parked,
            "a person has to help",
        ),
        row(
            Some(OnHold),
            event("parked"),
            Parked,
            "a person has to help",
        ),
        row(Some(Parked), event("resumed"), Forward, "a person helped"),
        row(
            Some(Parked),
            event("resumed"),
            OnHold,
            "a person helped, and an objection is open",
        ),
        row(
            Some(Forward),
            event("cancel_requested"),
            Unwinding,
            "called off before the pivot",
        ),
        row(
            Some(OnHold),
            event("cancel_requested"),
            Unwinding,
            "called off before the pivot",
        ),
        row(
            Some(Parked),
            event("cancel_requested"),
            Unwinding,
            "called off before the pivot",
        ),
        row(
            Some(Unwinding),
            event("parked"),
            UnwindingParked,
            "a person has to help",
        ),
        row(
            Some(UnwindingParked),
            event("resumed"),
            Unwinding,
            "a person helped",
        ),
        row(
            Some(Unwinding),
            event("unwound"),
            Cancelled,
            "everything is as it was",
        ),
        row(
            Some(Forward),
            event("certified"),
            Watching,
            "every step is complete, the certificate is signed",
        ),
        row(
            Some(Watching),
            event("parked"),
            WatchingParked,
            "a person has to help",
        ),
        row(
            Some(WatchingParked),
            event("resumed"),
            Watching,
            "a person helped",
        ),
        row(
            Some(Watching),
            event("watch_ended"),
            Finished,
            "the watch ends with a good audit",
        ),
    ]
};

/// The rows as a Mermaid state diagram. Rows that stay where they are are not
/// drawn; a state that nothing leaves is an end.
#[must_use]
pub fn mermaid<S: Debug + Copy + Ord>(rows: &[Row<S>]) -> String {
    let mut diagram = String::from("stateDiagram-v2\n");
    let name = |state: Option<S>| match state {
        Some(state) => format!("{state:?}"),
        None => "[*]".to_owned(),
    };
    let mut draw = |from: Option<S>, to: Option<S>, when: &str| {
        let colon = if when.is_empty() { "" } else { ": " };
        // Writing to a string does not fail.
        let _infallible = writeln!(diagram, "    {} --> {}{colon}{when}", name(from), name(to));
    };
    for row in rows.iter().filter(|row| row.from != Some(row.to)) {
        draw(row.from, Some(row.to), row.when);
    }
    let left: BTreeSet<S> = rows
        .iter()
        .filter(|row| row.from != Some(row.to))
        .filter_map(|row| row.from)
        .collect();
    let entered: BTreeSet<S> = rows.iter().map(|row| row.to).collect();
    for end in entered.difference(&left) {
        draw(Some(*end), None, "");
    }
    diagram
}
