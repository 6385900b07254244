//! The counter-example of invariant I-16, searched exhaustively: worker A sends
//! *disable* and stalls; B takes over; the retirement is called off; B restores
//! the credential and sees it active; the log says that everything is as it was;
//! and then A's late request lands.
//!
//! What is modelled: one credential; two workers with a lease on the log (growing
//! epochs, a stale append is refused); a person who calls the retirement off at
//! any moment that the machine allows; requests that land at any moment within
//! `LANDS_WITHIN` of being sent, or never, in any order; a worker that stalls at
//! any moment for any time, dies, or hears no answer. It sends only while its
//! lease lives, as its permit demands; a process that is stopped between that
//! check and the send is not modelled, and no log can fence it. Clocks agree.
//!
//! What decides is the real machine: `decide`, `evolve` and `next` are called on
//! a state that is cloned at every branch, so that the model can not drift from it.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::model::{Guard, Model, State, TICKS, Task};
use crate::id::ActionId;
use crate::retirement::*;
use crate::time::Timestamp;

/// What tells two states apart: everything that decides what may happen next.
type Key = (
    (&'static str, bool, u64, bool),
    (u8, u32, u32, u32, u32),
    (Option<Timestamp>, Timestamp, Option<Timestamp>),
    [(u64, bool, Task); 2],
    Vec<(bool, u64)>,
);

fn key(state: &State, action: &ActionId) -> Key {
    let run = &state.log.actions()[action];
    let workers = state.workers.map(|worker| {
        let left = worker.until.saturating_sub(state.tick);
        (left, worker.epoch == state.epoch, worker.task)
    });
    (
        (
            mode(state),
            state.log.parked().is_some(),
            state.tick,
            state.disabled,
        ),
        (
            run.phase as u8,
            run.attempts,
            run.agreeing,
            run.contrary,
            run.failures,
        ),
        (run.intended_at, run.since, run.not_before),
        workers,
        state.flying.clone(),
    )
}

fn mode(state: &State) -> &'static str {
    match state.log.mode() {
        Mode::Cancelled => "restored",
        Mode::Forward => "forward",
        Mode::Unwinding => "unwinding",
        Mode::Watching { .. } | Mode::Finished => "retired",
    }
}

/// What a search found.
struct Found {
    states: usize,
    ends: BTreeMap<&'static str, usize>,
    trace: Option<Vec<String>>,
}

fn search(guard: Guard) -> Found {
    let (model, first) = Model::new(guard);
    let mut seen = HashSet::from([key(&first, &model.action)]);
    // Each state with the way to it: what happened, and the index of the state before.
    let mut ways: Vec<(String, usize)> = vec![("A owns the retirement".into(), 0)];
    let mut queue = VecDeque::from([(first, 0)]);
    let mut found = Found {
        states: 0,
        ends: BTreeMap::new(),
        trace: None,
    };
    while let Some((state, at)) = queue.pop_front() {
        found.states += 1;
        if state.tick == TICKS {
            let bad = model.is_bad(&state);
            let end = if bad { "bad" } else { mode(&state) };
            *found.ends.entry(end).or_default() += 1;
        }
        if found.trace.is_none() && model.is_bad(&state) {
            let mut trace = Vec::new();
            let mut at = at;
            while at != 0 {
                let (what, before) = &ways[at];
                trace.push(what.clone());
                at = *before;
            }
            trace.reverse();
            found.trace = Some(trace);
        }
        for (what, next) in model.steps(&state) {
            if seen.insert(key(&next, &model.action)) {
                ways.push((what, at));
                queue.push_back((next, ways.len() - 1));
            }
        }
    }
    found
}

#[test]
fn i_16_with_only_the_log_fenced_a_late_request_undoes_the_undo() {
    let found = search(Guard::None);
    let trace = found.trace.expect("the counter-example is gone");
    println!("{} states, ends: {:?}", found.states, found.ends);
    println!("a way to a bad end:\n  {}", trace.join("\n  "));
    assert!(found.ends["bad"] > 0);
    let position = |what: &str| trace.iter().rposition(|step| step.contains(what));
    assert!(position("calls it off") < position("lands: disable"));
}

#[test]
fn i_16_a_look_once_late_requests_can_not_land_leaves_no_bad_end() {
    let found = search(Guard::LastLook);
    println!("{} states, ends: {:?}", found.states, found.ends);
    if let Some(trace) = found.trace {
        panic!("a bad end:\n  {}", trace.join("\n  "));
    }
    // And it is no proof by having nothing to search.
    assert!(found.ends["restored"] > 0, "{:?}", found.ends);
}

#[test]
fn i_16_no_veto_after_the_intent_leaves_no_bad_end() {
    let found = search(Guard::NoVetoAfterIntent);
    println!("{} states, ends: {:?}", found.states, found.ends);
    if let Some(trace) = found.trace {
        panic!("a bad end:\n  {}", trace.join("\n  "));
    }
    assert!(found.ends["restored"] > 0, "{:?}", found.ends);
}
