//! What an access path can not do is seen when the plan is made.

use deprovision_core::engine::EngineError;
use deprovision_core::observation::Observation;
use deprovision_core::policy::Policy;
use deprovision_core::provider::{
    Ability, ErrorKind, PathAbilities, PathState, ProviderError, error_chain,
};
use deprovision_core::retirement::{Phase, WaitRule};

use super::retiring::Retiring;
use super::world::World;

fn without(lose: impl Fn(&mut PathAbilities, Ability)) -> PathAbilities {
    let mut abilities = PathAbilities::all();
    lose(&mut abilities, Ability::can_not("it is a plain path"));
    abilities
}

/// The retirement of an API whose path can only so much.
async fn retiring(abilities: Observation<PathAbilities>, policy: Policy) -> Retiring {
    let world = World::new(&["billing"]);
    world.held().abilities = abilities;
    Retiring::proposed(world, policy).await
}

fn known(abilities: PathAbilities) -> Observation<PathAbilities> {
    Observation::complete(abilities, deprovision_core::time::Timestamp::UNIX_EPOCH)
}

async fn refused(retiring: &Retiring) -> (String, ProviderError) {
    match retiring.plan().await {
        Err(EngineError::Planning { step, source }) => (step.to_string(), source),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_brown_out_that_the_path_can_not_do_is_no_plan_and_the_error_says_what_to_do() {
    let abilities = without(|path, lack| path.brown_out = lack);
    let retiring = retiring(known(abilities), Policy::default()).await;
    let (step, error) = refused(&retiring).await;
    assert_eq!(
        (step.as_str(), error.kind()),
        ("brown-out-1", &ErrorKind::Unsupported)
    );
    let said = error_chain(&error);
    assert!(said.contains("it is a plain path"), "{said}");
    assert!(said.contains("`brown_outs = []`"), "{said}");
    // Nobody has to ask for the plan: the driver parks it at once, and sends nothing.
    retiring.engine.run_until_idle().await.unwrap();
    let status = retiring.status().await.to_string();
    assert!(
        retiring.status().await.waits_for(WaitRule::Parked),
        "{status}"
    );
    assert!(status.contains("can not be planned"), "{status}");
    assert_eq!(retiring.world.held().sets, []);
}

#[tokio::test]
async fn a_policy_without_brown_outs_needs_no_path_that_can() {
    let mut policy = Policy::default();
    policy.brown_outs = Vec::new();
    let abilities = without(|path, lack| path.brown_out = lack);
    let retiring = retiring(known(abilities), policy).await;
    assert!(retiring.plan().await.is_ok());
}

#[tokio::test]
async fn a_path_that_can_not_be_closed_is_no_plan() {
    let abilities = without(|path, lack| path.close = lack);
    let (step, error) = refused(&retiring(known(abilities), Policy::default()).await).await;
    assert_eq!(
        (step.as_str(), error.kind()),
        ("close", &ErrorKind::Unsupported)
    );
    assert!(error_chain(&error).contains("it is a plain path"));
}

#[tokio::test]
async fn i_9_a_path_of_which_nobody_knows_what_it_can_is_no_plan_and_is_asked_again() {
    for unclear in [
        Observation::unknown("the provider gave no answer"),
        Observation::partial(
            PathAbilities::all(),
            deprovision_core::time::Timestamp::UNIX_EPOCH,
            "a stage",
        ),
    ] {
        let (_, error) = refused(&retiring(unclear, Policy::default()).await).await;
        assert!(error.kind().is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn a_path_without_headers_is_told_in_the_plan_and_browned_out_without_them() {
    let abilities = without(|path, lack| path.notice = lack);
    let retiring = retiring(known(abilities.clone()), Policy::default()).await;
    let plan = retiring.plan().await.unwrap();
    let notes = plan.notes.join("\n");
    assert!(notes.contains("orders sends no Deprecation"), "{notes}");
    assert!(notes.contains("it is a plain path"), "{notes}");
    assert!(plan.lines.iter().all(|line| line.step.as_str() != "signal"));
    // The same world, made anew: the same words, and the same digest.
    let again = self::retiring(known(abilities), Policy::default()).await;
    assert_eq!(again.plan().await.unwrap().digest, plan.digest);

    assert!(
        retiring
            .until(|status, _| status.phase == Phase::Retired)
            .await
    );
    let sets = retiring.world.held().sets.clone();
    let silent = |state: &PathState| match state {
        PathState::Open { notice } | PathState::BrownOut { notice, .. } => notice.is_none(),
        PathState::Closed { .. } => true,
    };
    assert!(sets.iter().all(silent), "{sets:?}");
    let brown_outs = sets
        .iter()
        .filter(|state| matches!(state, PathState::BrownOut { .. }));
    assert_eq!(brown_outs.count(), Policy::default().brown_outs.len());
}

#[tokio::test]
async fn a_path_with_headers_has_them_and_keeps_them_through_its_brown_outs() {
    let retiring = retiring(known(PathAbilities::all()), Policy::default()).await;
    assert!(
        retiring
            .until(|status, _| status.phase == Phase::Retired)
            .await
    );
    let sets = retiring.world.held().sets.clone();
    let told = sets.iter().filter(|state| match state {
        PathState::Open { notice } | PathState::BrownOut { notice, .. } => notice.is_some(),
        PathState::Closed { .. } => false,
    });
    assert_eq!(
        told.count(),
        1 + Policy::default().brown_outs.len(),
        "{sets:?}"
    );
}
