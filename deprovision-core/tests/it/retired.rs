//! A whole retirement, from proposal to the end of the watch, driven through the
//! machine against a world of one switch an action, and its log as a journal
//! gives it back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deprovision_core::catalog::Api;
use deprovision_core::id::{ActionId, ApiId, ObjectionId, PersonId, RetirementId, StepId};
use deprovision_core::journal::{Actor, Authority, Entry, Journal, MemoryJournal};
use deprovision_core::ledger::certificate::{
    ActionFact, Basis, Certificate, LogState, RetirementPredicate, Statement,
};
use deprovision_core::ledger::{KeyName, SigningKey};
use deprovision_core::observation::Observation;
use deprovision_core::permit::Approval;
use deprovision_core::pipeline::{Erasure, Pipeline, ids};
use deprovision_core::plan::{Action, Plan, PlannedStep};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{EffectClass, Outcome};
use deprovision_core::resource::{CredentialId, ResourceRef};
use deprovision_core::retirement::{
    Capacity, Command, Event, Next, Objection, Proposal, Reading, Retirement, WaitRule,
};
use deprovision_core::time::{ManualClock, Period, Timestamp, Window};
use deprovision_core::usage::UsageEvidence;
use serde_json::json;
use tokio::sync::OnceCell;

pub(crate) fn stream() -> RetirementId {
    RetirementId::parse("orders-v1").unwrap()
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[7; 32])
}

/// The log of a finished retirement, written to a journal and read back.
pub(crate) async fn log() -> &'static [Entry] {
    static LOG: OnceCell<Vec<Entry>> = OnceCell::const_new();
    LOG.get_or_init(|| async {
        let mut driver = Driver::begin();
        driver.finish();
        let clock = ManualClock::starting_at(start());
        let journal = MemoryJournal::new(Arc::new(clock));
        for (version, entry) in (0..).zip(&driver.log) {
            let entry = std::slice::from_ref(entry);
            journal
                .append(&stream(), version, Authority::Bystander, entry)
                .await
                .unwrap();
        }
        journal.read(&stream(), 0, usize::MAX).await.unwrap()
    })
    .await
}

fn start() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn target(step: &StepId) -> ResourceRef {
    let id: CredentialId = format!("keyfile:shop:local:{step}").parse().unwrap();
    id.into()
}

struct Driver {
    retirement: Retirement,
    log: Vec<Entry>,
    now: Timestamp,
    world: BTreeMap<ActionId, bool>,
}

impl Driver {
    fn begin() -> Self {
        let mut policy = Policy::default();
        policy.limits.credentials = 100;
        policy.watch.lasts = Period::days(3);
        let pipeline = Pipeline::standard(&policy, Erasure::AfterArchive).unwrap();
        let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        let proposal = Proposal::new(api, person("dana"), "idle since June", policy, pipeline);
        let event = Retirement::propose(proposal);
        let mut driver = Self {
            retirement: Retirement::begin(&event, start()).unwrap(),
            log: Vec::new(),
            now: start(),
            world: BTreeMap::new(),
        };
        driver.record(&event);
        driver
    }

    fn record(&mut self, event: &Event) {
        let body = serde_json::to_value(event).unwrap();
        let kind = body["type"].as_str().unwrap().to_owned();
        let version = self.log.len() as u64 + 1;
        let prev = self.log.last().map(|entry| entry.digest);
        let prev = prev.unwrap_or_else(|| Entry::genesis(&stream()));
        let actor = Actor::Person(person("dana"));
        let entry = Entry::seal(stream(), version, self.now, actor, kind, body, prev).unwrap();
        self.log.push(entry);
    }

    fn give(&mut self, command: Command) {
        for event in self.retirement.decide(command, self.now).unwrap() {
            self.retirement.evolve(&event, self.now);
            self.record(&event);
        }
    }

    fn finish(&mut self) {
        for _ in 0..5_000 {
            match self.retirement.next(self.now) {
                Next::Finished => return,
                Next::Wait { until, why } => {
                    if why.iter().any(|why| why.rule == WaitRule::Approval) {
                        self.people_speak();
                    }
                    self.now = until.unwrap_or(self.now).max(self.now);
                }
                next => self.drive(next),
            }
        }
        panic!("it does not end: {:?}", self.retirement.next(self.now));
    }

