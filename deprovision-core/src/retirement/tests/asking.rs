//! Whom the machine asks to approve, and how often.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::world::*;
use crate::catalog::{Contact, Stakeholder};
use crate::id::{PersonId, StepId};
use crate::permit::Approval;
use crate::pipeline::ids;
use crate::policy::{FreezeWindow, Policy};
use crate::provider::NoticeStage;
use crate::retirement::*;
use crate::time::{Period, Timestamp};

const PLAN: NoticeStage = NoticeStage::Approval { number: 0 };
const ASK: Next = Next::Tell { stage: PLAN };

fn policy(case: &mut Case) -> &mut Policy {
    Arc::make_mut(&mut case.retirement.policy)
}

fn api(case: &mut Case) -> &mut crate::catalog::Api {
    Arc::make_mut(&mut case.retirement.api)
}

/// Whom the machine asks to approve now.
fn asked(case: &Case, step: Option<&StepId>) -> Vec<String> {
    let people = case.retirement.approvers(step, case.now);
    let names = people.iter().map(|(who, _)| who.person.to_string());
    names.collect()
}

fn approve(case: &mut Case, by: &str, roles: &[&str]) {
    let digest = case.retirement.plan().unwrap().1;
    let (at, expires) = (case.now, Period::days(9).after(case.now));
    let roles = roles.iter().map(|role| role.parse().unwrap()).collect();
    let yes = Approval::new(person(by), roles, digest, None, at, expires);
    case.give(Command::Approve(yes)).unwrap();
}

/// Does what there is to do, and gives what is next then.
fn rest(case: &mut Case) -> Next {
    while case.drive(&mut || 255) {}
    case.retirement.next(case.now)
}

/// Lets time pass as a driver does, who wakes when it is told to: when people are asked
/// again.
fn asked_again(case: &mut Case) -> Timestamp {
    for _ in 0..100 {
        match case.retirement.next(case.now) {
            next if next == ASK => return case.now,
            Next::Wait { until, .. } => case.now = until.expect("somebody should wake"),
            _other => assert!(case.drive(&mut || 255)),
        }
    }
    panic!("nobody is asked");
}

#[test]
fn i_7_who_can_approve_is_asked_once_and_again_when_an_approval_ran_out() {
    let mut case = ready();
    policy(&mut case).approve_plan.people = 2;
    case.drive(&mut || 255);
    // Never who proposes it.
    assert_eq!(asked(&case, None), ["olga", "sam"]);
    assert_eq!(case.retirement.next(case.now), ASK);
    assert_ne!(rest(&mut case), ASK, "once");
    case.now = Period::hours(20).after(case.now);
    approve(&mut case, "sam", &[]);
    assert_eq!(asked(&case, None), ["olga"]);
    assert_ne!(rest(&mut case), ASK, "there is time");
    // The policy lets nobody's approval be used for longer than three days.
    assert_eq!(asked_again(&mut case), Period::days(3).after(start()));
    assert_eq!(asked(&case, None), ["olga"]);
    case.drive(&mut || 255);
    let ran_out = asked_again(&mut case);
    assert_eq!(ran_out, Period::hours(92).after(start()));
    assert_eq!(asked(&case, None), ["olga", "sam"]);
    case.drive(&mut || 255);
    approve(&mut case, "sam", &[]);
    approve(&mut case, "olga", &[]);
    assert_ne!(rest(&mut case), ASK);
    assert_eq!(asked(&case, None), Vec::<String>::new());
}

#[test]
fn i_17_an_asking_that_reached_nobody_is_repeated_soon() {
    let mut case = ready();
    case.drive(&mut || 255);
    for hours in [1, 2, 4, 8, 16, 24, 24] {
        assert_eq!(case.retirement.next(case.now), ASK);
        let before = case.now;
        let untold = vec![Untold::new(person("sam"), "the disk is full")];
        case.give(Command::RecordTold {
            stage: PLAN,
            round: case.retirement.round(PLAN),
            told: vec![],
            untold,
        })
        .unwrap();
        assert_eq!(asked_again(&mut case), Period::hours(hours).after(before));
    }
}

#[test]
fn i_17_when_an_objection_ends_people_are_asked() {
    let mut case = ready();
    case.object("payroll").unwrap();
    case.drive(&mut || 255);
    assert_ne!(rest(&mut case), ASK);
    let ends = case
        .retirement
        .objections()
        .values()
        .next()
        .unwrap()
        .expires;
    assert_eq!(asked_again(&mut case), ends);
}

