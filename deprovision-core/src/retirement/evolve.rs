//! Applying an event. Never says no: whatever is in the log has happened.

use std::sync::Arc;

use crate::id::ActionId;
use crate::observation::Observation;
use crate::retirement::{
    ActionPhase, ActionRun, Event, Mode, Parked, Proposal, Reading, Retirement,
};
use crate::time::Timestamp;

impl Retirement {
    /// The state after the first event of a stream; `None` when that is not `Proposed`.
    #[must_use]
    pub fn begin(event: &Event, at: Timestamp) -> Option<Self> {
        let Event::Proposed { proposal } = event else {
            return None;
        };
        let Proposal {
            api,
            successor,
            by,
            reason,
            policy,
            pipeline,
        } = proposal.clone();
        Some(Self {
            api: Arc::new(api),
            successor,
            proposer: by,
            reason,
            policy: Arc::new(policy),
            pipeline: Arc::new(pipeline),
            proposed_at: at,
            last_at: at,
            mode: Mode::Forward,
            plan: None,
            planned_at: at,
            plans: 0,
            begun_at: None,
            approvals: Vec::new(),
            objections: Default::default(),
            waivers: Vec::new(),
            usage: None,
            scope: Default::default(),
            actions: Default::default(),
            steps_of: Default::default(),
            known: Default::default(),
            parked: None,
            pivot_at: None,
            clock_steps: Vec::new(),
            audited_at: None,
            ends: None,
            moved: 0,
            answers: Default::default(),
            told: Default::default(),
            awaited: Default::default(),
            deliveries_at: None,
            certificate: None,
            drift: Vec::new(),
            drifts: 0,
            asked: Default::default(),
        })
    }

    /// Applies an event that was decided at `at`.
    pub fn evolve(&mut self, event: &Event, at: Timestamp) {
        let at = self.forward(at);
        self.last_at = at;
        match event {
            // A stream has one beginning; another one in the log changes nothing.
            Event::Proposed { .. } => {}
            Event::Planned { plan, digest } => {
                let (steps_of, known) = (
                    Arc::make_mut(&mut self.steps_of),
                    Arc::make_mut(&mut self.known),
                );
                for (step, action) in plan.all() {
                    self.actions
                        .entry(action.id.clone())
                        .or_insert_with(|| ActionRun::new(at));
                    steps_of.insert(action.id.clone(), step.clone());
                    known.insert(action.id.clone(), action.clone());
                }
                // The catalog may know more of the API than when it was proposed.
                self.api = Arc::new(plan.api.clone());
                self.plan = Some((Arc::new(plan.clone()), *digest));
                self.planned_at = at;
                self.plans = self.plans.saturating_add(1);
                self.begun_at = None;
                self.scope.clear();
            }
            Event::PlanVoided { .. } => {
                self.plan = None;
                self.approvals.clear();
                // Of another plan people are asked anew.
                self.asked.clear();
                self.scope.clear();
            }
            Event::Approved { approval } => self.approvals.push(approval.clone()),
            Event::Objected { objection } => {
                self.objections
                    .insert(objection.id.clone(), objection.clone());
            }
            Event::ObjectionWithdrawn { id, .. } => {
                self.objections.remove(id);
            }
            Event::GrantWaived { waiver } => self.waivers.push(waiver.clone()),
            Event::WaiverWithdrawn { grant, by } => self
                .waivers
                .retain(|waiver| waiver.grant != *grant || waiver.by != *by),
            Event::Answered { answered } => {
                self.answers.insert(answered.id.clone(), answered.clone());
            }
            Event::Postponed { to, .. } => {
                self.ends = Some(self.promised_end().max(*to));
                self.moved = self.moved.saturating_add(1);
            }
            Event::PeopleTold { stage, told, .. } => self.note_told(*stage, told, at),
            Event::DeliveriesSeen {
                delivered,
                undelivered,
                again,
            } => self.note_deliveries(delivered, undelivered, *again),
            Event::UsageRead { sources, epoch } => self.usage = Some((sources.clone(), *epoch, at)),
            Event::ScopeConfirmed { step } => {
                self.scope.insert(step.clone(), at);
            }
            Event::ActionSkipped { action, evidence } => {
                self.enter(action, ActionPhase::Skipped, at, |run| {
                    run.evidence.clone_from(evidence)
                });
            }
            Event::ActionPrepared { action, before } => {
                self.enter(action, ActionPhase::Prepared, at, |run| {
                    run.before = before.clone()
                });
            }
            Event::ActionIntended { action, .. } => {
                self.begun_at = self.begun_at.or(Some(at));
                if self
                    .spec_of(action)
                    .is_some_and(|step| step.is_irreversible())
                {
                    self.pivot_at = self.pivot_at.or(Some(at));
                }
                self.enter(action, ActionPhase::Intended, at, |run| {
                    run.attempts = run.attempts.saturating_add(1);
                    run.intended_at = Some(at);
                });
            }
            Event::ActionReported { action, outcome } => {
                self.enter(action, ActionPhase::Settling, at, |run| {
                    run.reported = Some(outcome.clone())
                });
            }
            Event::ActionVerified { action, evidence } => {
                self.enter(action, ActionPhase::Verified, at, |run| {
                    run.evidence.clone_from(evidence);
                    run.failures = 0;
                });
            }
            Event::ActionObserved { action, reading } => self.count(action, reading, at, false),
            Event::UndoObserved { action, reading } => self.count(action, reading, at, true),
            Event::LookDelayed { action, until, .. } => self.delay(action, *until),
            Event::ActionDelayed { action, until, .. } => {
                self.delay(action, *until);
                self.send_again(action, at);
            }
            Event::UndoIntended { action, .. } => {
                self.enter(action, ActionPhase::UndoIntended, at, |_| {})
            }
            Event::UndoReported { action, .. } => {
                self.enter(action, ActionPhase::UndoSettling, at, |_| {})
            }
            Event::ActionUndone { action } => {
                self.enter(action, ActionPhase::Undone, at, |run| run.failures = 0)
            }
            Event::Parked {
                reason,
                owner,
                next_safe_action,
            } => {
                self.parked = Some(Parked {
                    reason: reason.clone(),
                    owner: owner.clone(),
                    next_safe_action: next_safe_action.clone(),
                    since: at,
                });
            }
            Event::Resumed { .. } => {
                self.parked = None;
                for run in self.actions.values_mut() {
                    run.failures = 0;
                    run.not_before = None;
                }
            }
            Event::CancelRequested { .. } => {
                self.mode = Mode::Unwinding;
                self.parked = None;
                for run in self.actions.values_mut() {
                    run.failures = 0;
                    run.not_before = None;
                }
            }
            Event::Unwound => self.mode = Mode::Cancelled,
            Event::ClockStepped { by } => self.clock_steps.push((at, *by)),
            Event::Certified { statement, .. } => {
                self.mode = Mode::Watching { since: at };
                self.certificate = Some(*statement);
            }
            Event::AuditPassed => {
                self.audited_at = Some(at);
                self.drift.clear();
            }
            Event::DriftFound { what } => {
                self.audited_at = Some(at);
                if self.drift != *what {
                    self.drifts = self.drifts.saturating_add(1);
                    self.drift.clone_from(what);
                }
            }
            Event::WatchEnded => self.mode = Mode::Finished,
        }
    }

