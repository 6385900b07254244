//! The counter-example of invariant I-16, searched exhaustively: worker A sends
//! *disable* and stalls; B takes over; the retirement is called off; B restores
//! the credential and sees it active; the log says that everything is as it was;
//! and then A's late request lands.
//!
//! What is modelled: one credential; two workers with a lease on the log (growing
//! epochs, a stale append is refused); a person who calls the retirement off at
//! any moment that the machine allows; requests that land at any moment within
//! [`LANDS_WITHIN`] of being sent, or never, in any order; a worker that stalls at
//! any moment for any time, dies, or hears no answer. It sends only while its
//! lease lives, as its permit demands; a process that is stopped between that
//! check and the send is not modelled, and no log can fence it. Clocks agree.
//!
//! What decides is the real machine: `decide`, `evolve` and `next` are called on
//! a state that is cloned at every branch, so that the model can not drift from it.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde_json::json;

use super::world::*;
use crate::id::{ActionId, StepId};
use crate::observation::Observation;
use crate::pipeline::{Pipeline, Stage, StepSpec};
use crate::policy::Policy;
use crate::provider::{EffectClass, Outcome, Reversibility};
use crate::retirement::*;
use crate::time::{Period, Timestamp};

const TICK: Period = Period::minutes(1);
const LEASE: u64 = 2;
/// So many ticks after it was sent, a request can no longer land.
const LANDS_WITHIN: u64 = 2;
/// How many ticks are searched: enough for both leases, the undo and the last look.
const TICKS: u64 = 7;
/// Nobody calls it off later: then only another retirement ends well, and that is
/// not what is searched.
const CALLED_OFF_BY: u64 = 3;

/// What keeps the counter-example away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// Only the fence on the log.
    None,
    /// After an undo it is looked again once late requests can no longer land.
    LastLook,
    /// Calling off is refused once an intent is in the log.
    NoVetoAfterIntent,
}

/// What a worker is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Task {
    Nothing,
    /// The intent is in the log; the request is not sent. `true` disables.
    ToSend(bool),
    /// The request is sent; the answer has not come.
    Sent,
}

#[derive(Debug, Clone, Copy)]
struct Worker {
    epoch: u64,
    /// The tick at which its lease ends.
    until: u64,
    task: Task,
}

#[derive(Clone)]
struct State {
    log: Retirement,
    tick: u64,
    epoch: u64,
    workers: [Worker; 2],
    /// Requests on their way: what they set, and the tick from which on they can not land.
    flying: Vec<(bool, u64)>,
    disabled: bool,
}

struct Model {
    guard: Guard,
    start: Timestamp,
    action: ActionId,
}

impl Model {
    fn new(guard: Guard) -> (Self, State) {
        let step = "disable";
        let mut spec = StepSpec::new(
            StepId::parse(step).unwrap(),
            Stage::Revoke,
            "disable the credential",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        );
        if guard == Guard::LastLook {
            spec.late = Period::seconds(LANDS_WITHIN * TICK.as_seconds());
        }
        let policy = Policy::default();
        let pipeline = Pipeline::build(vec![spec], &policy).unwrap();
        let mut case = Case::of(policy, pipeline);
        case.until_act(step);
        let worker = |epoch, until| Worker {
            epoch,
            until,
            task: Task::Nothing,
        };
        let state = State {
            log: case.retirement,
            tick: 0,
            epoch: 1,
            workers: [worker(1, LEASE), worker(0, 0)],
            flying: Vec::new(),
            disabled: false,
        };
        let model = Self {
            guard,
            start: case.now,
            action: id(step, 0),
        };
        (model, state)
    }

    fn now(&self, state: &State) -> Timestamp {
        Period::seconds(state.tick * TICK.as_seconds()).after(self.start)
    }

    /// Gives a command to the real machine; `false` when it refuses.
    fn give(&self, state: &mut State, command: Command) -> bool {
        let now = self.now(state);
        let Ok(events) = state.log.decide(command, now) else {
            return false;
        };
        for event in &events {
            state.log.evolve(event, now);
        }
        true
    }

    fn intended(&self, state: &State) -> bool {
        state
            .log
            .actions()
            .values()
            .any(|run| run.intended_at.is_some())
    }

