//! How much, and on what: limits, the canary, the scope that was approved.

use super::world::*;
use crate::catalog::Api;
use crate::id::{ActionId, StepId};
use crate::pipeline::ids;
use crate::plan::Action;
use crate::resource::NoticeId;
use crate::retirement::*;
use crate::time::Period;

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
fn i_12_people_who_are_told_have_a_limit_of_their_own() {
    let told = |people: u32| {
        let mut case = ready();
        let mut plan = case.plan();
        let notice = |n| {
            let notice: NoticeId = format!("post:shop:local:{n}").parse().unwrap();
            let id = ActionId::parse(format!("announce/{n}")).unwrap();
            Action::new(id, notice.into(), "tell")
        };
        for step in &mut plan.steps {
            if step.step.as_str() == ids::ANNOUNCE {
                step.actions = (0..people).map(notice).collect();
            }
        }
        case.give(Command::RecordPlan(plan))
    };
    assert!(told(1_000).is_ok());
    let refused = told(1_001);
    let Err(Refusal::Limit { what, .. }) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(*what, "recipients of one plan");
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
