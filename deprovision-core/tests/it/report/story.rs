//! Retirements driven through the machine against a small world with a name for
//! everything, so that their reports read like real ones.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::catalog::Api;
use deprovision_core::id::{
    ActionId, AnswerId, ApiId, CallerId, ObjectionId, PersonId, RetirementId, StepId,
};
use deprovision_core::journal::{Actor, Entry};
use deprovision_core::ledger::certificate::{
    ActionFact, Basis, Certificate, LogState, RetirementPredicate, Statement,
};
use deprovision_core::ledger::{KeyName, SigningKey, sign_checkpoint};
use deprovision_core::observation::Observation;
use deprovision_core::permit::Approval;
use deprovision_core::pipeline::{Erasure, Pipeline, ids};
use deprovision_core::plan::{Action, Plan, PlannedStep};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{EffectClass, ErrorKind, Outcome};
use deprovision_core::resource::{NoticeId, ResourceRef};
use deprovision_core::retirement::{
    Answer, Answered, Capacity, Command, Event, Next, Objection, Phase, Proposal, Reading,
    Retirement, Told, Undelivered, Untold, WaitRule,
};
use deprovision_core::time::{Period, Timestamp, Window};
use deprovision_core::usage::{CallerUse, UsageEvidence};
use serde_json::json;

use super::world;

pub(super) fn stream() -> RetirementId {
    RetirementId::parse("orders-v1").unwrap()
}

pub(super) fn key() -> SigningKey {
    SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[7; 32])
}

pub(super) fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

/// The texts that people and providers put into a log.
pub(super) type Texts = fn(&str) -> String;

pub(super) fn plain(text: &str) -> String {
    text.to_owned()
}

/// A retirement under way.
pub(super) struct Story {
    pub(super) retirement: Retirement,
    pub(super) log: Vec<Entry>,
    pub(super) now: Timestamp,
    /// How many requests the log of the gateway shows.
    pub(super) requests: u64,
    /// How many more calls to providers fail.
    pub(super) failures: u32,
    /// How often the plan was voided: the next one names its actions anew.
    pub(super) voided: u32,
    world: BTreeMap<ActionId, bool>,
    texts: Texts,
}

impl Story {
    pub(super) fn begin(texts: Texts) -> Self {
        let mut policy = Policy::default();
        policy.watch.lasts = Period::days(14);
        let pipeline = Pipeline::standard(&policy, Erasure::AfterArchive).unwrap();
        let mut api = Api::new(
            ApiId::parse("orders-v1").unwrap(),
            texts("Orders, version 1"),
        );
        api.owner = Some(world::contact("dana"));
        api.url = Some(texts("https://api.shop.example/orders/v1"));
        api.hosts = vec![texts("api.shop.example")];
        let mut successor = Api::new(
            ApiId::parse("orders-v2").unwrap(),
            texts("Orders, version 2"),
        );
        successor.url = Some(texts("https://api.shop.example/orders/v2"));
        let reason = texts("idle since June; version 2 does all of it");
        let proposal =
            Proposal::new(api, person("dana"), reason, policy, pipeline).with_successor(successor);
        let event = Retirement::propose(proposal);
        let now = "2027-01-04T09:00:00Z".parse().unwrap();
        let mut story = Self {
            retirement: Retirement::begin(&event, now).unwrap(),
            log: Vec::new(),
            now,
            requests: 0,
            failures: 0,
            voided: 0,
            world: BTreeMap::new(),
            texts,
        };
        story.record(&event);
        story
    }

    fn text(&self, text: &str) -> String {
        (self.texts)(text)
    }

    fn record(&mut self, event: &Event) {
        let body = serde_json::to_value(event).unwrap();
        let kind = body["type"].as_str().unwrap().to_owned();
        let version = self.log.len() as u64 + 1;
        let prev = self.log.last().map(|entry| entry.digest);
        let prev = prev.unwrap_or_else(|| Entry::genesis(&stream()));
        let actor = match event {
            Event::Proposed { proposal } => Actor::Person(proposal.by.clone()),
            Event::Approved { approval } => Actor::Person(approval.by.clone()),
            Event::Objected { objection } => Actor::Person(objection.by.clone()),
            Event::Resumed { by, .. }
            | Event::CancelRequested { by, .. }
            | Event::ObjectionWithdrawn { by, .. } => Actor::Person(by.clone()),
            _of_a_worker => Actor::Worker("w1".parse().unwrap()),
        };
        let entry = Entry::seal(stream(), version, self.now, actor, kind, body, prev).unwrap();
        self.log.push(entry);
    }

