//! Code on GitHub.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    ChangeObserver, ChangeProposer, ChangeState, CloneWorkshop, CodeSearch, Outcome, Pace,
    ProviderError, Reference, Removal,
};
use deprovision_core::resource::RepositoryId;

use crate::change::pull_requests::{DEFAULT_LABEL, PullRequests};
use crate::change::wanted::Wanted;
use crate::client::GitHub;
use crate::clone::Depth;
use crate::estimate::Estimate;

/// Code in repositories on GitHub: searched in a clone, and removed by a pull request.
///
/// A repository is `github:OWNER:HOST:REPO`. It is cloned below a folder of this machine;
/// the [`CloneWorkshop`] searches there and makes the change as a branch of the clone,
/// which is then carried to GitHub by its Git data API and given one pull request. The
/// pull request is found again by its branch and by a marker in its text, never opened
/// twice. One that a person closed stays closed.
///
/// Nothing is remembered but what GitHub holds: the clones may be deleted at any time.
#[derive(Clone)]
pub struct GitHubCode {
    pub(super) requests: PullRequests,
}

impl fmt::Debug for GitHubCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.requests.shown(f.debug_struct("GitHubCode"))
    }
}

impl GitHubCode {
    /// The label of our pull requests where nothing else is said.
    pub const DEFAULT_LABEL: &'static str = DEFAULT_LABEL;

    /// Over GitHub, with whoever works in clones, and the folder for them. The folder is
    /// for this process alone.
    #[must_use]
    pub fn new(github: &GitHub, workshop: Arc<dyn CloneWorkshop>, clones: &Path) -> Self {
        Self {
            requests: PullRequests::new(github, workshop, clones),
        }
    }

    /// Gives pull requests these labels. GitHub makes those that are not there.
    #[must_use]
    pub fn labelled(mut self, labels: impl IntoIterator<Item = String>) -> Self {
        self.requests.labels = labels.into_iter().collect();
        self
    }

    /// Asks nobody for a review, for instance because branch rules ask the owners already.
    #[must_use]
    pub fn without_reviewers(mut self) -> Self {
        self.requests.ask_owners = false;
        self
    }
}

#[async_trait]
impl CodeSearch for GitHubCode {
    async fn references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<Reference>>, ProviderError> {
        const OPERATION: &str = "search a repository on GitHub";
        let session = self.requests.github.reading();
        let work = self
            .requests
            .open(OPERATION, &session, repository, Depth::Newest)
            .await?;
        let work = match work {
            Ok(work) => work,
            Err(why) => return Ok(Observation::unknown(why)),
        };
        let api = work.localised(api);
        work.opened
            .search
            .references(&work.opened.repository, &api)
            .await
    }
}

#[async_trait]
impl ChangeObserver for GitHubCode {
    async fn change(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
    ) -> Result<Observation<ChangeState>, ProviderError> {
        self.requests
            .look(repository, Wanted::Removal(removal))
            .await
    }
}

#[async_trait]
impl ChangeProposer for GitHubCode {
    async fn propose(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.requests
            .propose(repository, Wanted::Removal(removal), permit)
            .await
    }

    async fn withdraw(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.requests
            .take_back(repository, Wanted::Removal(removal), permit)
            .await
    }

    fn pace(&self, proposals: u64) -> Option<Pace> {
        let limits = self.requests.github.limits();
        Some(Estimate::of_proposals(proposals, limits).pace())
    }
}
