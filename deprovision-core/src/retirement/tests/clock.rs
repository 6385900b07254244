//! Time goes forward.

use super::world::*;
use crate::id::StepId;
use crate::pipeline::{Pipeline, Stage, StepSpec};
use crate::policy::Policy;
use crate::provider::{EffectClass, Reversibility};
use crate::retirement::*;
use crate::time::Period;

#[test]
fn i_21_a_clock_that_steps_back_reopens_nothing_and_a_step_forward_shortens_no_notice() {
    let mut case = ready();
    for _ in 0..100 {
        case.drive(&mut || 255);
        if matches!(case.retirement.next(case.now), Next::Wait { ref why, .. } if why.iter().any(|w| w.rule == WaitRule::Approval))
        {
            case.approve(None);
        }
    }
    let until = |case: &mut Case| {
        while case.retirement.next(case.now) == Next::SeeDeliveries {
            case.drive(&mut || 255);
        }
        let Next::Wait { why, .. } = case.retirement.next(case.now) else {
            panic!("it should wait for the notice");
        };
        let notice = why.iter().find(|why| why.rule == WaitRule::Notice);
        notice.unwrap().next_check_at.unwrap()
    };
    let before = until(&mut case);
    case.now = Period::days(20).after(case.now);
    case.give(Command::NoteClockStep {
        by: Period::days(20),
    })
    .unwrap();
    assert_eq!(until(&mut case), Period::days(20).after(before));
    let there = case.now;
    case.now = start();
    assert_eq!(case.retirement.forward(case.now), there);
    assert!(matches!(case.retirement.next(case.now), Next::Wait { .. }));
}

#[test]
fn i_21_a_step_forward_brings_no_look_nearer() {
    let mut spec = StepSpec::new(
        StepId::parse("close").unwrap(),
        Stage::Close,
        "close",
        Reversibility::Reversible,
        EffectClass::Absorbing,
    );
    spec.settle = Period::minutes(1);
    spec.late = Period::minutes(5);
    let policy = Policy::default();
    let pipeline = Pipeline::build(vec![spec], &policy).unwrap();
    let mut case = Case::of(policy, pipeline);
    case.until_act("close");
    let until = |case: &Case| match case.retirement.next(case.now) {
        Next::Wait { until, .. } => until.unwrap(),
        other => panic!("it should wait: {other:?}"),
    };
    // Once for the settle time of an action, and once for the late requests of its undo.
    for undo in [false, true] {
        if undo {
            case.cancel().unwrap();
        }
        case.drive(&mut || 255);
        let before = until(&case);
        let by = Period::hours(1);
        case.now = by.after(case.now);
        case.give(Command::NoteClockStep { by }).unwrap();
        assert_eq!(until(&case), by.after(before));
    }
}
