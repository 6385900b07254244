//! Grants that may stay for a while, because somebody said so (invariant I-6).

use std::sync::Arc;

use deprovision_core::engine::{EngineError, Waive};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{ErrorKind, error_chain};
use deprovision_core::report::{ReportSource, html};
use deprovision_core::retirement::{Phase, WaitRule};
use deprovision_core::time::{Clock, Period};

use super::retiring::{Retiring, person, signer};
use super::world::{World, grant};

const BILLING: &str = "shop:acme:local:grant-billing";

async fn retiring(world: Arc<World>) -> Retiring {
    Retiring::proposed(world, Policy::default()).await
}

/// Ann's waiver for so many days.
fn waive(name: &str, days: u64, retiring: &Retiring) -> Waive {
    let until = Period::days(days).after(retiring.world.clock.now());
    Waive::grant(person("ann"), grant(name), "the invoices need it", until)
}

impl Retiring {
    async fn waive(&self, waive: Waive) {
        self.engine.waive(&self.id, waive).await.unwrap();
    }

    async fn last(&self) -> String {
        let timeline = self.engine.timeline(&self.id).await.unwrap();
        timeline.last().unwrap().what.clone()
    }

    async fn retires(&self) -> bool {
        self.until(|status, _| status.phase == Phase::Retired).await
    }
}

#[tokio::test]
async fn i_6_a_grant_that_lingers_at_a_confirming_look_parks_the_run() {
    let retiring = retiring(World::new(&["billing"])).await;
    assert!(retiring.until_complete("delete-credentials").await);
    retiring.world.held().grants.insert("billing".to_owned());
    assert!(!retiring.retires().await);
    assert!(retiring.status().await.waits_for(WaitRule::Parked));
    let said = retiring.last().await;
    assert!(
        said.contains(&format!("[I-6] {BILLING} is still there")),
        "{said}"
    );
}

#[tokio::test]
async fn i_6_a_waived_grant_stays_and_plan_certificate_and_report_say_so() {
    let retiring = retiring(World::new(&["billing", "reports"])).await;
    retiring.waive(waive("billing", 80, &retiring)).await;
    let plan = retiring.plan().await.unwrap();
    let notes = plan.notes.join("\n");
    assert!(notes.contains(&format!("{BILLING} stays")), "{notes}");
    assert!(
        notes.contains("ann") && notes.contains("the invoices need it"),
        "{notes}"
    );
    assert!(retiring.retires().await);
    let held = retiring.world.held().grants.clone();
    assert_eq!(held.into_iter().collect::<Vec<_>>(), ["billing"]);
    assert!(retiring.world.held().keys.is_empty());

    let entries = retiring.engine.entries(&retiring.id).await.unwrap();
    let certificate = retiring.engine.certificate(&retiring.id).await.unwrap();
    let keys = [signer().verifier().clone()];
    let attested = certificate.verify_with_log(&keys, &entries).unwrap();
    let facts = &attested.statement.predicate.waivers;
    let said: Vec<_> = facts
        .iter()
        .map(|it| (it.grant.to_string(), it.by.to_string()))
        .collect();
    assert_eq!(said, [(BILLING.to_owned(), "ann".to_owned())]);
    let confirmed = attested.statement.predicate.actions.iter();
    let confirmed = confirmed.filter(|it| it.step.as_str().starts_with("confirm"));
    assert!(
        confirmed.clone().any(|it| it.evidence.contains("1 grant")),
        "{confirmed:?}"
    );
    let page = html(&ReportSource::new(&entries, retiring.world.clock.now())).unwrap();
    assert!(page.contains("the invoices need it"));
}

#[tokio::test]
async fn i_6_a_waiver_voids_a_plan_that_would_remove_the_grant() {
    let retiring = retiring(World::new(&["billing"])).await;
    let before = retiring.plan().await.unwrap();
    assert!(
        before
            .lines
            .iter()
            .any(|line| line.step.as_str() == "remove-grants")
    );
    retiring.approve().await;
    retiring.waive(waive("billing", 80, &retiring)).await;
    let after = retiring.plan().await.unwrap();
    assert_ne!(after.digest, before.digest);
    assert!(
        after
            .lines
            .iter()
            .all(|line| line.step.as_str() != "remove-grants")
    );
    assert!(retiring.status().await.waits_for(WaitRule::Approval));
}

#[tokio::test]
async fn i_6_a_waiver_that_ran_out_reopens_the_finding_and_a_new_one_closes_it() {
    let retiring = retiring(World::new(&["billing"])).await;
    retiring.waive(waive("billing", 48, &retiring)).await;
    // It still held when the other grants were removed.
    assert!(retiring.until_complete("delete-credentials").await);
    assert!(!retiring.retires().await);
    let said = retiring.last().await;
    assert!(
        said.contains(&format!("[I-6] {BILLING} is still there")),
        "{said}"
    );
    assert!(said.contains("ran out"), "{said}");
    retiring.waive(waive("billing", 30, &retiring)).await;
    let ann = person("ann");
    retiring
        .engine
        .resume(&retiring.id, ann, "waived again")
        .await
        .unwrap();
    assert!(retiring.retires().await);
}

