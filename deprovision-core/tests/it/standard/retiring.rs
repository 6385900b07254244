//! The engine over the world, and people who approve.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::engine::{Approve, Engine, EngineError, PlanView, Status};
use deprovision_core::id::{ApiId, PersonId, ProviderId, RetirementId, StepId, WorkerId};
use deprovision_core::journal::MemoryJournal;
use deprovision_core::ledger::{KeyName, SigningKey};
use deprovision_core::observation::Observation;
use deprovision_core::pipeline::{Erasure, Pipeline, ids};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{ProviderError, UsageSource};
use deprovision_core::retirement::{Proposal, WaitRule};
use deprovision_core::steps::{Providers, standard_steps};
use deprovision_core::time::{Clock, ManualClock, Period, Window};
use deprovision_core::usage::UsageEvidence;

use super::world::{World, issuer, path};

/// A log that saw nobody.
struct Quiet {
    clock: Arc<ManualClock>,
}

#[async_trait]
impl UsageSource for Quiet {
    fn name(&self) -> &str {
        "log"
    }

    fn lag(&self) -> Period {
        Period::ZERO
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let now = self.clock.now();
        let seen = UsageEvidence::new(api.id.clone(), "log", window, 0, None, now);
        Ok(Observation::complete(seen, now))
    }
}

/// One retirement in the world.
pub(crate) struct Retiring {
    pub(crate) world: Arc<World>,
    pub(crate) engine: Engine,
    pub(crate) id: RetirementId,
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

pub(crate) fn signer() -> SigningKey {
    SigningKey::from_seed(KeyName::parse("deprovision.test").unwrap(), &[7; 32])
}

impl Retiring {
    /// Dana proposes it under a policy.
    pub(crate) async fn proposed(world: Arc<World>, policy: Policy) -> Self {
        let clock = world.clock.clone();
        let log = Arc::new(Quiet { clock });
        Self::with(world, policy, Providers::new(), log, |_| {}).await
    }

    /// The same with more providers, another log and another API.
    pub(crate) async fn with(
        world: Arc<World>,
        policy: Policy,
        more: Providers,
        log: Arc<dyn UsageSource>,
        change: impl FnOnce(&mut Api),
    ) -> Self {
        let provider = || ProviderId::parse("shop").unwrap();
        let providers = more
            .with_paths(provider(), world.clone(), world.clone())
            .with_credentials(provider(), world.clone(), world.clone())
            .with_grants(provider(), world.clone(), world.clone());
        let engine = Engine::builder()
            .journal(Arc::new(MemoryJournal::new(world.clock.clone())))
            .clock(world.clock.clone())
            .worker(WorkerId::parse("w1").unwrap())
            .signer(signer())
            .steps(standard_steps(&providers).unwrap())
            .usage_source(log)
            .build()
            .unwrap();
        let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        api.usage_sources.push("log".to_owned());
        api.resources.access_paths.push(path());
        api.resources.issuers.push(issuer());
        change(&mut api);
        let pipeline = Pipeline::standard(&policy, Erasure::Never).unwrap();
        let proposal = Proposal::new(api, person("dana"), "idle", policy, pipeline);
        let id = engine.propose(proposal).await.unwrap();
        Self { world, engine, id }
    }

    pub(crate) async fn plan(&self) -> Result<PlanView, EngineError> {
        self.engine.plan(&self.id).await
    }

    pub(crate) async fn status(&self) -> Status {
        self.engine.status(&self.id).await.unwrap()
    }

    pub(crate) async fn approve(&self) {
        let digest = self.plan().await.unwrap().digest;
        let delete = StepId::parse(ids::DELETE_CREDENTIALS).unwrap();
        for by in ["ann", "bob"] {
            for yes in [
                Approve::plan(person(by), digest),
                Approve::step(person(by), digest, delete.clone()),
            ] {
                self.engine.approve(&self.id, yes).await.unwrap();
            }
        }
    }

    /// Lets time pass, and people approve, until that is so; `false` when nothing
    /// happens any more without it.
    pub(crate) async fn until(&self, so: impl Fn(&Status, &World) -> bool) -> bool {
        for _ in 0..400 {
            let idle = self.engine.run_until_idle().await.unwrap();
            let status = self.status().await;
            if so(&status, &self.world) {
                return true;
            }
            let waits_for_people = status.waits_for(WaitRule::Approval);
            match idle.next_due {
                Some(at) => self.world.clock.advance_to(at),
                None if waits_for_people => {}
                None => return false,
            }
            if waits_for_people {
                self.approve().await;
            }
        }
        panic!("it does not end: {}", self.status().await);
    }

    /// Lets time pass until that step is complete.
    pub(crate) async fn until_complete(&self, step: &str) -> bool {
        self.until(|status, _| {
            use deprovision_core::engine::StepStatus;
            let mut steps = status.steps.iter();
            steps.any(|it| it.step.as_str() == step && it.status == StepStatus::Done)
        })
        .await
    }
}
