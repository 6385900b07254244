//! The engine of the shop: every provider of this workspace, plugged in.

use std::sync::Arc;

use deprovision_code::{GitCode, GitDocuments};
use deprovision_core::engine::Engine;
use deprovision_core::id::{PersonId, ProviderId, WorkerId};
use deprovision_core::journal::Journal;
use deprovision_core::ledger::CheckpointStore;
use deprovision_core::pipeline::{Erasure, Pipeline};
use deprovision_core::policy::Policy;
use deprovision_core::retirement::Proposal;
use deprovision_core::steps::{Providers, StepSet, standard_steps};
use deprovision_core::time::Period;
use deprovision_http::{Face, HttpProbe};
use deprovision_local::DirectoryEraser;
use deprovision_usage::AccessLog;

use crate::shop::{Problem, Shop, http};

/// The demands of the shop; everything else is the standard.
const POLICY: &str = "\
# What the shop demands; what is not said here is the standard.
notice = \"30d\"
brown_outs = [\"1h\", \"4h\"]
soak = \"14d\"

# A short watch, so that the story ends.
[watch]
every = \"1d\"
lasts = \"3d\"
";

/// Who proposes, and who approves.
///
/// # Errors
/// Never: the names are well formed.
pub fn people() -> Result<(PersonId, [PersonId; 2]), Problem> {
    let approvers = [PersonId::parse("ann")?, PersonId::parse("bob")?];
    Ok((PersonId::parse("dana")?, approvers))
}

/// The policy, from its file; written the first time.
///
/// # Errors
/// With the file and the line of what is wrong in it.
pub fn policy(shop: &Shop) -> Result<Policy, Problem> {
    if shop.files.read("policy.toml")?.is_none() {
        shop.files.write("policy.toml", POLICY)?;
    }
    let text = shop.files.read("policy.toml")?.unwrap_or_default();
    let name = shop.files.path("policy.toml").display().to_string();
    Ok(Policy::from_toml(&name, &text)?)
}

impl Shop {
    /// The proposal to retire version 1.
    ///
    /// # Errors
    /// When the policy or the catalog is wrong.
    pub fn proposal(&self, reason: &str) -> Result<Proposal, Problem> {
        let policy = policy(self)?;
        let pipeline = Pipeline::standard(&policy, Erasure::AfterArchive)?;
        let (dana, _) = people()?;
        let proposal = Proposal::new(self.api("orders-v1")?, dana, reason, policy, pipeline);
        Ok(proposal.with_successor(self.api("orders-v2")?))
    }

    /// The access log as a source of usage.
    pub fn usage(&self) -> AccessLog {
        AccessLog::new(
            "access-log",
            [self.files.path("access.log")],
            self.clock.clone(),
        )
        .with_max_gap(Period::hours(12))
        .beside(self.catalog.apis.values())
        .with_probe_agent(&self.probe_agent)
    }

    /// The steps of the standard pipeline over the providers of the shop.
    ///
    /// # Errors
    /// When a URL or a name is not well formed.
    pub fn steps(&self) -> Result<StepSet, Problem> {
        let id = |name: &str| ProviderId::parse(name);
        let faces = ["/v1/orders", "/v1/orders/1001"].map(|path| {
            let face = Face::get(&format!("{}{path}", self.base))?;
            Ok(("gateway:shop:local:orders-v1".parse()?, face))
        });
        let faces = faces.into_iter().collect::<Result<Vec<_>, Problem>>()?;
        let agent = http::HeaderValue::from_str(&self.probe_agent)?;
        let probe = HttpProbe::new(http(), self.clock.clone(), faces).with_agent(agent);
        let keys = Arc::new(self.keys.clone());
        let data = Arc::new(self.data.clone());
        let code = GitCode::new(self.repositories.clone()).knowing(self.catalog.clone());
        let documents = GitDocuments::new(self.repositories.clone());
        let providers = Providers::new()
            .with_paths(
                id("gateway")?,
                Arc::new(self.gateway.clone()),
                Arc::new(probe),
            )
            .with_credentials(id("keyfile")?, keys.clone(), keys.clone())
            .with_grants(id("keyfile")?, keys.clone(), keys)
            .with_datasets(id("dir")?, data.clone())
            .with_eraser(
                id("dir")?,
                Arc::new(DirectoryEraser::new(self.data.clone())),
            )
            .with_archive(Arc::new(self.archives.clone()), data)
            .with_documents(id("git")?, Arc::new(documents))
            .with_repositories(id("git")?, Arc::new(code))
            .with_notices(id("outbox")?, "shop", "local", self.outbox.clone());
        Ok(standard_steps(&providers)?)
    }

    /// The engine over a journal.
    ///
    /// # Errors
    /// When a part is not well formed.
    pub fn engine(
        &self,
        journal: Arc<dyn Journal>,
        checkpoints: Arc<dyn CheckpointStore>,
        steps: StepSet,
    ) -> Result<Engine, Problem> {
        Ok(Engine::builder()
            .journal(journal)
            .clock(self.clock.clone())
            .worker(WorkerId::parse("quickstart")?)
            .steps(steps)
            .usage_source(Arc::new(self.usage()))
            .catalog(self.catalog.clone())
            .signer(self.signer()?)
            .checkpoints(checkpoints)
            .build()?)
    }
}
