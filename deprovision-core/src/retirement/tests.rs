//! Given events, when a command, then events or a refusal; and random schedules
//! against a small world with faults.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalog::Api;
use crate::id::{ActionId, ApiId, ObjectionId, PersonId, StepId};
use crate::observation::Observation;
use crate::permit::Approval;
use crate::pipeline::{Erasure, Pipeline, ids};
use crate::plan::{Action, Plan, PlannedStep};
use crate::policy::Policy;
use crate::provider::{EffectClass, ErrorKind, Outcome};
use crate::resource::{CredentialId, ResourceRef};
use crate::time::{Period, Timestamp, Window};
use crate::usage::UsageEvidence;

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn start() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

/// A retirement, its log, and a world of one switch an action.
struct Case {
    retirement: Retirement,
    log: Vec<(Event, Timestamp)>,
    now: Timestamp,
    world: BTreeMap<ActionId, bool>,
    requests: u64,
    writes: u64,
}

impl Case {
    fn new() -> Self {
        let policy = Policy::default();
        let pipeline = Pipeline::standard(&policy, Erasure::AfterArchive).unwrap();
        let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
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
        }
    }

    fn give(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let events = self.retirement.decide(command, self.now)?;
        for event in &events {
            self.check(event);
            self.retirement.evolve(event, self.now);
            self.log.push((event.clone(), self.now));
        }
        Ok(events)
    }

    /// What must hold whenever something is about to be sent.
    fn check(&self, event: &Event) {
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

    fn plan(&self) -> Plan {
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

    fn read_usage(&mut self, quiet: Period) {
        let api = self.retirement.api().id.clone();
        let window = Window::ending_at(self.now, quiet);
        let evidence = UsageEvidence::new(api, "log", window, self.requests, None, self.now);
        let sources = vec![Observation::complete(evidence, self.now)];
        self.give(Command::RecordUsage { sources, epoch: 1 })
            .unwrap();
    }

    fn look(&self, action: &ActionId) -> Observation<Reading> {
        let reads = self.retirement.spec_of(action).unwrap().effect == EffectClass::Reading;
        let there = reads || self.world.get(action).copied().unwrap_or(false);
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
    fn drive(&mut self, fault: &mut dyn FnMut() -> u8) -> bool {
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
                    let reading = self.bend(&action, fault());
                    self.give(Command::Prepare { action, reading }).unwrap();
                }
            }
            Next::Observe { actions } => {
                for action in actions {
                    let reading = self.bend(&action, fault());
                    self.give(Command::Observe { action, reading }).unwrap();
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
            Next::Audit => {
                self.give(Command::RecordAudit { drift: vec![] }).unwrap();
            }
            Next::Wait { .. } | Next::Finished => return false,
        }
        true
    }

    fn read_usage_if_irreversible(&mut self, step: &StepId) {
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

    fn bend(&self, action: &ActionId, fault: u8) -> Observation<Reading> {
        match fault {
            0 => Observation::unknown("the reply was lost"),
            1 => Observation::partial(
                Reading::Applied {
                    evidence: "page 1".into(),
                },
                self.now,
                "page 2",
            ),
            _ => self.look(action),
        }
    }

    fn send(&mut self, action: ActionId, on: bool, fault: u8) {
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

    fn approve(&mut self, step: Option<&str>) {
        let Some((_, digest)) = self.retirement.plan() else {
            return;
        };
        for by in ["ann", "bob"] {
            let step = step.map(|step| StepId::parse(step).unwrap());
            let expires = Period::days(365).after(self.now);
            let approval =
                Approval::new(person(by), BTreeSet::new(), digest, step, self.now, expires);
            let _ = self.give(Command::Approve(approval));
        }
    }

    /// Lets time pass until something is due; people approve, and help what is parked.
    fn pass_time(&mut self) {
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
        if why.iter().any(|why| why.rule == "I-7") {
            self.approve(None);
            self.approve(Some(ids::DELETE_CREDENTIALS));
            self.approve(Some(ids::ERASE));
        }
        if let Some(until) = until {
            self.now = self.now.max(until);
        }
    }

    /// Drives without faults until nothing is left to do.
    fn finish(&mut self) {
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
    fn until_act(&mut self, wanted: &str) {
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

    fn object(&mut self, name: &str) -> Result<Vec<Event>, Refusal> {
        let expires = Period::days(9).after(self.now);
        let id = ObjectionId::parse(name).unwrap();
        self.give(Command::Object(Objection::new(
            id,
            person("carol"),
            "payroll",
            expires,
        )))
    }

    fn cancel(&mut self) -> Result<Vec<Event>, Refusal> {
        self.give(Command::Cancel {
            by: person("carol"),
            reason: "needed".into(),
        })
    }
}

fn id(step: &str, n: u8) -> ActionId {
    ActionId::parse(format!("{step}/{n}")).unwrap()
}

fn target(step: &str, n: u8) -> ResourceRef {
    format!("p:a:r:{step}-{n}")
        .parse::<CredentialId>()
        .unwrap()
        .into()
}

#[test]
fn a_retirement_without_faults_ends_retired_and_writes_each_effect_once() {
    let mut case = Case::new();
    case.retirement.policy.limits.credentials = 100;
    case.finish();
    assert_eq!(*case.retirement.mode(), Mode::Finished);
    let written = case
        .log
        .iter()
        .filter(|(e, _)| matches!(e, Event::ActionIntended { .. }))
        .count();
    assert_eq!(written as u64, case.writes);
    assert!(case.world.values().all(|on| *on));
}

fn ready() -> Case {
    let mut case = Case::new();
    case.retirement.policy.limits.credentials = 100;
    // The log has to begin with the policy that was used.
    if let Some((Event::Proposed { proposal }, _)) = case.log.first_mut() {
        proposal.policy.limits.credentials = 100;
    }
    case
}

#[test]
fn i_7_neither_the_proposer_nor_another_plan_can_be_approved() {
    let mut case = ready();
    case.drive(&mut || 255);
    let digest = case.retirement.plan().unwrap().1;
    let expires = Period::days(1).after(case.now);
    let approval = |by: &str, digest| {
        Approval::new(person(by), BTreeSet::new(), digest, None, start(), expires)
    };
    let by_proposer = case.give(Command::Approve(approval("proposer", digest)));
    assert!(matches!(by_proposer, Err(Refusal::Approval(_))));
    let other = crate::digest::Digest::of_bytes(b"another plan");
    assert!(matches!(
        case.give(Command::Approve(approval("ann", other))),
        Err(Refusal::Approval(_))
    ));
    assert!(case.give(Command::Approve(approval("ann", digest))).is_ok());
}

#[test]
fn i_10_one_read_is_not_enough_and_two_are() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    case.drive(&mut || 255);
    let action = id(ids::CLOSE, 0);
    assert_eq!(
        case.retirement.actions()[&action].phase,
        ActionPhase::Settling
    );
    case.drive(&mut || 255);
    assert_eq!(
        case.retirement.actions()[&action].phase,
        ActionPhase::Settling
    );
    case.drive(&mut || 255);
    assert_eq!(
        case.retirement.actions()[&action].phase,
        ActionPhase::Verified
    );
}

#[test]
fn i_12_one_action_goes_first_and_the_others_after_it_was_seen_to_work() {
    let mut case = ready();
    case.until_act(ids::DISABLE_CREDENTIALS);
    let step = StepId::parse(ids::DISABLE_CREDENTIALS).unwrap();
    let first = vec![id(ids::DISABLE_CREDENTIALS, 0)];
    assert_eq!(
        case.retirement.next(case.now),
        Next::Act {
            step,
            actions: first
        }
    );
}

#[test]
fn i_12_too_many_targets_or_too_much_at_once_is_refused() {
    let mut case = Case::new();
    let plan = case.plan();
    assert!(matches!(
        case.give(Command::RecordPlan(plan)),
        Err(Refusal::Limit { .. })
    ));
    let mut case = ready();
    case.until_act(ids::CLOSE);
    let begin = |others, today| Command::Begin {
        actions: vec![id(ids::CLOSE, 0)],
        epoch: 1,
        capacity: Capacity::new(others, today),
    };
    assert!(matches!(case.give(begin(5, 0)), Err(Refusal::Limit { .. })));
    assert!(case.give(begin(4, 0)).is_ok());
    let mut case = ready();
    case.until_act(ids::DELETE_CREDENTIALS);
    case.read_usage(Period::days(14));
    let begin = Command::Begin {
        actions: vec![id(ids::DELETE_CREDENTIALS, 0)],
        epoch: 1,
        capacity: Capacity::new(0, 50),
    };
    assert!(matches!(case.give(begin), Err(Refusal::Limit { .. })));
}

#[test]
fn i_12_and_i_18_a_target_that_appeared_or_vanished_voids_the_plan_and_its_approvals() {
    for found in [vec![0, 1, 2], vec![0], vec![]] {
        let mut case = ready();
        case.until_act(ids::DISABLE_CREDENTIALS);
        let step = StepId::parse(ids::DISABLE_CREDENTIALS).unwrap();
        let found = found
            .into_iter()
            .map(|n| target(ids::DISABLE_CREDENTIALS, n))
            .collect();
        let events = case
            .give(Command::CheckScope {
                step,
                found,
                catalog: None,
            })
            .unwrap();
        assert!(
            matches!(events[..], [Event::PlanVoided { .. }]),
            "{events:?}"
        );
        assert_eq!(case.retirement.next(case.now), Next::MakePlan);
        case.drive(&mut || 255);
        assert!(case.retirement.approval(None, case.now).is_err());
    }
}

#[test]
fn i_7_a_plan_that_was_made_again_in_the_middle_needs_its_approvals_again() {
    let mut case = ready();
    case.until_act(ids::DISABLE_CREDENTIALS);
    let step = StepId::parse(ids::DISABLE_CREDENTIALS).unwrap();
    case.give(Command::CheckScope {
        step,
        found: vec![],
        catalog: None,
    })
    .unwrap();
    case.drive(&mut || 255);
    while case.drive(&mut || 255) {}
    match case.retirement.next(case.now) {
        Next::Wait { why, .. } => assert!(why.iter().any(|why| why.rule == "I-7"), "{why:?}"),
        other => panic!("it should wait for approvals: {other:?}"),
    }
    assert_eq!(
        case.retirement.actions()[&id(ids::DISABLE_CREDENTIALS, 0)].phase,
        ActionPhase::Prepared
    );
}

#[test]
fn i_8_usage_of_another_lease_does_not_open_what_is_irreversible() {
    let mut case = ready();
    case.until_act(ids::DELETE_CREDENTIALS);
    case.read_usage(Period::days(14));
    let begin = |epoch| Command::Begin {
        actions: vec![id(ids::DELETE_CREDENTIALS, 0)],
        epoch,
        capacity: Capacity::new(0, 0),
    };
    assert!(matches!(case.give(begin(2)), Err(Refusal::NotYet(_))));
    assert!(case.give(begin(1)).is_ok());
}

#[test]
fn i_8_traffic_holds_the_closing_and_the_wait_says_who_is_waited_for() {
    let mut case = ready();
    case.requests = 3;
    for _ in 0..300 {
        if !case.drive(&mut || 255) {
            case.pass_time();
        }
    }
    assert_eq!(
        case.retirement.actions()[&id(ids::CLOSE, 0)].phase,
        ActionPhase::Waiting
    );
    let why = match case.retirement.next(case.now) {
        Next::Wait { why, .. } => why,
        _other => panic!("it should wait"),
    };
    assert!(
        why.iter().any(|why| why.have.contains("3 requests")),
        "{why:?}"
    );
    case.requests = 0;
    case.finish();
    assert_eq!(*case.retirement.mode(), Mode::Finished);
}

#[test]
fn i_15_an_intent_without_an_outcome_is_looked_at_and_not_sent_again() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    case.drive(&mut || 4);
    assert_eq!(
        case.retirement.actions()[&id(ids::CLOSE, 0)].phase,
        ActionPhase::Intended
    );
    assert!(matches!(
        case.retirement.next(case.now),
        Next::Observe { .. }
    ));
}

#[test]
fn i_16_an_objection_holds_until_it_is_withdrawn_by_its_author_or_expires() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    case.object("payroll").unwrap();
    let begin = Command::Begin {
        actions: vec![id(ids::CLOSE, 0)],
        epoch: 1,
        capacity: Capacity::new(0, 0),
    };
    assert!(matches!(case.give(begin), Err(Refusal::Vetoed { .. })));
    assert!(matches!(case.retirement.next(case.now), Next::Wait { .. }));
    let withdraw = |by| Command::WithdrawObjection {
        id: ObjectionId::parse("payroll").unwrap(),
        by: person(by),
    };
    assert!(matches!(
        case.give(withdraw("ann")),
        Err(Refusal::NoSuchObjection(_))
    ));
    case.give(withdraw("carol")).unwrap();
    case.until_act(ids::CLOSE);
    case.object("again").unwrap();
    case.now = Period::days(9).after(case.now);
    case.until_act(ids::CLOSE);
}

#[test]
fn i_16_after_the_pivot_objection_and_cancellation_come_too_late() {
    let mut case = ready();
    case.until_act(ids::DELETE_CREDENTIALS);
    case.drive(&mut || 255);
    assert!(matches!(case.object("late"), Err(Refusal::TooLate { .. })));
    assert!(matches!(case.cancel(), Err(Refusal::TooLate { .. })));
}

#[test]
fn i_16_an_undo_is_looked_at_again_once_late_requests_can_no_longer_land() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    case.drive(&mut || 4);
    let sent = case.now;
    let close = case
        .retirement
        .pipeline
        .steps()
        .iter()
        .position(|s| s.id.as_str() == ids::CLOSE)
        .unwrap();
    let mut steps = case.retirement.pipeline.steps().to_vec();
    steps[close].late = Period::minutes(5);
    case.retirement.pipeline = Pipeline::build(steps, &Policy::default()).unwrap();
    case.cancel().unwrap();
    case.drive(&mut || 255);
    match case.retirement.next(case.now) {
        Next::Wait { until, .. } => assert_eq!(until, Some(Period::minutes(5).after(sent))),
        other => panic!("it should wait for late requests: {other:?}"),
    }
    // The late request lands; the look after the window finds it, and it is undone again.
    case.world.insert(id(ids::CLOSE, 0), true);
    case.finish();
    assert_eq!(*case.retirement.mode(), Mode::Cancelled);
    assert!(case.world.values().all(|on| !on));
}

#[test]
fn i_17_what_fails_eight_times_is_parked_with_who_and_what() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    let begun = case.now;
    for _ in 0..200 {
        if case.retirement.parked().is_some() {
            break;
        }
        if !case.drive(&mut || 3) {
            case.pass_time();
        }
    }
    let parked = case.retirement.parked().unwrap();
    assert_eq!(parked.owner, person("proposer"));
    assert!(!parked.next_safe_action.is_empty());
    assert!(case.now <= Period::hours(7).after(begun));
    assert!(matches!(
        case.retirement.next(case.now),
        Next::Wait { until: None, .. }
    ));
}

