//! What a command leads to, or why not. Changes nothing.

mod actions;
mod answers;
mod people;
mod waivers;

use std::collections::BTreeSet;

use crate::catalog::Api;
use crate::digest::CanonicalError;
use crate::id::StepId;
use crate::plan::Plan;
use crate::resource::ResourceRef;
use crate::retirement::{ActionPhase, Command, Event, Mode, Next, Proposal, Refusal, Retirement};
use crate::time::{Period, Timestamp};

impl From<CanonicalError> for Refusal {
    fn from(error: CanonicalError) -> Self {
        Self::Unloggable(error.to_string())
    }
}

impl Retirement {
    /// The first event of a retirement.
    #[must_use]
    pub fn propose(proposal: Proposal) -> Event {
        Event::Proposed { proposal }
    }

    /// What the command leads to at `now`.
    ///
    /// # Errors
    /// [`Refusal`]: the rule that forbids it. Nothing has changed then.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let now = self.forward(now);
        match command {
            Command::Approve(approval) => self.approve(approval, now),
            Command::Object(objection) => self.object(objection, now),
            Command::WithdrawObjection { id, by } => self.withdraw_objection(id, by),
            Command::Waive(waiver) => self.waive(waiver, now),
            Command::WithdrawWaiver { grant, by } => self.withdraw_waiver(grant, by, now),
            Command::Answer(answered) => self.answer(answered, now),
            Command::Postpone { to, by, reason } => self.postpone(to, by, reason),
            Command::RecordTold {
                stage,
                round,
                told,
                untold,
            } => self.record_told((stage, round), told, untold, now),
            Command::RecordDeliveries {
                delivered,
                undelivered,
                not_before,
            } => self.record_deliveries(delivered, undelivered, not_before, now),
            Command::Cancel { by, reason } => self.cancel(by, reason),
            Command::Resume { by, reason } => self.resume(by, reason),
            Command::RecordPlan(plan) => self.record_plan(plan),
            Command::RecordUsage { sources, epoch } => {
                Ok(vec![Event::UsageRead { sources, epoch }])
            }
            Command::CheckScope {
                step,
                found,
                catalog,
            } => self.check_scope(step, found, catalog.as_ref()),
            Command::Prepare { action, reading } => self.prepare(action, reading, now),
            Command::Begin {
                actions,
                epoch,
                capacity,
            } => self.begin_actions(actions, epoch, capacity, now),
            Command::Report { action, outcome } => self.report(action, outcome),
            Command::Observe { action, reading } => self.observe(action, reading, now),
            Command::Fail { action, kind, why } => self.fail(action, kind, why, now),
            Command::BeginUndo { actions, epoch } => self.begin_undo(actions, epoch, now),
            Command::Park {
                reason,
                next_safe_action,
            } => self.park(reason, next_safe_action),
            Command::NoteClockStep { by } => Ok(if by == Period::ZERO {
                Vec::new()
            } else {
                vec![Event::ClockStepped { by }]
            }),
            Command::Certify {
                statement,
                envelope,
            } => match self.next(now) {
                Next::Certify => Ok(vec![Event::Certified {
                    statement,
                    envelope,
                }]),
                _not_complete => Err(Refusal::NotNow("not every step is complete".to_owned())),
            },
            Command::RecordAudit { drift } => self.record_audit(drift, now),
        }
    }

    fn record_plan(&self, plan: Plan) -> Result<Vec<Event>, Refusal> {
        if self.mode != Mode::Forward || self.plan.is_some() {
            return Err(Refusal::NotNow(
                "a plan is made once, and again only after it was voided".to_owned(),
            ));
        }
        if plan.policy != self.policy.digest()?
            || plan.pipeline != self.pipeline.digest()?
            || plan.api.id != self.api.id
        {
            return Err(Refusal::NotNow(
                "the plan is for another API, policy or pipeline".to_owned(),
            ));
        }
        let mut ids = BTreeSet::new();
        for (step, action) in plan.all() {
            if self.pipeline.step(step).is_none() || !ids.insert(&action.id) {
                return Err(Refusal::NotNow(format!(
                    "{} of {step} is not planned once and in the pipeline",
                    action.id
                )));
            }
            if self
                .steps_of
                .get(&action.id)
                .is_some_and(|before| before != step)
            {
                return Err(Refusal::NotNow(format!(
                    "{} moved to another step",
                    action.id
                )));
            }
        }
        let limits = &self.policy.limits;
        let targets: BTreeSet<&ResourceRef> =
            plan.all().map(|(_, action)| &action.target).collect();
        let count = |is: fn(&ResourceRef) -> bool| {
            let of_it = targets.iter().filter(|target| is(target));
            of_it.count() as u64
        };
        let credentials = count(|target| matches!(target, ResourceRef::Credential(_)));
        let recipients = count(|target| matches!(target, ResourceRef::Notice(_)));
        let others = targets.len() as u64 - recipients;
        limit("credentials in one plan", credentials, limits.credentials)?;
        limit("recipients of one plan", recipients, limits.recipients)?;
        limit("targets in one plan", others, limits.targets)?;
        let digest = plan.digest()?;
        Ok(vec![Event::Planned { plan, digest }])
    }

    /// The targets that a step has now must be those that were approved
    /// (invariants I-12 and I-18). What we made disappear ourselves may be missing, and
    /// what was not there before we came.
    fn check_scope(
        &self,
        step: StepId,
        found: Vec<ResourceRef>,
        catalog: Option<&Api>,
    ) -> Result<Vec<Event>, Refusal> {
        let Some((plan, _)) = self.plan.as_ref().filter(|_| self.mode == Mode::Forward) else {
            return Err(Refusal::NotNow(
                "there is no plan to compare with".to_owned(),
            ));
        };
        if let Some(new) = catalog.and_then(|api| new_face(&plan.api, api)) {
            return Ok(vec![Event::PlanVoided {
                why: format!("[I-18] {new} was not in the catalog when the plan was approved"),
            }]);
        }
        let found: BTreeSet<ResourceRef> = found.into_iter().collect();
        let planned: BTreeSet<&ResourceRef> = self
            .planned(&step)
            .iter()
            .map(|action| &action.target)
            .collect();
        if let Some(new) = found.iter().find(|target| !planned.contains(target)) {
            return Ok(vec![Event::PlanVoided {
                why: format!("[I-18] {new} was not there when step {step} was approved"),
            }]);
        }
        let vanished = self.planned(&step).iter().find(|action| {
            !found.contains(&action.target)
                && self
                    .run(&action.id)
                    .is_some_and(|run| !run.may_have_effect() && !run.is_complete())
        });
        Ok(vec![match vanished {
            Some(action) => Event::PlanVoided {
                why: format!(
                    "[I-12] {} was approved in step {step} and is no longer there",
                    action.target
                ),
            },
            None => Event::ScopeConfirmed { step },
        }])
    }

    fn park(&self, reason: String, next_safe_action: String) -> Result<Vec<Event>, Refusal> {
        if self.parked.is_some() || matches!(self.mode, Mode::Cancelled | Mode::Finished) {
            return Err(Refusal::NotNow("it is parked or over already".to_owned()));
        }
        Ok(vec![self.parking(reason, next_safe_action)])
    }

    /// Stuck is loud (invariant I-17): why, who, and what they can do.
    fn parking(&self, reason: String, next_safe_action: impl Into<String>) -> Event {
        let owner = self
            .api
            .owner
            .as_ref()
            .map_or(&self.proposer, |owner| &owner.person);
        Event::Parked {
            reason,
            owner: owner.clone(),
            next_safe_action: next_safe_action.into(),
        }
    }

    fn record_audit(&self, drift: Vec<String>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let Mode::Watching { since } = self.mode else {
            return Err(Refusal::NotNow(
                "only what is retired is audited".to_owned(),
            ));
        };
        if self.parked.is_some() {
            return Err(Refusal::NotNow(
                "it is parked; help it and resume before it is audited".to_owned(),
            ));
        }
        let over = self.policy.watch.lasts.after(since) <= now;
        let mut events = vec![if drift.is_empty() {
            Event::AuditPassed
        } else {
            Event::DriftFound { what: drift }
        }];
        // A watch does not end on a bad note.
        if over && events == [Event::AuditPassed] {
            events.push(Event::WatchEnded);
        }
        Ok(events)
    }

    fn in_phase(
        &self,
        action: &crate::id::ActionId,
        allowed: &[ActionPhase],
    ) -> Result<&crate::retirement::ActionRun, Refusal> {
        let run = self
            .run(action)
            .ok_or_else(|| Refusal::NoSuchAction(action.clone()))?;
        if allowed.contains(&run.phase) {
            Ok(run)
        } else {
            Err(Refusal::NotNow(format!("{action} is {:?}", run.phase)))
        }
    }
}

/// A way in which the API is visible, or a thing of its, that the plan does not know.
fn new_face(planned: &Api, now: &Api) -> Option<String> {
    let host = now.hosts.iter().find(|host| !planned.hosts.contains(host));
    let face = now.faces.iter().find(|face| !planned.faces.contains(face));
    let known: BTreeSet<ResourceRef> = planned.resources.all().collect();
    let resource = now.resources.all().find(|id| !known.contains(id));
    host.map(|host| format!("host {host}"))
        .or_else(|| face.map(|face| format!("{:?} {}", face.kind, face.name)))
        .or_else(|| resource.map(|id| id.to_string()))
}

fn limit(what: &'static str, count: u64, limit: u32) -> Result<(), Refusal> {
    if count > u64::from(limit) {
        return Err(Refusal::Limit {
            what,
            count,
            limit: u64::from(limit),
        });
    }
    Ok(())
}
