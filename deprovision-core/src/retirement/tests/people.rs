//! What people decide: approvals, objections, calling it off.

use std::collections::BTreeSet;

use super::world::*;
use crate::id::{ObjectionId, StepId};
use crate::permit::Approval;
use crate::pipeline::{Pipeline, Stage, StepSpec, ids};
use crate::policy::Policy;
use crate::provider::{EffectClass, Reversibility};
use crate::retirement::*;
use crate::time::Period;

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
        Next::Wait { why, .. } => assert!(
            why.iter().any(|why| why.rule == WaitRule::Approval),
            "{why:?}"
        ),
        other => panic!("it should wait for approvals: {other:?}"),
    }
    assert_eq!(
        case.retirement.actions()[&id(ids::DISABLE_CREDENTIALS, 0)].phase,
        ActionPhase::Prepared
    );
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
    case.retirement.pipeline = Pipeline::build(steps, &Policy::default()).unwrap().into();
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
fn i_16_an_objection_holds_the_certificate_too() {
    let spec = StepSpec::new(
        StepId::parse("close").unwrap(),
        Stage::Close,
        "close",
        Reversibility::Reversible,
        EffectClass::Absorbing,
    );
    let policy = Policy::default();
    let pipeline = Pipeline::build(vec![spec], &policy).unwrap();
    let mut case = Case::of(policy, pipeline);
    while case.retirement.next(case.now) != Next::Certify {
        if !case.drive(&mut || 255) {
            case.pass_time();
        }
    }
    case.object("payroll").unwrap();
    match case.retirement.next(case.now) {
        Next::Wait { why, .. } => assert_eq!(why[0].rule, WaitRule::Objection),
        other => panic!("an objection holds it: {other:?}"),
    }
    let certify = Command::Certify {
        statement: crate::digest::Digest::of_bytes(b"statement"),
        envelope: "{}".into(),
    };
    assert!(matches!(case.give(certify), Err(Refusal::NotNow(_))));
    case.cancel().unwrap();
    case.finish();
    assert!(case.world.values().all(|on| !on));
}

#[test]
fn i_7_an_approval_expires_before_its_first_use_and_never_later_than_the_policy_says() {
    let mut case = ready();
    case.drive(&mut || 255);
    case.approve(None);
    let asked = Period::days(365).after(case.now);
    let given = case.retirement.approvals()[0].expires;
    assert!(given < asked, "the policy's 72 h, not what was asked for");
    assert!(case.retirement.approval(None, case.now).is_ok());
    assert!(case.retirement.approval(None, given).is_err());
}