#[test]
fn what_was_told_of_another_plan_or_another_end_is_not_noted_as_told_of_this() {
    let mut case = ready();
    case.drive(&mut || 255);
    let made_for = case.retirement.round(PLAN);
    let told = |round| Command::RecordTold {
        stage: PLAN,
        round,
        told: vec![],
        untold: vec![],
    };
    approve(&mut case, "sam", &[]);
    case.until_act(ids::DISABLE_CREDENTIALS);
    let step = StepId::parse(ids::DISABLE_CREDENTIALS).unwrap();
    let (found, catalog) = (vec![], None);
    case.give(Command::CheckScope {
        step,
        found,
        catalog,
    })
    .unwrap();
    assert!(matches!(
        case.give(told(case.retirement.round(PLAN))),
        Err(Refusal::NotNow(_))
    ));
    case.drive(&mut || 255);
    assert_eq!(case.retirement.next(case.now), ASK, "of the new plan");
    assert!(matches!(case.give(told(made_for)), Err(Refusal::NotNow(_))));
    case.give(told(case.retirement.round(PLAN))).unwrap();
}

#[test]
fn i_7_of_an_irreversible_step_people_are_asked_when_it_is_near() {
    let mut case = ready();
    case.until_act(ids::DISABLE_CREDENTIALS);
    let of_a_step = |event: &Event| {
        let Event::PeopleTold { stage, .. } = event else {
            return false;
        };
        matches!(stage, NoticeStage::Approval { number: 1.. })
    };
    assert!(!case.log.iter().any(|(event, _)| of_a_step(event)));
    case.until_act(ids::DELETE_CREDENTIALS);
    let soaked = case.retirement.actions()[&id(ids::DISABLE_CREDENTIALS, 0)].since;
    let asks = case.log.iter().filter(|(event, _)| of_a_step(event));
    let asks: Vec<&Timestamp> = asks.map(|(_, at)| at).collect();
    assert_eq!(asks.len(), 1, "{asks:?}");
    assert!(*asks[0] >= Period::days(14).after(soaked));
}

#[test]
fn i_7_in_a_freeze_nobody_is_asked_for_what_could_not_be_used() {
    let mut case = ready();
    let to = Period::days(20).after(start());
    policy(&mut case).freezes = vec![FreezeWindow::new(start(), to, "the year ends")];
    case.drive(&mut || 255);
    assert_ne!(rest(&mut case), ASK);
    assert_eq!(asked_again(&mut case), to);
}

#[test]
fn i_7_who_can_fill_what_is_missing_is_asked() {
    let role = |name: &str| name.parse().unwrap();
    let mut case = ready();
    policy(&mut case).approve_plan.roles = BTreeSet::from([role("security")]);
    case.drive(&mut || 255);
    assert_eq!(asked(&case, None), ["sam"]);
    // A yes without the role leaves the role missing.
    approve(&mut case, "sam", &[]);
    assert_eq!(asked(&case, None), ["sam"]);
    // One person in two roles is one person, and another one is needed.
    let mut case = ready();
    let rule = &mut policy(&mut case).approve_plan;
    (rule.people, rule.roles) = (2, BTreeSet::from([role("security"), role("legal")]));
    let sam = case.retirement.api().stakeholders[0].contact.clone();
    api(&mut case)
        .stakeholders
        .push(Stakeholder::new(sam, role("legal")));
    case.drive(&mut || 255);
    assert_eq!(asked(&case, None), ["sam"]);
    approve(&mut case, "sam", &["security", "legal"]);
    assert_eq!(asked(&case, None), ["olga"]);
}

#[test]
fn i_7_neither_a_group_nor_another_name_of_who_proposed_or_approved_is_asked() {
    let mut case = ready();
    policy(&mut case).approve_plan.people = 3;
    let security: crate::id::Role = "security".parse().unwrap();
    let contact = |name: &str, email: &str| {
        let email = format!("{email}@example.com").parse().unwrap();
        Contact::new(PersonId::parse(name).unwrap(), email)
    };
    let api = api(&mut case);
    api.owner = Some(contact("group:default/platform", "platform"));
    for other in [
        contact("user:default/proposer", "proposer"),
        contact("sam-too", "sam"),
        contact("ann", "ann"),
        contact("olga", "olga"),
    ] {
        api.stakeholders
            .push(Stakeholder::new(other, security.clone()));
    }
    case.drive(&mut || 255);
    assert_eq!(asked(&case, None), ["sam", "ann", "olga"]);
    approve(&mut case, "sam", &[]);
    assert_eq!(asked(&case, None), ["ann", "olga"]);
}

#[test]
fn i_21_a_step_of_the_clock_gives_up_no_notice() {
    let mut case = ready();
    case.drive(&mut || 255);
    assert_eq!(case.retirement.next(case.now), ASK);
    case.drive(&mut || 255);
    assert_eq!(case.retirement.awaited().count(), 1);
    let by = Period::days(8);
    case.now = by.after(case.now);
    case.give(Command::NoteClockStep { by }).unwrap();
    case.give(Command::RecordDeliveries {
        delivered: vec![],
        undelivered: vec![],
        not_before: None,
    })
    .unwrap();
    assert_eq!(case.retirement.awaited().count(), 1);
}
