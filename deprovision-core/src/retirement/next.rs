//! What a driver should do now.

use crate::id::{ActionId, StepId};
use crate::pipeline::{StepSpec, ids};
use crate::provider::{EffectClass, NoticeStage};
use crate::retirement::gates::Closed;
use crate::retirement::{ActionPhase, ActionRun, Explain, Mode, Retirement, WaitRule};
use crate::time::{Period, Timestamp};

/// What a driver should do now. Actions in one answer belong to one step and may
/// be done side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must know how to do everything that is asked of it"
)]
pub enum Next {
    /// Make the plan.
    MakePlan,
    /// Read usage in a window of this length that ends now.
    ReadUsage {
        /// How long.
        quiet: Period,
    },
    /// Find the targets of the step again and compare.
    CheckScope {
        /// Which step.
        step: StepId,
    },
    /// Look at the targets before anything is sent.
    Prepare {
        /// Which actions.
        actions: Vec<ActionId>,
    },
    /// Send the actions.
    Act {
        /// Which step.
        step: StepId,
        /// Which actions.
        actions: Vec<ActionId>,
    },
    /// Look at the targets after something was sent.
    Observe {
        /// Which actions.
        actions: Vec<ActionId>,
    },
    /// Send the undos.
    Undo {
        /// Which actions.
        actions: Vec<ActionId>,
    },
    /// Nothing now; all that is waited for, explained.
    Wait {
        /// When to ask again; `None` when only a person's act changes anything.
        until: Option<Timestamp>,
        /// What is waited for.
        why: Vec<Explain>,
    },
    /// Tell people what stage it is at. Nothing waits for it: who can not be told is
    /// noted, and it goes on.
    Tell {
        /// Which stage.
        stage: NoticeStage,
    },
    /// Look what became of the notices that are [awaited](Retirement::awaited). Nothing
    /// waits for it.
    SeeDeliveries,
    /// Sign the certificate.
    Certify,
    /// Look whether anything came back.
    Audit,
    /// Nothing, ever.
    Finished,
}

/// Collects waits until something to do is found.
#[derive(Default)]
struct Waits {
    until: Option<Timestamp>,
    why: Vec<Explain>,
}

/// The earlier of two moments that may be known.
fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Waits {
    fn add(&mut self, why: Explain) {
        self.until = earlier(self.until, why.next_check_at);
        self.why.push(why);
    }

    fn into_next(self) -> Next {
        Next::Wait {
            until: self.until,
            why: self.why,
        }
    }
}