#[test]
fn i_21_a_clock_that_steps_back_reopens_nothing_and_a_step_forward_shortens_no_notice() {
    let mut case = ready();
    for _ in 0..100 {
        case.drive(&mut || 255);
        if matches!(case.retirement.next(case.now), Next::Wait { ref why, .. } if why.iter().any(|w| w.rule == "I-7"))
        {
            case.approve(None);
        }
    }
    let until = |case: &Case| match case.retirement.next(case.now) {
        Next::Wait { until, .. } => until.unwrap(),
        other => panic!("it should wait for the notice: {other:?}"),
    };
    let before = until(&case);
    case.now = Period::days(20).after(case.now);
    case.give(Command::NoteClockStep {
        by: Period::days(20),
    })
    .unwrap();
    assert_eq!(until(&case), Period::days(20).after(before));
    let there = case.now;
    case.now = start();
    assert_eq!(case.retirement.forward(case.now), there);
    assert!(matches!(case.retirement.next(case.now), Next::Wait { .. }));
}

#[test]
fn i_11_a_finished_run_asks_for_nothing() {
    let mut case = ready();
    case.finish();
    let writes = case.writes;
    case.finish();
    assert_eq!(case.writes, writes);
    assert_eq!(case.retirement.next(Timestamp::MAX), Next::Finished);
}