    fn drive(&mut self, next: Next) {
        match next {
            Next::MakePlan => {
                let r = &self.retirement;
                let steps = r.pipeline().steps().iter().map(|step| {
                    let id = ActionId::parse(format!("{}/0", step.id)).unwrap();
                    let action = Action::new(id, target(&step.id), "one switch");
                    PlannedStep::new(step.id.clone(), vec![action])
                });
                let plan = Plan::new(
                    r.api().clone(),
                    r.policy().digest().unwrap(),
                    r.pipeline().digest().unwrap(),
                    steps.collect(),
                );
                self.give(Command::RecordPlan(plan));
            }
            Next::ReadUsage { quiet } => self.read_usage(quiet),
            Next::CheckScope { step } => {
                let found = vec![target(&step)];
                self.give(Command::CheckScope {
                    step,
                    found,
                    catalog: None,
                });
            }
            Next::Prepare { actions } => {
                for action in actions {
                    let reading = self.look(&action);
                    self.give(Command::Prepare { action, reading });
                }
            }
            Next::Observe { actions } => {
                for action in actions {
                    let reading = self.look(&action);
                    self.give(Command::Observe { action, reading });
                }
            }
            Next::Act { step, actions } => {
                if self.step(&step).is_irreversible() {
                    self.read_usage(self.retirement.policy().soak);
                }
                self.give(Command::Begin {
                    actions: actions.clone(),
                    epoch: 1,
                    capacity: Capacity::new(0, 0),
                });
                for action in actions {
                    self.world.insert(action.clone(), true);
                    let outcome = Outcome::done("ok");
                    self.give(Command::Report { action, outcome });
                }
            }
            Next::Certify => {
                let certificate = self.certificate();
                self.give(Command::Certify {
                    statement: certificate.statement_digest(),
                    envelope: certificate.to_json().unwrap(),
                });
            }
            Next::Tell { stage } => self.give(Command::RecordTold {
                stage,
                round: self.retirement.round(stage),
                told: Vec::new(),
                untold: Vec::new(),
            }),
            Next::Audit => self.give(Command::RecordAudit { drift: Vec::new() }),
            other => panic!("nothing should ask for {other:?}"),
        }
    }

    fn step(&self, step: &StepId) -> &deprovision_core::pipeline::StepSpec {
        self.retirement.pipeline().step(step).unwrap()
    }

    fn read_usage(&mut self, quiet: Period) {
        let api = self.retirement.api().id.clone();
        let window = Window::ending_at(self.now, quiet);
        let evidence = UsageEvidence::new(api, "access.log", window, 0, None, self.now);
        self.give(Command::RecordUsage {
            sources: vec![Observation::complete(evidence, self.now)],
            epoch: 1,
        });
    }

    fn look(&self, action: &ActionId) -> Observation<Reading> {
        let step = self.retirement.step_of(action).unwrap();
        let reads = self.step(step).effect == EffectClass::Reading;
        let there = reads || self.world.contains_key(action);
        let reading = if there {
            Reading::Applied {
                evidence: "it is there, and so is its neighbour".into(),
            }
        } else {
            Reading::NotApplied {
                before: json!({ "enabled": true }),
            }
        };
        Observation::complete(reading, self.now)
    }

    /// Two approve everything; one objects once, and takes it back.
    fn people_speak(&mut self) {
        let (_, plan) = self.retirement.plan().unwrap();
        let first = self.retirement.approvals().is_empty();
        for step in [None, Some(ids::DELETE_CREDENTIALS), Some(ids::ERASE)] {
            for by in ["ann", "bob"] {
                let step = step.map(|step| StepId::parse(step).unwrap());
                let expires = Period::hours(72).after(self.now);
                let roles = BTreeSet::from(["security".parse().unwrap()]);
                let approval = Approval::new(person(by), roles, plan, step, self.now, expires);
                self.give(Command::Approve(approval));
            }
        }
        if first {
            let id = ObjectionId::parse("payroll").unwrap();
            let expires = Period::days(9).after(self.now);
            let objection = Objection::new(id.clone(), person("carol"), "payroll", expires);
            self.give(Command::Object(objection));
            let by = person("carol");
            self.give(Command::WithdrawObjection { id, by });
        }
    }

    fn certificate(&self) -> Certificate {
        let r = &self.retirement;
        let mut facts = RetirementPredicate::new(
            r.api().id.clone(),
            r.api().title.clone(),
            stream(),
            r.proposer().clone(),
            r.proposed_at(),
            self.now,
            Basis::new(
                r.policy().digest().unwrap(),
                r.pipeline().digest().unwrap(),
                r.plan().unwrap().1,
            ),
            LogState::of(&stream(), &self.log).unwrap(),
        );
        facts.approvals = r.approvals().iter().map(Into::into).collect();
        facts.actions = r
            .actions()
            .iter()
            .map(|(action, run)| {
                let step = r.step_of(action).unwrap().clone();
                let target = target(&step);
                ActionFact::new(
                    action.clone(),
                    step,
                    target,
                    run.evidence.text.clone(),
                    run.since,
                )
            })
            .collect();
        Certificate::sign(&Statement::new(facts), &key()).unwrap()
    }
}
