//! A small world for the machine: its providers are switches, and its answers can be bent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::super::*;
use super::made::Made;
use crate::catalog::{Api, Contact, Stakeholder};
use crate::id::{ActionId, AnswerId, ApiId, PersonId, Role, StepId};
use crate::observation::Observation;
use crate::pipeline::{Erasure, Pipeline, ids};
use crate::plan::{Action, Plan, PlannedStep};
use crate::policy::Policy;
use crate::provider::{EffectClass, ErrorKind, Outcome};
use crate::resource::{CredentialId, GrantId, NoticeId, ResourceRef};
use crate::time::{Period, Timestamp, Window};
use crate::usage::UsageEvidence;

/// A retirement, its log, and a world of one switch an action.
pub(super) struct Case {
    pub(super) retirement: Retirement,
    pub(super) log: Vec<(Event, Timestamp)>,
    pub(super) now: Timestamp,
    pub(super) world: BTreeMap<ActionId, bool>,
    pub(super) requests: u64,
    pub(super) writes: u64,
    /// What somebody else had done before we looked: not ours to undo.
    pub(super) theirs: BTreeSet<ActionId>,
    pub(super) made: Made,
}

impl Case {
    pub(super) fn new() -> Self {
        let policy = Policy::default();
        let pipeline = Pipeline::standard(&policy, Erasure::AfterArchive).unwrap();
        Self::of(policy, pipeline)
    }

    pub(super) fn of(policy: Policy, pipeline: Pipeline) -> Self {
        let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        api.owner = Some(contact("olga"));
        let security = Role::parse("security").unwrap();
        api.stakeholders = ["sam", "proposer"]
            .map(|who| Stakeholder::new(contact(who), security.clone()))
            .into();
        let event = Retirement::propose(Proposal::new(
            api,
            person("proposer"),
            "idle",
            policy,
            pipeline,
        ));
        Self {
            retirement: Retirement::begin(&event, start()).unwrap(),
            log: vec![(event, start())],
            now: start(),
            world: BTreeMap::new(),
            requests: 0,
            writes: 0,
            theirs: BTreeSet::new(),
            made: Made::of_a_proposal(),
        }
    }

    pub(super) fn give(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let events = self.retirement.decide(command, self.now)?;
        for event in &events {
            self.check(event);
            self.made.before(&self.retirement, self.now);
            self.retirement.evolve(event, self.now);
            self.made.after(event, &self.retirement, self.now);
            self.log.push((event.clone(), self.now));
        }
        Ok(events)
    }

    /// What must hold whenever something is about to be sent.
    pub(super) fn check(&self, event: &Event) {
        let Event::ActionIntended { action, .. } = event else {
            return;
        };
        let r = &self.retirement;
        assert!(
            r.open_objection(self.now).is_none(),
            "I-16: {action} under an objection"
        );
        assert_eq!(
            r.actions()[action].phase,
            ActionPhase::Prepared,
            "I-15: {action} without undo"
        );
        assert!(
            r.approval(None, self.now).is_ok(),
            "I-7: {action} without an approved plan"
        );
        let step = r.spec_of(action).unwrap();
        if step.id.as_str() == ids::CLOSE && r.moved() > 0 {
            assert!(r.promised_end() <= r.forward(self.now), "I-22: too early");
        }
        if step.is_irreversible() {
            assert!(
                r.approval(Some(&step.id), self.now).unwrap().people().len() >= 2,
                "I-7"
            );
            assert!(r.quiet_usage(r.policy().soak, self.now).is_ok(), "I-8");
            let disabled = &r.actions()[&id(ids::DISABLE_CREDENTIALS, 0)];
            assert!(disabled.phase == ActionPhase::Verified, "I-3");
            assert!(Period::days(14).after(disabled.since) <= self.now, "I-3");
        }
    }

    pub(super) fn plan(&self) -> Plan {
        let r = &self.retirement;
        let steps = r.pipeline().steps().iter().map(|step| {
            let action = |n| Action::new(id(step.id.as_str(), n), target(step.id.as_str(), n), "x");
            PlannedStep::new(step.id.clone(), vec![action(0), action(1)])
        });
        Plan::new(
            r.api().clone(),
            r.policy().digest().unwrap(),
            r.pipeline().digest().unwrap(),
            steps.collect(),
        )
    }

    pub(super) fn read_usage(&mut self, quiet: Period) {
        let api = self.retirement.api().id.clone();
        let window = Window::ending_at(self.now, quiet);
        let evidence = UsageEvidence::new(api, "log", window, self.requests, None, self.now);
        let sources = vec![Observation::complete(evidence, self.now)];
        self.give(Command::RecordUsage { sources, epoch: 1 })
            .unwrap();
    }

