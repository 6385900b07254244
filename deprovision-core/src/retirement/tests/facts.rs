//! What counts as a fact: readings, usage, and what was sent.

use super::world::*;
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
    assert_eq!(parked.owner, person("proposer"));
    assert!(!parked.next_safe_action.is_empty());
    assert!(case.now <= Period::hours(7).after(begun));
    assert!(matches!(
        case.retirement.next(case.now),
        Next::Wait { until: None, .. }
    ));
}
