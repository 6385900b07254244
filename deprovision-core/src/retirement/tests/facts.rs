//! What counts as a fact: readings, usage, and what was sent.

use super::world::*;
use crate::observation::Observation;
use crate::pipeline::ids;
use crate::retirement::*;
use crate::time::{Period, Timestamp};

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
    while case.drive(&mut || 255) {}
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
fn i_11_a_finished_run_asks_for_nothing() {
    let mut case = ready();
    case.finish();
    let writes = case.writes;
    case.finish();
    assert_eq!(case.writes, writes);
    assert_eq!(case.retirement.next(Timestamp::MAX), Next::Finished);
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
    // The request of a driver that died may still land: then it is looked at.
    let sent = case.now;
    match case.retirement.next(case.now) {
        Next::Wait { until, .. } => assert_eq!(until, Some(Period::minutes(5).after(sent))),
        other => panic!("it should wait until nothing lands any more: {other:?}"),
    }
    case.now = Period::minutes(5).after(sent);
    assert!(matches!(
        case.retirement.next(case.now),
        Next::Observe { .. }
    ));
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
    assert_eq!(parked.owner, person("olga"));
    assert!(!parked.next_safe_action.is_empty());
    assert!(case.now <= Period::hours(7).after(begun));
    assert!(matches!(
        case.retirement.next(case.now),
        Next::Wait { until: None, .. }
    ));
}

#[test]
fn i_9_a_doubtful_look_is_neither_there_nor_absent() {
    let there = || Reading::Applied {
        evidence: "page 1".into(),
    };
    let absent = || Reading::NotApplied {
        before: serde_json::json!({}),
    };
    for doubtful in [
        Observation::unknown("the reply was lost"),
        Observation::partial(there(), start(), "page 2"),
        Observation::partial(absent(), start(), "page 2"),
    ] {
        let mut case = ready();
        case.until_act(ids::CLOSE);
        case.drive(&mut || 255);
        let action = id(ids::CLOSE, 0);
        for _ in 0..3 {
            let reading = doubtful.clone();
            let action = action.clone();
            case.give(Command::Observe { action, reading }).unwrap();
        }
        let run = &case.retirement.actions()[&action];
        assert_eq!(run.phase, ActionPhase::Settling);
        assert_eq!((run.agreeing, run.contrary), (0, 0));
    }
}

#[test]
fn i_10_reads_that_disagree_are_counted_anew_and_the_answer_never_counts() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    // The provider says done, and it is not.
    case.drive(&mut || 2);
    let action = id(ids::CLOSE, 0);
    for there in [true, false, true] {
        case.world.insert(action.clone(), there);
        case.drive(&mut || 255);
        let phase = case.retirement.actions()[&action].phase;
        assert_eq!(phase, ActionPhase::Settling);
    }
    case.drive(&mut || 255);
    let phase = case.retirement.actions()[&action].phase;
    assert_eq!(phase, ActionPhase::Verified);
}

#[test]
fn i_11_an_empty_selection_changes_nothing() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    let before = case.retirement.clone();
    let begin = Command::Begin {
        actions: vec![],
        epoch: 1,
        capacity: Capacity::new(0, 0),
    };
    assert_eq!(case.give(begin), Ok(vec![]));
    assert_eq!(case.retirement, before);
}

#[test]
fn i_15_nothing_is_sent_before_what_undo_restores_is_known() {
    let mut case = ready();
    while !matches!(case.retirement.next(case.now), Next::Prepare { .. }) {
        if !case.drive(&mut || 255) {
            case.pass_time();
        }
    }
    let Next::Prepare { actions } = case.retirement.next(case.now) else {
        return;
    };
    let begin = Command::Begin {
        actions,
        epoch: 1,
        capacity: Capacity::new(0, 0),
    };
    assert!(matches!(case.give(begin), Err(Refusal::NotNow(_))));
}

#[test]
fn i_17_what_is_parked_sends_nothing_and_its_watch_does_not_end() {
    let mut case = ready();
    case.until_act(ids::CLOSE);
    case.park().unwrap();
    let begin = Command::Begin {
        actions: vec![id(ids::CLOSE, 0)],
        epoch: 1,
        capacity: Capacity::new(0, 0),
    };
    assert!(matches!(case.give(begin), Err(Refusal::NotNow(_))));
    let mut case = ready();
    while !matches!(case.retirement.mode(), Mode::Watching { .. }) {
        if !case.drive(&mut || 255) {
            case.pass_time();
        }
    }
    case.park().unwrap();
    case.now = Period::days(10_000).after(case.now);
    let audit = Command::RecordAudit { drift: vec![] };
    assert!(matches!(case.give(audit), Err(Refusal::NotNow(_))));
    assert!(matches!(case.retirement.mode(), Mode::Watching { .. }));
}
