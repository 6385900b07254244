//! What a plan says of the work on GitHub.

use std::sync::Arc;

use deprovision_core::id::{PersonId, ProviderId, RetirementId};
use deprovision_core::pipeline::{Erasure, Pipeline, ids};
use deprovision_core::policy::Policy;
use deprovision_core::retirement::{Proposal, Retirement};
use deprovision_core::step::{Step, StepContext};
use deprovision_core::steps::{Providers, RemoveReferences};
use deprovision_core::time::Timestamp;
use deprovision_github::Limits;

use crate::world::{World, v1};

#[tokio::test]
async fn the_plan_says_how_long_its_proposals_take_by_githubs_limits() {
    let world = World::new().await;
    let policy = Policy::default();
    let pipeline = Pipeline::standard(&policy, Erasure::Never).unwrap();
    let mut api = v1();
    api.resources.repositories = vec![world.shop("shop"), world.shop("cellar")];
    let by = PersonId::parse("dana").unwrap();
    let proposal = Proposal::new(api, by, "idle", policy, pipeline.clone());
    let now = Timestamp::now();
    let retirement = Retirement::begin(&Retirement::propose(proposal), now).unwrap();
    let id = RetirementId::parse("orders-v1").unwrap();
    let mut steps = pipeline.steps().iter();
    let spec = steps
        .find(|step| step.id.as_str() == ids::REMOVE_REFERENCES)
        .unwrap();
    let cx = StepContext::new(&id, &retirement, spec, now);

    let plan = async |limits: Limits| {
        let github = world.github().with_limits(limits);
        let code = world.code_over(&github);
        let providers = Providers::new()
            .with_repositories(ProviderId::parse("github").unwrap(), Arc::new(code));
        let plan = RemoveReferences::new(providers).plan(&cx).await.unwrap();
        assert_eq!(plan.actions.len(), 2);
        plan.notes
    };
    let notes = plan(Limits::default()).await;
    let said = "proposing it at github takes at least 0 h 1 min by GitHub's limits: 2 pull \
                requests are 20 calls, 12 of them writes, 68 points";
    assert!(notes.iter().any(|note| note == said), "{notes:?}");
    // Whoever has less of the budget has to wait longer.
    let mut half = Limits::default();
    half.content_an_hour = 4;
    let notes = plan(half).await;
    assert!(
        notes.iter().any(|note| note.contains("at least 1 h")),
        "{notes:?}"
    );
}
