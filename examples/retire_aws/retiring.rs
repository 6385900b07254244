//! What is retired, wired to an engine.

use std::sync::Arc;

use deprovision_aws::GrantSurvey;
use deprovision_core::catalog::{Api, Catalog};
use deprovision_core::engine::Engine;
use deprovision_core::id::{ProviderId, RetirementId, WorkerId};
use deprovision_core::journal::{Journal, MemoryJournal};
use deprovision_core::ledger::{CheckpointStore, MemoryCheckpointStore};
use deprovision_core::observation::Observation;
use deprovision_core::pipeline::Erasure;
use deprovision_core::policy::Policy;
use deprovision_core::provider::PathProbe;
use deprovision_core::resource::CredentialId;
use deprovision_core::retirement::Proposal;
use deprovision_core::steps::{Providers, standard_steps};
use deprovision_core::time::Clock;
use deprovision_examples::{Files, Problem};
use deprovision_http::{Face, HttpProbe};
use deprovision_notify::{Outbox, OutboxConfig};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::clients::Clients;
use crate::config::Config;
use crate::parts::Parts;
use crate::pipeline::pipeline;

/// The name that the signing key has in checkpoints and certificates.
const KEY_NAME: &str = "retire-aws/retirements";

/// All that the file says, read and put together.
#[derive(Debug)]
pub(crate) struct Retiring {
    pub(crate) config: Config,
    pub(crate) catalog: Catalog,
    pub(crate) policy: Policy,
    pub(crate) api: Api,
    pub(crate) parts: Parts,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the calls of API Gateway's own URLs go instead: nothing serves them in moto.
    pub(crate) served_at: Option<String>,
}

impl Retiring {
    /// Reads the catalog and the policy, and makes the adapters. Nothing is called yet.
    pub(crate) fn new(
        config: Config,
        clients: &Clients,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let (catalog, policy) = (config.catalog()?, config.policy()?);
        let api = config.api(&catalog)?;
        if !api.resources.datasets.is_empty() && config.archive.is_none() {
            let why = format!("{} has data; say where its archive goes", api.id);
            return Err(config.mistake("archive", &why).into());
        }
        Ok(Self {
            parts: Parts::new(&config, &api, clients, &clock)?,
            config,
            catalog,
            policy,
            api,
            clock,
            served_at: None,
        })
    }

    /// Writes down which API keys are the API's, before anything is done: they are found by
    /// their usage plans, and once the API's stages are taken out of those, nothing finds
    /// them again.
    pub(crate) async fn remember_api_keys(&mut self, files: &Files) -> Result<(), Problem> {
        const NAME: &str = "api-keys.json";
        let known: Vec<CredentialId> = match files.read(NAME)? {
            Some(text) => serde_json::from_str(&text)?,
            None => {
                let found = self.parts.api_keys(&self.api).await?;
                files.write(NAME, serde_json::to_string_pretty(&found)?)?;
                found
            }
        };
        let keys = self.parts.gateway_keys.clone();
        self.parts.gateway_keys = keys.named(&self.api.id, known)?;
        Ok(())
    }

    /// The name of the retirement.
    pub(crate) fn id(&self) -> Result<RetirementId, Problem> {
        Ok(RetirementId::parse(self.api.id.as_str())?)
    }

    pub(crate) fn proposal(&self) -> Result<Proposal, Problem> {
        let erasure = if self.config.erase.after_archive {
            Erasure::AfterArchive
        } else {
            Erasure::Never
        };
        let pipeline = pipeline(&self.policy, erasure, self.config.path.notice)?;
        let proposal = Proposal::new(
            self.api.clone(),
            self.config.proposer.clone(),
            &self.config.reason,
            self.policy.clone(),
            pipeline,
        );
        let successor = self.api.successor.as_ref();
        Ok(match successor.and_then(|id| self.catalog.apis.get(id)) {
            Some(successor) => proposal.with_successor(successor.clone()),
            None => proposal,
        })
    }

