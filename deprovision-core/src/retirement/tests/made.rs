//! The transitions that a machine really made, each held to the state table.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ActionId;
use crate::retirement::table::{ACTION, Cause, RETIREMENT, Row};
use crate::retirement::{ActionPhase, Event, Retirement, Standing};
use crate::time::Timestamp;

type Transition<S> = (Option<S>, Cause, S);

/// Every transition so far.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) actions: BTreeSet<Transition<ActionPhase>>,
    pub(super) retirement: BTreeSet<Transition<Standing>>,
    stood: Option<Standing>,
    phases: BTreeMap<ActionId, ActionPhase>,
}

impl Made {
    /// What a proposal makes.
    pub(super) fn of_a_proposal() -> Self {
        let mut made = Self::default();
        made.stands(Standing::Forward, Cause::Event("proposed"));
        made
    }

    /// Notes what the time that passed since the last event has changed.
    pub(super) fn before(&mut self, state: &Retirement, now: Timestamp) {
        self.stands(state.standing(now), Cause::Time);
    }

    /// Notes what an event changed.
    pub(super) fn after(&mut self, event: &Event, after: &Retirement, now: Timestamp) {
        let cause = Cause::Event(event.name());
        self.stands(after.standing(now), cause);
        for (id, run) in after.actions() {
            let from = self.phases.get(id).copied();
            if from != Some(run.phase) || event.action() == Some(id) {
                let made = (from, cause, run.phase);
                assert!(is_row(ACTION, made), "{id}: {made:?} is not in the table");
                self.actions.insert(made);
                self.phases.insert(id.clone(), run.phase);
            }
        }
    }

    fn stands(&mut self, standing: Standing, cause: Cause) {
        let from = self.stood.replace(standing);
        if from == Some(standing) {
            return;
        }
        let made = (from, cause, standing);
        assert!(is_row(RETIREMENT, made), "{made:?} is not in the table");
        self.retirement.insert(made);
    }

    /// Adds what another machine made.
    pub(super) fn merge(&mut self, other: Self) {
        self.actions.extend(other.actions);
        self.retirement.extend(other.retirement);
    }
}

fn is_row<S: PartialEq + Copy>(rows: &[Row<S>], (from, cause, to): Transition<S>) -> bool {
    rows.iter()
        .any(|row| row.from == from && row.cause == cause && row.to == to)
}