    pub(super) fn reads(&self, action: &ActionId) -> bool {
        self.retirement.spec_of(action).unwrap().effect == EffectClass::Reading
    }

    fn see(&self, action: &ActionId) -> Observation<Reading> {
        let there = self.reads(action) || self.world.get(action).copied().unwrap_or(false);
        let reading = if there {
            Reading::Applied {
                evidence: "there".into(),
            }
        } else {
            Reading::NotApplied { before: json!({}) }
        };
        Observation::complete(reading, self.now)
    }

    /// Does what is asked; `fault` bends each answer. Gives false when time has to pass.
    pub(super) fn drive(&mut self, fault: &mut dyn FnMut() -> u8) -> bool {
        match self.retirement.next(self.now) {
            Next::MakePlan => {
                let plan = self.plan();
                self.give(Command::RecordPlan(plan)).unwrap();
            }
            Next::ReadUsage { quiet } => self.read_usage(quiet),
            Next::CheckScope { step } => {
                let found = vec![target(step.as_str(), 0), target(step.as_str(), 1)];
                self.give(Command::CheckScope {
                    step,
                    found,
                    catalog: None,
                })
                .unwrap();
            }
            Next::Prepare { actions } => {
                for action in actions {
                    let command = self.look(action, fault(), |action, reading| Command::Prepare {
                        action,
                        reading,
                    });
                    self.give(command).unwrap();
                }
            }
            Next::Observe { actions } => {
                for action in actions {
                    let command = self.look(action, fault(), |action, reading| Command::Observe {
                        action,
                        reading,
                    });
                    self.give(command).unwrap();
                }
            }
            Next::Act { actions, step } => {
                self.read_usage_if_irreversible(&step);
                let capacity = Capacity::new(0, 0);
                let begin = Command::Begin {
                    actions: actions.clone(),
                    epoch: 1,
                    capacity,
                };
                // The reading may have shown traffic: the machine then says no.
                if self.give(begin).is_ok() {
                    actions
                        .into_iter()
                        .for_each(|action| self.send(action, true, fault()));
                }
            }
            Next::Undo { actions } => {
                self.give(Command::BeginUndo {
                    actions: actions.clone(),
                    epoch: 1,
                })
                .unwrap();
                actions
                    .into_iter()
                    .for_each(|action| self.send(action, false, fault()));
            }
            Next::Certify => {
                let statement = crate::digest::Digest::of_bytes(b"statement");
                let envelope = "{}".to_owned();
                self.give(Command::Certify {
                    statement,
                    envelope,
                })
                .unwrap();
            }
            Next::Tell { stage } => {
                let notice = format!("post:shop:local:{stage}/{}", self.log.len());
                self.give(Command::RecordTold {
                    stage,
                    round: self.retirement.round(stage),
                    told: vec![Told::new(person("ann"), notice.parse().unwrap())],
                    untold: vec![],
                })
                .unwrap();
            }
            Next::SeeDeliveries => {
                let awaited: Vec<NoticeId> = self.retirement.awaited().cloned().collect();
                let (mut delivered, mut undelivered) = (vec![], vec![]);
                for notice in awaited {
                    match fault() {
                        0 => undelivered.push(Undelivered::new(notice, "550")),
                        1..4 => {}
                        _ => delivered.push(notice),
                    }
                }
                let not_before = None;
                self.give(Command::RecordDeliveries {
                    delivered,
                    undelivered,
                    not_before,
                })
                .unwrap();
            }
            Next::Audit => {
                self.give(Command::RecordAudit { drift: vec![] }).unwrap();
            }
            Next::Wait { .. } | Next::Finished => return false,
        }
        true
    }

    /// Wes answers a notice: they need longer.
    pub(super) fn answer(&mut self, id: &str, until: Timestamp) -> Result<Vec<Event>, Refusal> {
        let reason = "a release".to_owned();
        let notice = "post:shop:local:announcement-wes".parse().unwrap();
        let answer = Answer::MoreTime { until, reason };
        let id = AnswerId::parse(id).unwrap();
        self.give(Command::Answer(Answered::new(
            id,
            person("wes"),
            notice,
            answer,
        )))
    }

    pub(super) fn read_usage_if_irreversible(&mut self, step: &StepId) {
        if self
            .retirement
            .pipeline()
            .step(step)
            .unwrap()
            .is_irreversible()
        {
            self.read_usage(self.retirement.policy().soak);
        }
    }

