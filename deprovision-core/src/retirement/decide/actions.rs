//! What the driver brings back about actions.
//!
//! Longer than other files: an action's course is decided in one place.

use serde_json::Value;

use super::limit;
use crate::id::ActionId;
use crate::observation::Observation;
use crate::provider::{EffectClass, ErrorKind, Outcome};
use crate::retirement::gates::Closed;
use crate::retirement::{
    ActionPhase, ActionRun, Capacity, Event, Explain, Mode, Reading, Refusal, Retirement, WaitRule,
};
use crate::time::{Period, Timestamp};

/// So many agreeing reads make a fact (invariant I-10).
const AGREEING: u32 = 2;

impl Retirement {
    pub(super) fn prepare(
        &self,
        action: ActionId,
        reading: Observation<Reading>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let run = self.in_phase(&action, &[ActionPhase::Waiting])?;
        if self.mode != Mode::Forward {
            return Err(Refusal::NotNow(
                "the retirement no longer goes forward".to_owned(),
            ));
        }
        let why = match reading.known_completely() {
            Some(Reading::Applied { evidence }) => {
                let evidence = evidence.clone();
                return Ok(vec![Event::ActionSkipped { action, evidence }]);
            }
            Some(Reading::NotApplied { before }) => {
                let before = before.clone();
                return Ok(vec![Event::ActionPrepared { action, before }]);
            }
            Some(Reading::Pending { why, .. }) => why.clone(),
            None => reading.doubt().unwrap_or_default(),
        };
        Ok(self.look_again(action, run, why, None, now))
    }

    pub(super) fn begin_actions(
        &self,
        actions: Vec<ActionId>,
        epoch: u64,
        capacity: Capacity,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        if self.mode != Mode::Forward || self.parked.is_some() {
            return Err(Refusal::NotNow(
                "the retirement does not go forward now".to_owned(),
            ));
        }
        if let Some(objection) = self.open_objection(now) {
            return Err(Refusal::Vetoed {
                id: objection.id.clone(),
                by: objection.by.clone(),
                reason: objection.reason.clone(),
            });
        }
        let limits = &self.policy.limits;
        limit(
            "retirements that act at once",
            u64::from(capacity.others_acting) + 1,
            limits.retirements,
        )?;
        let complete = self.completions();
        let mut irreversible = u64::from(capacity.irreversible_today);
        for action in &actions {
            let run = self.in_phase(action, &[ActionPhase::Prepared])?;
            let step = self
                .spec_of(action)
                .ok_or_else(|| Refusal::NoSuchAction(action.clone()))?;
            if !self
                .planned(&step.id)
                .iter()
                .any(|planned| planned.id == *action)
            {
                return Err(Refusal::NoSuchAction(action.clone()));
            }
            match self.closed_gate(step, &complete, now) {
                None => {}
                Some(Closed::Wait(explain)) => return Err(Refusal::NotYet(explain)),
                Some(Closed::ReadUsage { quiet }) => {
                    let need = format!("a fresh reading of {quiet}");
                    return Err(Refusal::NotYet(Explain::new(
                        WaitRule::Quiet,
                        "no fresh usage",
                        need,
                        Some(now),
                    )));
                }
            }
            if !self.scope.contains_key(&step.id) {
                let explain = Explain::new(
                    WaitRule::Scope,
                    "targets that were not compared",
                    "a look at the targets",
                    Some(now),
                );
                return Err(Refusal::NotYet(explain));
            }
            if let Some(until) = run.not_before.filter(|until| now < *until) {
                return Err(Refusal::NotYet(Explain::new(
                    WaitRule::Backoff,
                    "a failed attempt",
                    "its wait",
                    Some(until),
                )));
            }
            if step.is_irreversible() {
                irreversible += 1;
                limit(
                    "irreversible actions in 24 hours",
                    irreversible,
                    limits.irreversible_per_day,
                )?;
                if self.usage.as_ref().map(|(_, lease, _)| *lease) != Some(epoch) {
                    let explain = Explain::new(
                        WaitRule::Quiet,
                        "usage that was read in another lease",
                        "a reading in this one",
                        Some(now),
                    );
                    return Err(Refusal::NotYet(explain));
                }
            }
        }
        let intended = |action| Event::ActionIntended { action, epoch };
        Ok(actions.into_iter().map(intended).collect())
    }

