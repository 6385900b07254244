//! Grants that may stay: who says so, until when, and what their end does.

use std::sync::Arc;

use super::world::*;
use crate::id::ApiId;
use crate::permit::Waiver;
use crate::pipeline::ids;
use crate::resource::ResourceRef;
use crate::retirement::*;
use crate::time::Period;

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

#[test]
fn i_6_a_waiver_needs_somebody_else_a_reason_this_api_and_a_policy_that_allows_it() {
    let mut case = ready();
    let expires = Period::days(9).after(case.now);
    let waiver = |by: &str, api: &str, reason: &str| {
        let api = ApiId::parse(api).unwrap();
        Waiver::new(grant(7), api, person(by), reason, start(), expires)
    };
    for (given, why) in [
        (waiver("proposer", "orders-v1", "needed"), "proposed"),
        (waiver("ann", "orders-v2", "needed"), "this retires"),
        (waiver("ann", "orders-v1", " "), "no reason"),
    ] {
        let refused = case.give(Command::Waive(given)).unwrap_err();
        assert!(matches!(refused, Refusal::Waiver(_)), "{refused}");
        assert!(refused.to_string().contains(why), "{refused}");
    }
    assert!(case.waive(7, 0).is_err(), "it has expired already");
    let good = waiver("ann", "orders-v1", "needed");
    assert!(case.give(Command::Waive(good.clone())).is_ok());
    assert!(case.retirement.waived(case.now).covers(&grant(7)));
    assert!(!case.retirement.waived(expires).covers(&grant(7)));
    Arc::make_mut(&mut case.retirement.policy).waiver_expiry = Period::ZERO;
    let refused = case.give(Command::Waive(good)).unwrap_err();
    assert!(
        refused.to_string().contains("allows no waivers"),
        "{refused}"
    );
}

#[test]
fn i_6_a_waiver_lasts_no_longer_than_the_policy_says_and_no_clock_revives_it() {
    let mut case = ready();
    case.waive(7, 1_000).unwrap();
    let longest = case.retirement.policy().waiver_expiry;
    let end = longest.after(case.now);
    assert_eq!(case.retirement.waivers()[0].expires, end);
    assert_eq!(case.retirement.waivers()[0].at, case.now);
    case.now = end;
    case.give(Command::NoteClockStep {
        by: Period::hours(1),
    })
    .unwrap();
    let back = Period::hours(2).before(end);
    assert!(!case.retirement.waived(back).covers(&grant(7)));
}

#[test]
fn i_6_a_waiver_voids_the_plan_that_would_remove_the_grant_and_comes_too_late_when_it_does() {
    let mut case = ready();
    case.drive(&mut || 255);
    assert_eq!(names(&case.waive(7, 9).unwrap()), ["grant_waived"]);
    let both = ["grant_waived", "plan_voided"];
    assert_eq!(names(&case.waive(1, 9).unwrap()), both);

    let mut late = ready();
    late.until_act(ids::REMOVE_GRANTS);
    late.drive(&mut || 255);
    let begun = late.retirement.actions()[&id(ids::REMOVE_GRANTS, 0)].clone();
    assert!(begun.may_have_effect());
    let refused = late.waive(0, 9).unwrap_err();
    assert!(
        refused.to_string().contains("being removed already"),
        "{refused}"
    );
    // The other one waits for the first, the canary: it may still stay.
    assert_eq!(names(&late.waive(1, 9).unwrap()), both);
}

#[test]
fn i_6_a_waiver_is_taken_back_by_its_author_alone() {
    let mut case = ready();
    case.waive(7, 9).unwrap();
    case.drive(&mut || 255);
    let withdraw = |by: &str| Command::WithdrawWaiver {
        grant: grant(7),
        by: person(by),
    };
    assert!(case.give(withdraw("bob")).is_err());
    let taken = case.give(withdraw("ann")).unwrap();
    assert_eq!(names(&taken), ["waiver_withdrawn", "plan_voided"]);
    assert!(!case.retirement.waived(case.now).covers(&grant(7)));
    assert!(case.give(withdraw("ann")).is_err(), "there is none left");
}

#[test]
fn i_6_no_certificate_rests_on_a_waiver_that_ran_out() {
    let mut case = ready();
    while case.retirement.next(case.now) != Next::Certify {
        if !case.drive(&mut || 255) {
            case.pass_time();
        }
    }
    // Everything is done, and a waiver runs out while nobody drives.
    case.waive(7, 2).unwrap();
    assert_eq!(case.retirement.next(case.now), Next::Certify);
    case.now = Period::days(2).after(case.now);
    let Next::CheckScope { step } = case.retirement.next(case.now) else {
        panic!("{:?}", case.retirement.next(case.now));
    };
    assert_eq!(step.as_str(), ids::REMOVE_GRANTS);
    let refused = case.give(Command::Certify {
        statement: crate::digest::Digest::of_bytes(b"statement"),
        envelope: "{}".to_owned(),
    });
    assert!(refused.is_err());
    // The grant is there: it has to be planned. It is not there: nothing is in the way.
    let found = |there: bool| Command::CheckScope {
        step: step.clone(),
        found: there
            .then(|| ResourceRef::from(grant(7)))
            .into_iter()
            .collect(),
        catalog: None,
    };
    let there = case.retirement.decide(found(true), case.now).unwrap();
    assert_eq!(names(&there), ["plan_voided"]);
    let gone = case.give(found(false)).unwrap();
    assert_eq!(names(&gone), ["scope_confirmed"]);
    assert_eq!(case.retirement.next(case.now), Next::Certify);
}