#[tokio::test]
async fn i_6_a_waiver_that_runs_out_during_the_watch_is_drift() {
    let retiring = retiring(World::new(&["billing"])).await;
    retiring.waive(waive("billing", 80, &retiring)).await;
    let end = Period::days(80).after(retiring.world.clock.now());
    assert!(retiring.retires().await);
    let audits = |retiring: &Retiring| {
        retiring.world.clock.advance(Period::days(1));
        retiring.engine.clone()
    };
    audits(&retiring).run_until_idle().await.unwrap();
    assert_eq!(retiring.last().await, "looked again: nothing came back");
    retiring.world.clock.advance_to(end);
    audits(&retiring).run_until_idle().await.unwrap();
    let said = retiring.last().await;
    assert!(
        said.contains(&format!("[I-6] {BILLING} is still there")),
        "{said}"
    );
    // Somebody takes responsibility again, for as long as the policy allows.
    retiring.waive(waive("billing", 1_000, &retiring)).await;
    audits(&retiring).run_until_idle().await.unwrap();
    assert_eq!(retiring.last().await, "looked again: nothing came back");
}

#[tokio::test]
async fn i_6_what_nobody_can_decide_keeps_the_plan_from_being_made_until_it_is_waived() {
    let world = World::new(&["billing"]);
    let undecided = ("everybody".to_owned(), "allows *".to_owned());
    world.held().undecided.extend([undecided]);
    let retiring = retiring(world).await;
    let Err(EngineError::Planning { step, source }) = retiring.plan().await else {
        panic!("an undecided grant is planned over");
    };
    assert_eq!(
        (step.as_str(), source.kind()),
        ("remove-grants", &ErrorKind::Unsupported)
    );
    let said = error_chain(&source);
    let name = grant("everybody").to_string();
    assert!(
        said.contains(&name) && said.contains("allows *") && said.contains("waive"),
        "{said}"
    );
    retiring.engine.run_until_idle().await.unwrap();
    assert!(retiring.status().await.waits_for(WaitRule::Parked));

    retiring.waive(waive("everybody", 48, &retiring)).await;
    let ann = person("ann");
    retiring
        .engine
        .resume(&retiring.id, ann, "looked at")
        .await
        .unwrap();
    assert!(retiring.until_complete("delete-credentials").await);
    // It runs out before the run is confirmed: nobody can tell again.
    assert!(!retiring.retires().await);
    let said = retiring.last().await;
    assert!(said.contains("[I-6]") && said.contains(&name), "{said}");
    retiring.waive(waive("everybody", 30, &retiring)).await;
    let ann = person("ann");
    retiring
        .engine
        .resume(&retiring.id, ann, "looked at")
        .await
        .unwrap();
    assert!(retiring.retires().await);
}

#[tokio::test]
async fn i_6_a_waiver_of_a_grant_that_was_changed_does_not_count() {
    let world = World::new(&[]);
    world.held().grants.insert("ci-reads".to_owned());
    let retiring = retiring(world).await;
    retiring.waive(waive("ci-reads", 80, &retiring)).await;
    assert!(
        retiring
            .plan()
            .await
            .unwrap()
            .lines
            .iter()
            .all(|line| line.step.as_str() != "remove-grants")
    );
    // Another statement has another id.
    retiring.world.held().grants = ["ci-writes".to_owned()].into();
    assert!(retiring.until_complete("close").await);
    assert!(
        !retiring.retires().await,
        "a grant that nobody approved to remove lingers"
    );
    let said = retiring.last().await;
    assert!(said.contains("grant-ci-writes"), "{said}");
}

#[tokio::test]
async fn i_6_a_waiver_is_given_by_somebody_else_than_the_proposer_and_taken_back_by_its_author() {
    let retiring = retiring(World::new(&["billing"])).await;
    let mut own = waive("billing", 80, &retiring);
    own.by = person("dana");
    let refused = retiring.engine.waive(&retiring.id, own).await.unwrap_err();
    assert!(
        refused.to_string().starts_with("[I-6] dana proposed"),
        "{refused}"
    );
    retiring.waive(waive("billing", 80, &retiring)).await;
    let waived = retiring.plan().await.unwrap().digest;
    let (engine, id) = (&retiring.engine, &retiring.id);
    let bob = engine
        .withdraw_waiver(id, grant("billing"), person("bob"))
        .await;
    assert!(bob.is_err());
    engine
        .withdraw_waiver(id, grant("billing"), person("ann"))
        .await
        .unwrap();
    let plan = retiring.plan().await.unwrap();
    assert_ne!(plan.digest, waived);
    assert!(
        plan.lines
            .iter()
            .any(|line| line.step.as_str() == "remove-grants")
    );
}

#[tokio::test]
async fn i_6_a_policy_that_wants_two_people_or_none_is_kept() {
    let mut policy = Policy::default();
    policy.approve_waiver.people = 2;
    let retiring = Retiring::proposed(World::new(&["billing"]), policy).await;
    let removes = async || {
        let plan = retiring.plan().await.unwrap();
        plan.lines
            .iter()
            .any(|line| line.step.as_str() == "remove-grants")
    };
    retiring.waive(waive("billing", 80, &retiring)).await;
    assert!(removes().await, "one of two people is not enough");
    let mut second = waive("billing", 80, &retiring);
    second.by = person("bob");
    retiring.waive(second).await;
    assert!(!removes().await);

    let mut policy = Policy::default();
    policy.waiver_expiry = Period::ZERO;
    let strict = Retiring::proposed(World::new(&["billing"]), policy).await;
    let refused = strict
        .engine
        .waive(&strict.id, waive("billing", 80, &strict))
        .await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("allows no waivers")
    );
}