    pub(super) fn report(&self, action: ActionId, outcome: Outcome) -> Result<Vec<Event>, Refusal> {
        let run = self.in_phase(&action, &[ActionPhase::Intended, ActionPhase::UndoIntended])?;
        Ok(vec![match run.phase {
            ActionPhase::UndoIntended => Event::UndoReported { action, outcome },
            ActionPhase::Intended
            | ActionPhase::Waiting
            | ActionPhase::Prepared
            | ActionPhase::Settling
            | ActionPhase::Verified
            | ActionPhase::Skipped
            | ActionPhase::UndoSettling
            | ActionPhase::Undone => Event::ActionReported { action, outcome },
        }])
    }

    pub(super) fn observe(
        &self,
        action: ActionId,
        reading: Observation<Reading>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let run = self
            .run(&action)
            .ok_or_else(|| Refusal::NoSuchAction(action.clone()))?;
        let reads_only = self
            .spec_of(&action)
            .is_some_and(|step| step.effect == EffectClass::Reading);
        match run.phase {
            ActionPhase::Intended | ActionPhase::Settling if self.mode == Mode::Forward => {
                self.observe_effect(action, run, reading, now)
            }
            ActionPhase::Waiting if reads_only && self.mode == Mode::Forward => {
                self.observe_effect(action, run, reading, now)
            }
            ActionPhase::UndoIntended | ActionPhase::UndoSettling => {
                self.observe_undo(action, run, reading, now)
            }
            ActionPhase::Intended
            | ActionPhase::Settling
            | ActionPhase::Waiting
            | ActionPhase::Prepared
            | ActionPhase::Verified
            | ActionPhase::Skipped
            | ActionPhase::Undone => Err(Refusal::NotNow(format!("{action} is {:?}", run.phase))),
        }
    }

    fn observe_effect(
        &self,
        action: ActionId,
        run: &ActionRun,
        reading: Observation<Reading>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let observed = Event::ActionObserved {
            action: action.clone(),
            reading: reading.clone(),
        };
        let mut events = vec![observed];
        match reading.known_completely() {
            Some(Reading::Applied { evidence }) => {
                if run.agreeing + 1 >= AGREEING {
                    let evidence = evidence.clone();
                    events.push(Event::ActionVerified { action, evidence });
                }
            }
            Some(Reading::NotApplied { before }) => {
                if run.contrary + 1 >= AGREEING {
                    events.extend(self.not_there(action, run, before, now));
                }
            }
            Some(Reading::Pending { why, .. }) => {
                let patience = self
                    .policy
                    .review_patience
                    .after(run.intended_at.unwrap_or(run.since));
                if patience <= now {
                    let reason = format!("{action} has waited since {}: {why}", run.since);
                    events.push(
                        self.parking(reason, "have the change reviewed, then resume; or cancel"),
                    );
                }
            }
            None => events.extend(self.look_again(
                action,
                run,
                reading.doubt().unwrap_or_default(),
                None,
                now,
            )),
        }
        Ok(events)
    }

    /// Two reads agree that the effect is not there.
    fn not_there(
        &self,
        action: ActionId,
        run: &ActionRun,
        found: &Value,
        now: Timestamp,
    ) -> Vec<Event> {
        if run.phase == ActionPhase::Waiting {
            let found = found.as_str().unwrap_or("what was removed is there again");
            let reason = format!("{action} does not hold: {found}");
            return vec![self.parking(
                reason,
                "find out who brought it back, remove it, then resume",
            )];
        }
        self.send_later(
            action,
            run,
            "two reads did not show the effect".to_owned(),
            None,
            now,
        )
    }

    fn observe_undo(
        &self,
        action: ActionId,
        run: &ActionRun,
        reading: Observation<Reading>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let mut events = vec![Event::UndoObserved {
            action: action.clone(),
            reading: reading.clone(),
        }];
        match reading.known_completely() {
            Some(Reading::NotApplied { .. }) => {
                if run.agreeing + 1 >= AGREEING {
                    events.push(Event::ActionUndone {
                        action: action.clone(),
                    });
                    let others = self.actions.iter().filter(|(id, _)| **id != action);
                    if !others.into_iter().any(|(_, run)| run.may_have_effect()) {
                        events.push(Event::Unwound);
                    }
                }
            }
            Some(Reading::Applied { .. }) => {
                if run.contrary + 1 >= AGREEING {
                    let why = "two reads still showed the effect".to_owned();
                    events.extend(self.send_later(action, run, why, None, now));
                }
            }
            Some(Reading::Pending { .. }) => {}
            None => events.extend(self.look_again(
                action,
                run,
                reading.doubt().unwrap_or_default(),
                None,
                now,
            )),
        }
        Ok(events)
    }

