//! What is retired, wired to an engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deprovision_code::GitWorkshop;
use deprovision_core::catalog::{Api, Catalog, Source};
use deprovision_core::engine::Engine;
use deprovision_core::id::{ApiId, PersonId, ProviderId, RetirementId, WorkerId};
use deprovision_core::journal::Journal;
use deprovision_core::ledger::CheckpointStore;
use deprovision_core::observation::Observation;
use deprovision_core::pipeline::{Erasure, Pipeline, ids};
use deprovision_core::policy::Policy;
use deprovision_core::resource::RepositoryId;
use deprovision_core::retirement::Proposal;
use deprovision_core::steps::{Providers, standard_steps};
use deprovision_core::time::Clock;
use deprovision_examples::{Files, Problem};
use deprovision_github::{
    FoundRepository, GitHub, GitHubCode, GitHubDocuments, GitHubGrants, OrganisationSearch, Reach,
};

/// The name that the signing key has in checkpoints and certificates.
const KEY_NAME: &str = "retire-github/retirements";

/// The repositories that name the API, as they were found first.
const FOUND: &str = "repositories.json";

/// One retirement in one organisation.
#[derive(Debug)]
pub(crate) struct Retiring {
    pub(crate) github: GitHub,
    pub(crate) organisation: String,
    pub(crate) files: Files,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Catalog,
    pub(crate) api: Api,
    pub(crate) policy: Policy,
    pub(crate) proposer: PersonId,
}

/// An organisation, before an API is chosen.
#[derive(Debug)]
pub(crate) struct Organisation {
    pub(crate) github: GitHub,
    pub(crate) name: String,
    /// Where everything is kept.
    pub(crate) state: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Retiring {
    pub(crate) fn code(&self) -> GitHubCode {
        let workshop = GitWorkshop::knowing(self.catalog.clone()).with_clock(self.clock.clone());
        GitHubCode::new(&self.github, Arc::new(workshop), &self.files.path("clones"))
    }

    pub(crate) fn grants(&self) -> GitHubGrants {
        GitHubGrants::new(&self.github, &self.organisation).of(&self.api)
    }

    /// Searches every repository of the organisation.
    pub(crate) async fn search(&self) -> Result<Observation<Vec<FoundRepository>>, Problem> {
        let search = OrganisationSearch::new(&self.github, &self.code(), &self.organisation);
        Ok(search.reaching(Reach::Every).find(&self.api).await?)
    }

    /// Takes the repositories that name the API into it: those that were found the first
    /// time, so that a plan that was approved stays the same.
    pub(crate) async fn remember_repositories(&mut self) -> Result<(), Problem> {
        let known: Vec<RepositoryId> = match self.files.read(FOUND)? {
            Some(text) => serde_json::from_str(&text)?,
            None => {
                let found = self.search().await?;
                let Observation::Known { value, .. } = found else {
                    return Err(found.doubt().unwrap_or_default().into());
                };
                // What is read-only can not be changed: a person decides about it.
                let ids: Vec<RepositoryId> = value
                    .into_iter()
                    .filter(|repository| !repository.archived)
                    .map(|repository| repository.id)
                    .collect();
                self.files
                    .write(FOUND, serde_json::to_string_pretty(&ids)?)?;
                ids
            }
        };
        self.api.resources.repositories = known;
        let issuer = format!(
            "github:{}:{}:grants",
            self.organisation,
            self.github.server().region()
        );
        self.api.resources.issuers = vec![issuer.parse()?];
        // The engine plans what its catalog says.
        let api = self.api.clone();
        self.catalog.apis.insert(api.id.clone(), api);
        Ok(())
    }

    /// The name of the retirement.
    pub(crate) fn id(&self) -> Result<RetirementId, Problem> {
        Ok(RetirementId::parse(self.api.id.as_str())?)
    }

    /// The steps that lie on GitHub, at once: all that must come before them elsewhere is
    /// done elsewhere.
    pub(crate) fn proposal(&self) -> Result<Proposal, Problem> {
        let standard = Pipeline::standard(&self.policy, Erasure::Never)?;
        let mut steps = standard.steps().to_vec();
        steps.retain(|step| {
            let ours = [ids::REMOVE_GRANTS, ids::REMOVE_REFERENCES, ids::DOCUMENT];
            ours.contains(&step.id.as_str())
        });
        for step in &mut steps {
            step.needs.clear();
            step.gates.clear();
        }
        let pipeline = Pipeline::build(steps, &self.policy)?;
        let proposal = Proposal::new(
            self.api.clone(),
            self.proposer.clone(),
            format!("{} is retired", self.api.id),
            self.policy.clone(),
            pipeline,
        );
        let successor = self.api.successor.as_ref();
        Ok(match successor.and_then(|id| self.catalog.apis.get(id)) {
            Some(successor) => proposal.with_successor(successor.clone()),
            None => proposal,
        })
    }

    /// An engine over a journal.
    pub(crate) fn engine(
        &self,
        journal: Arc<dyn Journal>,
        checkpoints: Arc<dyn CheckpointStore>,
    ) -> Result<Engine, Problem> {
        let github = ProviderId::parse("github")?;
        let grants = Arc::new(self.grants());
        let providers = Providers::new()
            .with_grants(github.clone(), grants.clone(), grants)
            .with_repositories(github.clone(), Arc::new(self.code()))
            .with_documents(github, Arc::new(GitHubDocuments::new(&self.code())));
        Ok(Engine::builder()
            .journal(journal)
            .clock(self.clock.clone())
            .worker(WorkerId::parse("retire_github")?)
            .steps(standard_steps(&providers)?)
            .catalog(self.catalog.clone())
            .signer(self.files.signing_key(KEY_NAME)?)
            .checkpoints(checkpoints)
            .build()?)
    }
}

impl Organisation {
    /// This API of a catalog goes.
    pub(crate) fn retiring(self, catalog: Catalog, api: &str) -> Result<Retiring, Problem> {
        let Self {
            github,
            name,
            state,
            clock,
        } = self;
        let id = ApiId::parse(api)?;
        let api = catalog.apis.get(&id).cloned();
        let api = api.ok_or_else(|| format!("the catalog has no API {id}"))?;
        std::fs::create_dir_all(&state)
            .map_err(|error| format!("{} can not be made ({error})", state.display()))?;
        Ok(Retiring {
            github: github.with_clock(clock.clone()),
            organisation: name,
            files: Files::below(state),
            clock,
            catalog,
            api,
            policy: Policy::default(),
            proposer: PersonId::parse("proposer")?,
        })
    }

    /// The same, from a file.
    pub(crate) fn retiring_from(self, file: &Path, api: &str) -> Result<Retiring, Problem> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{name} can not be read ({error})"))?;
        self.retiring(Catalog::read(&[Source::new(&name, &text)])?, api)
    }
}