impl Retirement {
    /// What a driver should do now. An action that was intended and has no
    /// outcome leads to a look, never to another send.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Next {
        let now = self.forward(now);
        if let Some(parked) = &self.parked {
            let need = format!("{} by {}", parked.next_safe_action, parked.owner);
            let mut waits = Waits::default();
            waits.add(Explain::new(
                WaitRule::Parked,
                format!("parked: {}", parked.reason),
                need,
                None,
            ));
            return waits.into_next();
        }
        let next = match &self.mode {
            Mode::Forward => self.next_forward(now),
            Mode::Unwinding => self.next_undo(now),
            Mode::Watching { since } => self.next_audit(*since, now),
            Mode::Cancelled | Mode::Finished => Next::Finished,
        };
        match next {
            // What was sent is looked at first.
            Next::Observe { .. } | Next::MakePlan | Next::Finished => next,
            Next::Wait { until, why } => match (self.tell(now), self.deliveries_at()) {
                (Some(stage), _) => Next::Tell { stage },
                (None, Some(at)) if at <= now => Next::SeeDeliveries,
                (None, look) => Next::Wait {
                    until: earlier(until, earlier(self.tell_at(now), look)),
                    why,
                },
            },
            Next::ReadUsage { .. }
            | Next::CheckScope { .. }
            | Next::Prepare { .. }
            | Next::Act { .. }
            | Next::Undo { .. }
            | Next::Tell { .. }
            | Next::SeeDeliveries
            | Next::Certify
            | Next::Audit => match self.tell(now) {
                Some(stage) => Next::Tell { stage },
                None => next,
            },
        }
    }

    fn next_forward(&self, now: Timestamp) -> Next {
        let mut waits = Waits::default();
        // What was sent is looked at first, whatever else holds: also under an objection.
        for step in self.pipeline.steps() {
            let actions = self.ready(step, now, &mut waits, |run| self.look_at(step, run));
            if !actions.is_empty() {
                return Next::Observe { actions };
            }
        }
        if self.plan.is_none() {
            return Next::MakePlan;
        }
        let complete = self.completions();
        if complete.len() == self.pipeline.steps().len() {
            // Of what can be taken back, nothing is sealed under an objection.
            let Some(objection) = self.open_objection(now) else {
                return match self.waiver_lapsed(now) {
                    Some(step) => Next::CheckScope { step },
                    None => Next::Certify,
                };
            };
            waits.add(Explain::new(
                WaitRule::Objection,
                format!("an objection of {}: {}", objection.by, objection.reason),
                "its withdrawal or expiry",
                Some(objection.expires),
            ));
            return waits.into_next();
        }
        for step in self
            .pipeline
            .steps()
            .iter()
            .filter(|step| !complete.contains_key(&step.id))
        {
            // A step whose actions are all under way has nothing to begin.
            if !self
                .planned(&step.id)
                .iter()
                .any(|action| self.is_startable(&action.id))
            {
                continue;
            }
            match self.closed_gate(step, &complete, now) {
                Some(Closed::ReadUsage { quiet }) => return Next::ReadUsage { quiet },
                Some(Closed::Wait(why)) => waits.add(why),
                None => {
                    if let Some(next) = self.start(step, now, &mut waits) {
                        return next;
                    }
                }
            }
        }
        waits.into_next()
    }

    /// The step that removes grants, when a waiver ran out since its targets were last
    /// compared: what was left out of the plan for that waiver has to be seen again
    /// before anything is certified (invariant I-6).
    fn waiver_lapsed(&self, now: Timestamp) -> Option<StepId> {
        let mut steps = self.pipeline.steps().iter().map(|step| &step.id);
        let step = steps.find(|id| id.as_str() == ids::REMOVE_GRANTS)?;
        let compared = self.scope.get(step).copied().unwrap_or(self.planned_at);
        let lapsed = |end: Timestamp| compared < end && end <= now;
        let ends = self.waivers.iter().map(|waiver| waiver.expires);
        ends.into_iter().any(lapsed).then(|| step.clone())
    }

    fn is_startable(&self, action: &ActionId) -> bool {
        self.run(action).is_some_and(|run| {
            matches!(
                run.phase,
                ActionPhase::Waiting | ActionPhase::Prepared | ActionPhase::Undone
            )
        })
    }

    /// What begins a step whose gates are open.
    fn start(&self, step: &StepSpec, now: Timestamp, waits: &mut Waits) -> Option<Next> {
        if !self.scope.contains_key(&step.id) {
            return Some(Next::CheckScope {
                step: step.id.clone(),
            });
        }
        let waiting = self.ready(step, now, waits, |run| {
            (run.phase == ActionPhase::Waiting).then_some(run.since)
        });
        if !waiting.is_empty() {
            return Some(if step.effect == EffectClass::Reading {
                Next::Observe { actions: waiting }
            } else {
                Next::Prepare { actions: waiting }
            });
        }
        let mut actions = self.ready(step, now, waits, |run| {
            (run.phase == ActionPhase::Prepared).then_some(run.since)
        });
        // The canary: until one action of a step was seen to work, one is sent (invariant I-12).
        let all = self.planned(&step.id);
        let proven = all
            .iter()
            .any(|a| self.run(&a.id).is_some_and(ActionRun::is_complete));
        let in_flight = all.iter().any(|a| {
            self.run(&a.id).is_some_and(|run| {
                matches!(run.phase, ActionPhase::Intended | ActionPhase::Settling)
            })
        });
        if !proven {
            actions.truncate(usize::from(!in_flight));
        }
        (!actions.is_empty()).then(|| Next::Act {
            step: step.id.clone(),
            actions,
        })
    }

    /// When an action that was sent may be looked at; `None` when it was not sent.
    /// A step of the wall clock brings no look nearer (invariant I-21).
    fn look_at(&self, step: &StepSpec, run: &ActionRun) -> Option<Timestamp> {
        match run.phase {
            ActionPhase::Settling => Some(self.passed_at(run.since, step.settle)),
            // A driver died in the middle: what it sent may still land.
            ActionPhase::Intended => Some(self.passed_at(run.since, step.settle.max(step.late))),
            // A late request can land until then (invariant I-16). Counted from the
            // undo and not from the intent: whoever intended it may have sent it
            // much later, but not after the undo's owner had the lease.
            ActionPhase::UndoSettling | ActionPhase::UndoIntended => {
                Some(self.passed_at(run.since, step.settle.max(step.late)))
            }
            ActionPhase::Waiting
            | ActionPhase::Prepared
            | ActionPhase::Verified
            | ActionPhase::Skipped
            | ActionPhase::Undone => None,
        }
    }

    /// The step's actions whose moment, as `moment` gives it, has come.
    fn ready(
        &self,
        step: &StepSpec,
        now: Timestamp,
        waits: &mut Waits,
        moment: impl Fn(&ActionRun) -> Option<Timestamp>,
    ) -> Vec<ActionId> {
        let mut ready = Vec::new();
        for (id, run) in &self.actions {
            let Some(moment) = moment(run) else {
                continue;
            };
            // Asked last: most actions have nothing to wait for, and this is a search.
            if self.steps_of.get(id) != Some(&step.id) {
                continue;
            }
            let at = run
                .not_before
                .map_or(moment, |not_before| not_before.max(moment));
            if at <= now {
                ready.push(id.clone());
            } else {
                waits.add(Explain::new(
                    WaitRule::Settle,
                    format!("{id} is {:?}", run.phase),
                    "a look",
                    Some(at),
                ));
            }
        }
        ready
    }

    /// Everything that may have had an effect is undone, the last step first.
    fn next_undo(&self, now: Timestamp) -> Next {
        let mut waits = Waits::default();
        for step in self.pipeline.steps().iter().rev() {
            let looks = self.ready(step, now, &mut waits, |run| match run.phase {
                ActionPhase::UndoIntended | ActionPhase::UndoSettling => self.look_at(step, run),
                ActionPhase::Waiting
                | ActionPhase::Prepared
                | ActionPhase::Intended
                | ActionPhase::Settling
                | ActionPhase::Verified
                | ActionPhase::Skipped
                | ActionPhase::Undone => None,
            });
            if !looks.is_empty() {
                return Next::Observe { actions: looks };
            }
            let actions = self.ready(step, now, &mut waits, |run| {
                let sent = !matches!(
                    run.phase,
                    ActionPhase::UndoIntended | ActionPhase::UndoSettling
                );
                (sent && run.may_have_effect()).then_some(run.since)
            });
            if !actions.is_empty() {
                return Next::Undo { actions };
            }
            if waits.until.is_some() {
                // An earlier step is undone only after the later ones.
                return waits.into_next();
            }
        }
        waits.into_next()
    }

    fn next_audit(&self, since: Timestamp, now: Timestamp) -> Next {
        let last = self.audited_at.filter(|at| *at >= since).unwrap_or(since);
        let next = self.policy.watch.every.after(last);
        if next <= now {
            return Next::Audit;
        }
        let mut waits = Waits::default();
        waits.add(Explain::new(
            WaitRule::Watch,
            format!("looked at {last}"),
            "the next audit",
            Some(next),
        ));
        waits.into_next()
    }
}