    pub(super) fn fail(
        &self,
        action: ActionId,
        kind: ErrorKind,
        why: String,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let run = self
            .run(&action)
            .ok_or_else(|| Refusal::NoSuchAction(action.clone()))?;
        if run.is_complete() || run.phase == ActionPhase::Undone {
            return Err(Refusal::NotNow(format!("{action} is {:?}", run.phase)));
        }
        if !kind.is_retryable() {
            let next = match kind {
                ErrorKind::Denied => "grant the missing permission, then resume",
                ErrorKind::NotFound => "check the account and region of the target, then resume",
                ErrorKind::Invalid => {
                    "correct the target in the catalog, then cancel and propose again"
                }
                ErrorKind::Unsupported => {
                    "use another provider or pipeline: cancel and propose again"
                }
                ErrorKind::Throttled { .. } | ErrorKind::Transient | ErrorKind::Conflict => {
                    "wait, then resume"
                }
            };
            return Ok(vec![self.parking(format!("{action}: {kind}: {why}"), next)]);
        }
        let retry_at = match kind {
            ErrorKind::Throttled { retry_at } => retry_at,
            ErrorKind::Transient
            | ErrorKind::Denied
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Invalid
            | ErrorKind::Unsupported => None,
        };
        // A write that failed is sent again; a look that failed is repeated.
        Ok(match run.phase {
            ActionPhase::Intended | ActionPhase::UndoIntended => {
                self.send_later(action, run, why, retry_at, now)
            }
            ActionPhase::Waiting
            | ActionPhase::Prepared
            | ActionPhase::Settling
            | ActionPhase::Verified
            | ActionPhase::Skipped
            | ActionPhase::UndoSettling
            | ActionPhase::Undone => self.look_again(action, run, why, retry_at, now),
        })
    }

    pub(super) fn begin_undo(
        &self,
        actions: Vec<ActionId>,
        epoch: u64,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        if self.mode != Mode::Unwinding || self.parked.is_some() {
            return Err(Refusal::NotNow("nothing is undone now".to_owned()));
        }
        for action in &actions {
            let run = self.in_phase(
                action,
                &[
                    ActionPhase::Prepared,
                    ActionPhase::Intended,
                    ActionPhase::Settling,
                    ActionPhase::Verified,
                ],
            )?;
            if !run.may_have_effect() || run.not_before.is_some_and(|until| now < until) {
                return Err(Refusal::NotNow(format!("{action} is not to be undone now")));
            }
        }
        let intended = |action| Event::UndoIntended { action, epoch };
        Ok(actions.into_iter().map(intended).collect())
    }

    fn look_again(
        &self,
        action: ActionId,
        run: &ActionRun,
        why: String,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Event> {
        match self.retry_at(run, retry_at, now) {
            Some(until) => vec![Event::LookDelayed { action, why, until }],
            None => vec![self.parking(
                format!("{action} could not be looked at: {why}"),
                "make it visible again, then resume",
            )],
        }
    }

    fn send_later(
        &self,
        action: ActionId,
        run: &ActionRun,
        why: String,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Event> {
        match self.retry_at(run, retry_at, now) {
            Some(until) => vec![Event::ActionDelayed { action, why, until }],
            None => {
                // Also when the run is parked, it stays known that this was sent.
                let reason = format!(
                    "{action} did not work in {} tries: {why}",
                    self.policy.retry.attempts
                );
                vec![
                    Event::ActionDelayed {
                        action,
                        why,
                        until: now,
                    },
                    self.parking(reason, "find out why, then resume; or cancel"),
                ]
            }
        }
    }

    /// When to try again: the wait doubles each time; `None` when the tries are used up.
    fn retry_at(
        &self,
        run: &ActionRun,
        asked: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let retry = &self.policy.retry;
        if run.failures + 1 >= retry.attempts {
            return None;
        }
        let factor = 1u64.checked_shl(run.failures).unwrap_or(u64::MAX);
        let wait = Period::seconds(retry.first_wait.as_seconds().saturating_mul(factor)).after(now);
        Some(asked.map_or(wait, |asked| asked.max(wait)))
    }
}