#[test]
fn i_18_a_face_that_the_catalog_learns_after_the_approval_voids_it() {
    let changes: [fn(&mut Api); 3] = [
        |api| api.hosts.push("orders.example.com".into()),
        |api| {
            let face = crate::catalog::Face::new(crate::catalog::FaceKind::Stage, "beta");
            api.faces.push(face);
        },
        |api| {
            let id = "dir:shop:local:orders".parse().unwrap();
            api.resources.datasets.push(id);
        },
    ];
    for change in changes {
        let mut case = ready();
        case.until_act(ids::CLOSE);
        let step = StepId::parse(ids::CLOSE).unwrap();
        let found = vec![target(ids::CLOSE, 0), target(ids::CLOSE, 1)];
        let mut api = case.retirement.api().clone();
        change(&mut api);
        let events = case
            .give(Command::CheckScope {
                step,
                found,
                catalog: Some(api.clone()),
            })
            .unwrap();
        assert!(
            matches!(events[..], [Event::PlanVoided { .. }]),
            "{events:?}"
        );
        // The plan that is made next knows it.
        let mut plan = case.plan();
        plan.api = api.clone();
        case.give(Command::RecordPlan(plan)).unwrap();
        assert_eq!(*case.retirement.api(), api);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Any faults and any people, then no more faults: it ends retired, or as it
    /// was before; what was about to be sent was always allowed to be (see `check`);
    /// and replaying the log gives the same state.
    #[test]
    fn any_schedule_is_safe_and_ends(faults in prop::collection::vec(0u8..40, 50..600)) {
        let mut case = ready();
        let mut random = faults.into_iter();
        let mut number = 0u32;
        while let Some(choice) = random.next() {
            number += 1;
            match choice {
                30 => { let _ = case.object(&format!("o{number}")); }
                31 => { let _ = case.cancel(); }
                32 => case.requests = 1 - case.requests,
                33 => case.approve(None),
                34 => case.now = Period::hours(2).before(case.now),
                35 => { case.give(Command::NoteClockStep { by: Period::hours(2) }).unwrap(); }
                _ => {
                    if !case.drive(&mut || random.next().unwrap_or(255)) {
                        case.pass_time();
                    }
                }
            }
        }
        case.requests = 0;
        case.finish();
        match case.retirement.mode() {
            Mode::Cancelled => prop_assert!(case.world.values().all(|on| !on)),
            Mode::Finished => prop_assert!(case.world.values().all(|on| *on)),
            other => prop_assert!(false, "{other:?}"),
        }
        let mut replayed = Retirement::begin(&case.log[0].0, case.log[0].1).unwrap();
        for (event, at) in &case.log[1..] {
            let json = serde_json::to_string(event).unwrap();
            replayed.evolve(&serde_json::from_str(&json).unwrap(), *at);
        }
        prop_assert_eq!(replayed, case.retirement);
    }
}
