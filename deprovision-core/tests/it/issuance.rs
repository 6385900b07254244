//! Issuers that can not be frozen.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::id::{ApiId, PersonId, ProviderId, RetirementId};
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::permit::{DestructionWarrant, WritePermit};
use deprovision_core::pipeline::{Erasure, Pipeline, StepSpec, ids};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{
    CredentialObserver, CredentialRevoker, CredentialState, ErrorKind, IssuerState, Outcome,
    ProviderError,
};
use deprovision_core::resource::{CredentialId, IssuerId};
use deprovision_core::retirement::{Proposal, Reading, Retirement};
use deprovision_core::step::{Step, StepContext};
use deprovision_core::steps::{Confirm, FreezeIssuance, Providers};
use deprovision_core::time::Timestamp;

/// An issuer that always issues, with the credentials that it has.
struct Issuer {
    issued: Vec<CredentialId>,
}

fn unsupported() -> ProviderError {
    ProviderError::new(ErrorKind::Unsupported, "freeze", "there is no way")
}

#[async_trait]
impl CredentialObserver for Issuer {
    async fn credentials(
        &self,
        _: &IssuerId,
        _: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        Ok(Observation::complete(self.issued.clone(), Timestamp::now()))
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let state = if self.issued.contains(id) {
            CredentialState::Active { last_used: None }
        } else {
            CredentialState::Absent {
                control: PositiveControl::saw("the issuer"),
            }
        };
        Ok(Observation::complete(state, Timestamp::now()))
    }

    async fn issuer(
        &self,
        _: &IssuerId,
        _: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        let why = "anybody may make keys".to_owned();
        let state = IssuerState::Unfreezable { why };
        Ok(Observation::complete(state, Timestamp::now()))
    }
}

#[async_trait]
impl CredentialRevoker for Issuer {
    async fn freeze_issuance(
        &self,
        _: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Err(unsupported())
    }

    async fn unfreeze_issuance(
        &self,
        _: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Err(unsupported())
    }

    async fn disable(&self, _: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        Err(unsupported())
    }

    async fn restore(&self, _: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        Err(unsupported())
    }

    async fn delete(
        &self,
        _: &CredentialId,
        _: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        Err(unsupported())
    }
}

fn providers(issued: &[&str]) -> Providers {
    let issued = issued.iter().map(|id| id.parse().unwrap()).collect();
    let issuer = Arc::new(Issuer { issued });
    let name = ProviderId::parse("open").unwrap();
    Providers::new().with_credentials(name, issuer.clone(), issuer)
}

fn retirement() -> (Retirement, Pipeline) {
    let policy = Policy::default();
    let pipeline = Pipeline::standard(&policy, Erasure::Never).unwrap();
    let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
    api.resources.issuers = vec!["open:shop:local:keys".parse().unwrap()];
    let dana = PersonId::parse("dana").unwrap();
    let proposal = Proposal::new(api, dana, "idle", policy, pipeline.clone());
    let event = Retirement::propose(proposal);
    let begun = Retirement::begin(&event, Timestamp::now()).unwrap();
    (begun, pipeline)
}

/// A step of the standard pipeline whose name begins so.
fn step(pipeline: &Pipeline, name: &str) -> StepSpec {
    let found = pipeline
        .steps()
        .iter()
        .find(|step| step.id.as_str().starts_with(name));
    found.unwrap().clone()
}

#[tokio::test]
async fn the_plan_tells_of_an_issuer_that_can_not_be_frozen_and_does_not_try() {
    let (retirement, pipeline) = retirement();
    let id = RetirementId::parse("orders-v1").unwrap();
    let freeze = step(&pipeline, ids::FREEZE_ISSUANCE);
    let cx = StepContext::new(&id, &retirement, &freeze, Timestamp::now());
    let plan = FreezeIssuance::new(providers(&[])).plan(&cx).await.unwrap();
    assert!(plan.actions.is_empty());
    assert!(
        plan.notes[0].contains("anybody may make keys"),
        "{:?}",
        plan.notes
    );
}

#[tokio::test]
async fn i_4_without_a_freeze_confirming_still_enumerates() {
    let (retirement, pipeline) = retirement();
    let id = RetirementId::parse("orders-v1").unwrap();
    let confirm = step(&pipeline, ids::CONFIRM);
    let cx = StepContext::new(&id, &retirement, &confirm, Timestamp::now());
    let issuer = &retirement.api().resources.issuers[0];
    for (issued, confirmed) in [(&[][..], true), (&["open:shop:local:new"], false)] {
        let action = cx.action(issuer.clone(), "confirm").unwrap();
        let seen = Confirm::new(providers(issued))
            .observe(&action, &cx)
            .await
            .unwrap();
        let reading = seen.known_completely().unwrap();
        assert_eq!(
            matches!(reading, Reading::Applied { .. }),
            confirmed,
            "{reading:?}"
        );
    }
}