    /// Everything that may happen next.
    fn steps(&self, state: &State) -> Vec<(String, State)> {
        let mut next = Vec::new();
        if *state.log.mode() == Mode::Forward && state.tick > CALLED_OFF_BY {
            return next;
        }
        let mut may = |what: String, change: &dyn Fn(&mut State) -> bool| {
            let mut changed = state.clone();
            if change(&mut changed) {
                next.push((what, changed));
            }
        };
        if state.tick < TICKS {
            may("a minute passes".into(), &|s| {
                s.tick += 1;
                s.flying.retain(|(_, until)| s.tick < *until);
                true
            });
        }
        if self.guard != Guard::NoVetoAfterIntent || !self.intended(state) {
            may("somebody calls it off".into(), &|s| {
                let by = person("carol");
                let reason = "payroll".into();
                self.give(s, Command::Cancel { by, reason })
            });
        }
        for landing in 0..state.flying.len() {
            let what = if state.flying[landing].0 {
                "disable"
            } else {
                "restore"
            };
            may(format!("a request lands: {what}"), &|s| {
                s.disabled = s.flying.remove(landing).0;
                true
            });
        }
        for (w, name) in ["A", "B"].into_iter().enumerate() {
            let worker = state.workers[w];
            let alive = state.tick < worker.until;
            let owner = alive && worker.epoch == state.epoch;
            match worker.task {
                Task::Nothing if owner => {
                    may(format!("{name} goes on"), &|s| self.go_on(s, w));
                }
                Task::Nothing => {
                    let free = state.workers.iter().all(|other| other.until <= state.tick);
                    if free {
                        may(format!("{name} claims"), &|s| {
                            s.epoch += 1;
                            s.workers[w].epoch = s.epoch;
                            s.workers[w].until = s.tick + LEASE;
                            true
                        });
                    }
                }
                Task::ToSend(disable) if alive => {
                    may(format!("{name} sends (disable: {disable})"), &|s| {
                        s.flying.push((disable, s.tick + LANDS_WITHIN));
                        s.flying.sort_unstable();
                        // Two that do the same until the same moment are as good as one.
                        s.flying.dedup();
                        s.workers[w].task = Task::Sent;
                        true
                    });
                }
                Task::ToSend(_) => {
                    may(format!("{name} finds its lease over"), &|s| {
                        s.workers[w].task = Task::Nothing;
                        true
                    });
                }
                Task::Sent => {
                    if owner {
                        may(format!("{name} hears: unknown"), &|s| {
                            s.workers[w].task = Task::Nothing;
                            let action = self.action.clone();
                            let outcome = Outcome::unknown("timed out");
                            self.give(s, Command::Report { action, outcome });
                            true
                        });
                    }
                    may(format!("{name} dies and is started again"), &|s| {
                        s.workers[w].task = Task::Nothing;
                        s.workers[w].until = s.workers[w].until.min(s.tick);
                        true
                    });
                }
            }
        }
        next
    }

    /// The owner does what the machine asks for.
    fn go_on(&self, state: &mut State, w: usize) -> bool {
        let epoch = state.workers[w].epoch;
        match state.log.next(self.now(state)) {
            Next::Act { actions, .. } => {
                let capacity = Capacity::new(0, 0);
                let begun = self.give(
                    state,
                    Command::Begin {
                        actions,
                        epoch,
                        capacity,
                    },
                );
                state.workers[w].task = Task::ToSend(true);
                begun
            }
            Next::Undo { actions } => {
                let begun = self.give(state, Command::BeginUndo { actions, epoch });
                state.workers[w].task = Task::ToSend(false);
                begun
            }
            Next::Observe { actions } => {
                let reading = if state.disabled {
                    Reading::Applied {
                        evidence: "inactive".into(),
                    }
                } else {
                    Reading::NotApplied { before: json!({}) }
                };
                let now = self.now(state);
                actions.into_iter().all(|action| {
                    let reading = Observation::complete(reading.clone(), now);
                    self.give(state, Command::Observe { action, reading })
                })
            }
            // One action is all of the plan, and the search ends where it is retired.
            Next::Certify
            | Next::Audit
            | Next::MakePlan
            | Next::ReadUsage { .. }
            | Next::CheckScope { .. }
            | Next::Prepare { .. }
            | Next::Wait { .. }
            | Next::Finished => false,
        }
    }

    /// The log says that everything is as it was, nothing can change it any more,
    /// and it is not so.
    fn is_bad(&self, state: &State) -> bool {
        let may_send =
            |worker: &Worker| matches!(worker.task, Task::ToSend(_)) && state.tick < worker.until;
        *state.log.mode() == Mode::Cancelled
            && state.disabled
            && state.flying.is_empty()
            && !state.workers.iter().any(may_send)
    }
}

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
