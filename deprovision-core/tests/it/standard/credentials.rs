//! Credentials that were found once are not lost from sight.

use deprovision_core::policy::Policy;
use deprovision_core::retirement::{Phase, WaitRule};

use super::retiring::Retiring;
use super::world::World;

#[tokio::test]
async fn i_4_a_key_that_only_its_grant_finds_is_deleted_after_the_grant_is_gone() {
    let retiring = Retiring::proposed(World::new(&["billing"]), Policy::default()).await;
    assert!(retiring.until_complete("remove-grants").await);
    assert!(retiring.world.held().grants.is_empty());
    let before = retiring.plan().await.unwrap().digest;
    assert!(
        retiring
            .until(|status, _| status.phase == Phase::Retired)
            .await
    );
    let keys = retiring.world.held().keys.clone();
    assert!(keys.is_empty(), "it is retired, and there are {keys:?}");
    // What we made vanish ourselves voids no plan.
    assert_eq!(retiring.plan().await.unwrap().digest, before);
}

#[tokio::test]
async fn i_4_a_key_that_lives_at_a_confirming_look_is_seen_though_nothing_lists_it() {
    let retiring = Retiring::proposed(World::new(&["billing"]), Policy::default()).await;
    assert!(retiring.until_complete("confirm-1").await);
    // It comes back with no grant that would find it.
    retiring
        .world
        .held()
        .keys
        .insert("billing".to_owned(), true);
    let parked = retiring
        .until(|status, _| status.waits_for(WaitRule::Parked))
        .await;
    let timeline = retiring.engine.timeline(&retiring.id).await.unwrap();
    let last = timeline.last().unwrap();
    assert!(parked && last.what.contains("confirm-2"), "{}", last.what);
    assert!(
        last.what
            .contains("[I-4] shop:acme:local:key-billing is still there"),
        "{}",
        last.what
    );
    // Once it is gone again, the run goes on.
    retiring.world.held().keys.clear();
    let ann = super::retiring::person("ann");
    retiring
        .engine
        .resume(&retiring.id, ann, "it is gone")
        .await
        .unwrap();
    assert!(
        retiring
            .until(|status, _| status.phase == Phase::Retired)
            .await
    );
}

#[tokio::test]
async fn i_4_a_key_that_comes_back_after_retirement_is_drift_though_nothing_lists_it() {
    let retiring = Retiring::proposed(World::new(&["billing"]), Policy::default()).await;
    assert!(
        retiring
            .until(|status, _| status.phase == Phase::Retired)
            .await
    );
    retiring
        .world
        .held()
        .keys
        .insert("billing".to_owned(), false);
    retiring
        .world
        .clock
        .advance(deprovision_core::time::Period::days(1));
    retiring.engine.run_until_idle().await.unwrap();
    let timeline = retiring.engine.timeline(&retiring.id).await.unwrap();
    let last = &timeline.last().unwrap().what;
    assert!(
        last.contains("[I-4] shop:acme:local:key-billing is still there"),
        "{last}"
    );
}