    /// What a look at the action brings; `fault` bends it.
    fn look(
        &self,
        action: ActionId,
        fault: u8,
        command: impl Fn(ActionId, Observation<Reading>) -> Command,
    ) -> Command {
        let fail = |action, kind| Command::Fail {
            action,
            kind,
            why: "the look failed".into(),
        };
        let there = |evidence: &str| Reading::Applied {
            evidence: evidence.into(),
        };
        let reading = match fault {
            0 => Observation::unknown("the reply was lost"),
            1 => Observation::partial(there("page 1"), self.now, "page 2"),
            2 => return fail(action, ErrorKind::Transient),
            3 => return fail(action, ErrorKind::Denied),
            4 => {
                let why = "a review".into();
                let pending = Reading::Pending {
                    why,
                    look_again: None,
                };
                Observation::complete(pending, self.now)
            }
            // What was removed came back; a step that only looks finds it.
            5 if self.reads(&action) => {
                Observation::complete(Reading::NotApplied { before: json!({}) }, self.now)
            }
            _ => self.see(&action),
        };
        command(action, reading)
    }

    pub(super) fn send(&mut self, action: ActionId, on: bool, fault: u8) {
        let (lands, answer) = match fault {
            0 => (true, Some(Outcome::unknown("the reply was lost"))),
            1 => (false, Some(Outcome::unknown("the request was lost"))),
            2 => (false, Some(Outcome::done("a lie"))),
            3 => (false, None),
            // The driver dies before it can report.
            4 => {
                self.world.insert(action, on);
                self.writes += 1;
                return;
            }
            _ => (true, Some(Outcome::done("ok"))),
        };
        if lands {
            self.world.insert(action.clone(), on);
            self.writes += 1;
        }
        let command = match answer {
            Some(outcome) => Command::Report { action, outcome },
            None => Command::Fail {
                action,
                kind: ErrorKind::Transient,
                why: "503".into(),
            },
        };
        self.give(command).unwrap();
    }

    /// Lets time pass until something is due; people approve, and help what is parked.
    pub(super) fn pass_time(&mut self) {
        let Next::Wait { until, why } = self.retirement.next(self.now) else {
            return;
        };
        if self.retirement.parked().is_some() {
            let by = person("ann");
            self.give(Command::Resume {
                by,
                reason: "helped".into(),
            })
            .unwrap();
            return;
        }
        if why.iter().any(|why| why.rule == WaitRule::Approval) {
            self.approve(None);
            self.approve(Some(ids::DELETE_CREDENTIALS));
            self.approve(Some(ids::ERASE));
        }
        if let Some(until) = until {
            self.now = self.now.max(until);
        }
    }

    /// Drives without faults until nothing is left to do.
    pub(super) fn finish(&mut self) {
        for _ in 0..5_000 {
            if !self.drive(&mut || 255) {
                if self.retirement.next(self.now) == Next::Finished {
                    return;
                }
                self.pass_time();
            }
        }
        panic!(
            "it does not come to an end: {:?}",
            self.retirement.next(self.now)
        );
    }

    /// Drives without faults until the machine asks for an action of that step.
    pub(super) fn until_act(&mut self, wanted: &str) {
        for _ in 0..5_000 {
            if matches!(self.retirement.next(self.now), Next::Act { ref step, .. } if step.as_str() == wanted)
            {
                return;
            }
            if !self.drive(&mut || 255) {
                self.pass_time();
            }
        }
        panic!("{wanted} never comes");
    }
}

pub(super) fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn contact(name: &str) -> Contact {
    let email = format!("{name}@example.com").parse().unwrap();
    Contact::new(person(name), email)
}

pub(super) fn start() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

pub(super) fn id(step: &str, n: u8) -> ActionId {
    ActionId::parse(format!("{step}/{n}")).unwrap()
}

pub(super) fn target(step: &str, n: u8) -> ResourceRef {
    let name = format!("p:a:r:{step}-{n}");
    if step == ids::REMOVE_GRANTS {
        return grant(n).into();
    }
    name.parse::<CredentialId>().unwrap().into()
}

pub(super) fn grant(n: u8) -> GrantId {
    format!("p:a:r:{}-{n}", ids::REMOVE_GRANTS).parse().unwrap()
}

pub(super) fn ready() -> Case {
    let mut case = Case::new();
    Arc::make_mut(&mut case.retirement.policy)
        .limits
        .credentials = 100;
    // The log has to begin with the policy that was used.
    if let Some((Event::Proposed { proposal }, _)) = case.log.first_mut() {
        proposal.policy.limits.credentials = 100;
    }
    case
}