    pub(super) fn give(&mut self, command: Command) {
        for event in self.retirement.decide(command, self.now).unwrap() {
            self.retirement.evolve(&event, self.now);
            self.record(&event);
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.retirement.phase(self.now)
    }

    /// Goes on until the condition holds, or nothing is left to do.
    pub(super) fn until(&mut self, done: impl Fn(&Self) -> bool) -> &mut Self {
        for _ in 0..5_000 {
            if done(self) {
                return self;
            }
            match self.retirement.next(self.now) {
                Next::Finished => return self,
                Next::Wait { until, why } => {
                    if why.iter().any(|why| why.rule == WaitRule::Approval) {
                        self.approve();
                    }
                    match until {
                        Some(until) => self.now = until.max(self.now),
                        None if why.iter().any(|why| why.rule == WaitRule::Approval) => {}
                        None => return self,
                    }
                }
                next => self.drive(next),
            }
        }
        panic!("it does not end: {:?}", self.retirement.next(self.now));
    }

    pub(super) fn until_phase(&mut self, phase: Phase) -> &mut Self {
        self.until(|story| story.phase() == phase);
        assert_eq!(self.phase(), phase);
        self
    }

    /// Erin read the announcement.
    pub(super) fn acknowledge(&mut self) {
        let notice = "outbox:shop:local:announcement-erin".parse().unwrap();
        let id = AnswerId::parse("erin-read-it").unwrap();
        let answered = Answered::new(id, person("erin"), notice, Answer::Acknowledge);
        self.give(Command::Answer(answered));
    }

    pub(super) fn object(&mut self, lasts: Period) {
        let id = ObjectionId::parse("payroll").unwrap();
        let reason = self.text("payroll still runs on it at the end of the month");
        let expires = lasts.after(self.now);
        self.give(Command::Object(Objection::new(
            id,
            person("carol"),
            reason,
            expires,
        )));
    }

    /// A key that nobody knew of turns up.
    pub(super) fn void(&mut self) {
        let step = StepId::parse(ids::DISABLE_CREDENTIALS).unwrap();
        let id = "keyfile:shop:local:ak_new".parse().unwrap();
        let found = vec![ResourceRef::Credential(id)];
        let catalog = None;
        self.give(Command::CheckScope {
            step,
            found,
            catalog,
        });
        self.voided += 1;
    }

    pub(super) fn checkpoint(&self) -> String {
        sign_checkpoint(&stream(), &self.log, None, &[], &key())
            .unwrap()
            .to_string()
    }

    fn approve(&mut self) {
        let (_, plan) = self.retirement.plan().unwrap();
        for step in [None, Some(ids::DELETE_CREDENTIALS), Some(ids::ERASE)] {
            for (by, role) in [("ann", "owner"), ("bob", "security")] {
                let step = step.map(|step| StepId::parse(step).unwrap());
                let expires = Period::hours(72).after(self.now);
                let roles = BTreeSet::from([role.parse().unwrap()]);
                let approval = Approval::new(person(by), roles, plan, step, self.now, expires);
                self.give(Command::Approve(approval));
            }
        }
    }

    fn drive(&mut self, next: Next) {
        match next {
            Next::MakePlan => {
                let plan = self.plan();
                self.give(Command::RecordPlan(plan));
            }
            Next::ReadUsage { quiet } => self.read_usage(quiet),
            Next::CheckScope { step } => {
                let planned = self.actions(&step);
                let found = planned.into_iter().map(|action| action.target).collect();
                let catalog = None;
                self.give(Command::CheckScope {
                    step,
                    found,
                    catalog,
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
            Next::Act { step, actions } => self.act(&step, actions),
            Next::Undo { actions } => {
                let epoch = 1;
                self.give(Command::BeginUndo {
                    actions: actions.clone(),
                    epoch,
                });
                for action in actions {
                    self.world.remove(&action);
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
            Next::Tell { stage } => {
                let told = ["dana", "erin"].map(|name| {
                    let id = format!("outbox:shop:local:{stage}-{name}");
                    Told::new(person(name), id.parse().unwrap())
                });
                let why = self.text("550 no such user");
                self.give(Command::RecordTold {
                    stage,
                    round: self.retirement.round(stage),
                    told: told.into(),
                    untold: vec![Untold::new(person("gone"), why)],
                });
            }
            Next::Audit => {
                let drift = match self.requests {
                    0 => Vec::new(),
                    many => vec![self.text(&format!("{many} requests, by batch-export"))],
                };
                self.give(Command::RecordAudit { drift });
            }
            Next::SeeDeliveries => {
                let awaited: Vec<NoticeId> = self.retirement.awaited().cloned().collect();
                let (erin, others) = awaited.into_iter().partition(|id| {
                    // One mailbox is gone after it was announced.
                    id.name().ends_with("erin")
                });
                let erin: Vec<NoticeId> = erin;
                let why = self.text("it bounced: 550");
                let lost = erin.into_iter();
                self.give(Command::RecordDeliveries {
                    delivered: others,
                    undelivered: lost.map(|id| Undelivered::new(id, why.clone())).collect(),
                    not_before: None,
                });
            }
            Next::Wait { .. } | Next::Finished => unreachable!("the caller handles them"),
        }
    }

    fn act(&mut self, step: &StepId, actions: Vec<ActionId>) {
        let spec = self.retirement.pipeline().step(step).unwrap();
        if spec.is_irreversible() {
            self.read_usage(self.retirement.policy().soak);
        }
        let capacity = Capacity::new(0, 0);
        self.give(Command::Begin {
            actions: actions.clone(),
            epoch: 1,
            capacity,
        });
        for action in actions {
            if self.failures > 0 {
                self.failures -= 1;
                let why = self.text("the gateway answered 503");
                let kind = ErrorKind::Transient;
                self.give(Command::Fail { action, kind, why });
            } else {
                self.world.insert(action.clone(), true);
                let outcome = Outcome::done("ok");
                self.give(Command::Report { action, outcome });
            }
        }
    }

    fn actions(&self, step: &StepId) -> Vec<Action> {
        world::targets(step, self.texts)
            .into_iter()
            .enumerate()
            .map(|(number, (target, summary, detail))| {
                let id = ActionId::parse(format!("{step}/{}", number + 10 * self.voided as usize))
                    .unwrap();
                Action::new(id, target, (self.texts)(&summary)).with_detail(detail)
            })
            .collect()
    }

    fn plan(&self) -> Plan {
        let r = &self.retirement;
        let steps = r.pipeline().steps().iter();
        let steps = steps.map(|step| PlannedStep::new(step.id.clone(), self.actions(&step.id)));
        Plan::new(
            r.api().clone(),
            r.policy().digest().unwrap(),
            r.pipeline().digest().unwrap(),
            steps.collect(),
        )
        .with_notes(vec![
            self.text("callers behind the partner gateway share one key"),
        ])
    }

    fn read_usage(&mut self, quiet: Period) {
        let api = self.retirement.api().id.clone();
        let window = Window::ending_at(self.now, quiet);
        let last = (self.requests > 0).then(|| Period::hours(5).before(self.now));
        let source = self.text("gateway access log");
        let mut seen = UsageEvidence::new(api, source, window, self.requests, last, self.now);
        if let Some(last) = last {
            let caller = CallerId::parse("batch-export").unwrap();
            seen.callers
                .push(CallerUse::new(caller, self.requests, last));
        }
        let sources = vec![Observation::complete(seen, self.now)];
        self.give(Command::RecordUsage { sources, epoch: 1 });
    }

    fn look(&self, action: &ActionId) -> Observation<Reading> {
        let step = self.retirement.step_of(action).unwrap();
        let spec = self.retirement.pipeline().step(step).unwrap();
        let there = spec.effect == EffectClass::Reading || self.world.contains_key(action);
        let reading = if there {
            Reading::Applied {
                evidence: world::evidence(step, self.now, self.texts),
            }
        } else {
            Reading::NotApplied {
                before: json!({ "enabled": true }),
            }
        };
        Observation::complete(reading, self.now)
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
        facts.not_promised = vec![self.text("traffic that no usage source records")];
        facts.actions = r
            .actions()
            .iter()
            .map(|(id, run)| {
                let action = r.known_action(id).unwrap();
                ActionFact::new(
                    id.clone(),
                    r.step_of(id).unwrap().clone(),
                    action.target.clone(),
                    run.evidence.text.clone(),
                    run.since,
                )
            })
            .collect();
        Certificate::sign(&Statement::new(facts), &key()).unwrap()
    }
}