    fn enter(
        &mut self,
        action: &ActionId,
        phase: ActionPhase,
        at: Timestamp,
        change: impl FnOnce(&mut ActionRun),
    ) {
        if let Some(run) = self.actions.get_mut(action) {
            run.phase = phase;
            run.since = at;
            run.agreeing = 0;
            run.contrary = 0;
            run.not_before = None;
            change(run);
        }
    }

    /// Counts agreeing reads; `undoing` says which state is the wanted one.
    fn count(
        &mut self,
        action: &ActionId,
        reading: &Observation<Reading>,
        at: Timestamp,
        undoing: bool,
    ) {
        let recheck = self.policy.review_recheck;
        let Some(run) = self.actions.get_mut(action) else {
            return;
        };
        run.not_before = None;
        match reading.known_completely() {
            Some(Reading::Applied { .. }) if !undoing => {
                (run.agreeing, run.contrary) = (run.agreeing + 1, 0)
            }
            Some(Reading::NotApplied { .. }) if undoing => {
                (run.agreeing, run.contrary) = (run.agreeing + 1, 0)
            }
            Some(Reading::Applied { .. } | Reading::NotApplied { .. }) => {
                (run.agreeing, run.contrary) = (0, run.contrary + 1);
            }
            Some(Reading::Pending { look_again, .. }) => {
                (run.agreeing, run.contrary) = (0, 0);
                // A time in the past would make the driver spin.
                run.not_before = Some(
                    look_again
                        .filter(|next| *next > at)
                        .unwrap_or_else(|| recheck.after(at)),
                );
            }
            // Unknown is neither; the delay comes with an event of its own.
            None => (run.agreeing, run.contrary) = (0, 0),
        }
    }

    fn delay(&mut self, action: &ActionId, until: Timestamp) {
        if let Some(run) = self.actions.get_mut(action) {
            run.failures += 1;
            run.agreeing = 0;
            run.contrary = 0;
            run.not_before = Some(until);
        }
    }

    /// It is certain that the effect (or its undo) is not there: back to before it was sent.
    fn send_again(&mut self, action: &ActionId, at: Timestamp) {
        if let Some(run) = self.actions.get_mut(action) {
            match run.phase {
                ActionPhase::Intended
                | ActionPhase::Settling
                | ActionPhase::UndoIntended
                | ActionPhase::UndoSettling => {
                    run.phase = ActionPhase::Prepared;
                    run.since = at;
                }
                ActionPhase::Waiting
                | ActionPhase::Prepared
                | ActionPhase::Verified
                | ActionPhase::Skipped
                | ActionPhase::Undone => {}
            }
        }
    }
}