    /// An engine over a journal; what it writes beside goes below `files`.
    pub(crate) async fn engine(
        &self,
        files: &Files,
        journal: Arc<dyn Journal>,
        checkpoints: Arc<dyn CheckpointStore>,
    ) -> Result<Engine, Problem> {
        Ok(Engine::builder()
            .journal(journal)
            .clock(self.clock.clone())
            .worker(WorkerId::parse("retire_aws")?)
            .steps(standard_steps(&self.providers(files).await?)?)
            .usage_source(self.parts.usage.clone())
            .usage_source(self.parts.last_used.clone())
            .catalog(self.catalog.clone())
            .signer(files.signing_key(KEY_NAME)?)
            .checkpoints(checkpoints)
            .build()?)
    }

    /// An engine that forgets everything: for looking at a plan.
    pub(crate) async fn forgetful_engine(&self, scratch: &Files) -> Result<Engine, Problem> {
        let journal = Arc::new(MemoryJournal::new(self.clock.clone()));
        let checkpoints = Arc::new(MemoryCheckpointStore::default());
        self.engine(scratch, journal, checkpoints).await
    }

    /// Who signed what `files` hold.
    pub(crate) fn verifier(
        files: &Files,
    ) -> Result<deprovision_core::ledger::VerifierKey, Problem> {
        Ok(files.signing_key(KEY_NAME)?.verifier().clone())
    }

    /// What lets somebody in to the API.
    pub(crate) async fn survey(&self) -> Result<Observation<GrantSurvey>, Problem> {
        Ok(self.parts.grants.survey(&self.api.id).await?)
    }

    async fn providers(&self, files: &Files) -> Result<Providers, Problem> {
        let id = |name: &str| ProviderId::parse(name);
        let parts = &self.parts;
        let outbox = OutboxConfig::new(
            files.path("outbox"),
            &self.config.account,
            self.config.from.clone(),
        );
        let outbox = Outbox::open(outbox, self.clock.clone())?;
        let keys = Arc::new(parts.keys.clone());
        let grants = parts.grants.clone();
        let gateway_keys = Arc::new(parts.gateway_keys.clone());
        let secrets = Arc::new(parts.secrets.clone());
        let providers = Providers::new()
            .with_paths(
                id("aws-apigateway")?,
                Arc::new(parts.gateway.clone()),
                self.probe().await?,
            )
            .with_credentials(id("aws-iam")?, keys.clone(), keys)
            .with_grants(id("aws-iam")?, grants.clone(), grants)
            .with_credentials(
                id("aws-apigateway")?,
                gateway_keys.clone(),
                gateway_keys.clone(),
            )
            .with_grants(id("aws-apigateway")?, gateway_keys.clone(), gateway_keys)
            .with_credentials(id("aws-secretsmanager")?, secrets.clone(), secrets)
            .with_notices(
                id("outbox")?,
                self.config.account.clone(),
                "local",
                Arc::new(outbox),
            );
        let Some(store) = &parts.store else {
            return Ok(providers);
        };
        let data = Arc::new(store.datasets.clone());
        Ok(providers
            .with_datasets(id("aws-s3")?, data.clone())
            .with_eraser(id("aws-s3")?, Arc::new(store.eraser.clone()))
            .with_archive(Arc::new(store.archive.clone()), data))
    }

    /// Asks every URL of the API as a stranger would.
    async fn probe(&self) -> Result<Arc<dyn PathProbe>, Problem> {
        let (urls, _) = self.parts.faces(&self.api).await?;
        let mut faces = Vec::new();
        for (path, urls) in urls {
            let more = self.config.path.probe.iter();
            for url in urls.iter().chain(more) {
                let url = match &self.served_at {
                    Some(base) => served_at(base, url),
                    None => url.clone(),
                };
                let face = Face::get(&url)
                    .map_err(|error| self.config.mistake("path.probe", &error.to_string()))?;
                faces.push((path.clone(), face));
            }
        }
        let crypto = rustls::crypto::aws_lc_rs::default_provider();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(crypto)?
            .https_or_http()
            .enable_http1()
            .build();
        let client =
            Client::builder(TokioExecutor::new()).build::<_, Empty<axum::body::Bytes>>(https);
        Ok(Arc::new(HttpProbe::new(client, self.clock.clone(), faces)))
    }
}

/// `https://API.execute-api.…/STAGE/` as `BASE/API/STAGE/`.
fn served_at(base: &str, url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let api = host.split_once('.').map_or(host, |(api, _)| api);
    format!("{base}/{api}/{path}")
}
