//! The model that `stalled` searches: one credential, two workers, requests on their way.

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
pub(super) const TICKS: u64 = 7;
/// Nobody calls it off later: then only another retirement ends well, and that is
/// not what is searched.
const CALLED_OFF_BY: u64 = 3;

/// What keeps the counter-example away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Only the fence on the log.
    None,
    /// After an undo it is looked again once late requests can no longer land.
    LastLook,
    /// Calling off is refused once an intent is in the log.
    NoVetoAfterIntent,
}

/// What a worker is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Task {
    Nothing,
    /// The intent is in the log; the request is not sent. `true` disables.
    ToSend(bool),
    /// The request is sent; the answer has not come.
    Sent,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Worker {
    pub(super) epoch: u64,
    /// The tick at which its lease ends.
    pub(super) until: u64,
    pub(super) task: Task,
}

#[derive(Clone)]
pub(super) struct State {
    pub(super) log: Retirement,
    pub(super) tick: u64,
    pub(super) epoch: u64,
    pub(super) workers: [Worker; 2],
    /// Requests on their way: what they set, and the tick from which on they can not land.
    pub(super) flying: Vec<(bool, u64)>,
    pub(super) disabled: bool,
}

pub(super) struct Model {
    guard: Guard,
    start: Timestamp,
    pub(super) action: ActionId,
}

impl Model {
    pub(super) fn new(guard: Guard) -> (Self, State) {
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
    pub(super) fn steps(&self, state: &State) -> Vec<(String, State)> {
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
            | Next::Tell { .. }
            | Next::SeeDeliveries
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
    pub(super) fn is_bad(&self, state: &State) -> bool {
        let may_send =
            |worker: &Worker| matches!(worker.task, Task::ToSend(_)) && state.tick < worker.until;
        *state.log.mode() == Mode::Cancelled
            && state.disabled
            && state.flying.is_empty()
            && !state.workers.iter().any(may_send)
    }
}
