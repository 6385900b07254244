//! The adapter and what it is told.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    ChangeBranches, CloneWorkshop, CodeSearch, OpenedClone, ProviderError, Reference, Removal,
};
use deprovision_core::resource::RepositoryId;

use crate::change::About;
use crate::client::{GitHub, Session};
use crate::clone::{Cloned, Clones, Depth};
use crate::name::RepositoryName;

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
    pub(super) github: GitHub,
    pub(super) workshop: Arc<dyn CloneWorkshop>,
    pub(super) clones: Clones,
    pub(super) labels: Vec<String>,
    pub(super) ask_owners: bool,
}

impl fmt::Debug for GitHubCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubCode")
            .field("github", &self.github)
            .field("clones", &self.clones)
            .finish_non_exhaustive()
    }
}

/// A repository that is being worked on.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) session: Session,
    pub(super) name: RepositoryName,
    pub(super) about: About,
    pub(super) cloned: Cloned,
    pub(super) opened: OpenedClone,
}

impl GitHubCode {
    /// The label of our pull requests where nothing else is said.
    pub const DEFAULT_LABEL: &'static str = "deprovision";

    /// Over GitHub, with whoever works in clones, and the folder for them. The folder is
    /// for this process alone.
    #[must_use]
    pub fn new(github: &GitHub, workshop: Arc<dyn CloneWorkshop>, clones: &Path) -> Self {
        Self {
            github: github.clone(),
            workshop,
            clones: Clones::new(clones),
            labels: vec![Self::DEFAULT_LABEL.to_owned()],
            ask_owners: true,
        }
    }

    /// Gives pull requests these labels. GitHub makes those that are not there.
    #[must_use]
    pub fn labelled(mut self, labels: impl IntoIterator<Item = String>) -> Self {
        self.labels = labels.into_iter().collect();
        self
    }

    /// Asks nobody for a review, for instance because branch rules ask the owners already.
    #[must_use]
    pub fn without_reviewers(mut self) -> Self {
        self.ask_owners = false;
        self
    }

    /// The repository as it is now; the reason when there is nothing to work on.
    pub(super) async fn open(
        &self,
        operation: &str,
        session: &Session,
        id: &RepositoryId,
        depth: Depth,
    ) -> Result<Result<Work, String>, ProviderError> {
        let name = RepositoryName::of(operation, self.github.server(), id)?;
        let about = About::ask(session, &name).await.map_err(|f| f.of_read())?;
        let name = about.spelled(name);
        let cloned = self
            .clones
            .refreshed(session, &name, &about.default_branch, depth)
            .await?;
        let Some(cloned) = cloned else {
            let branch = &about.default_branch;
            return Ok(Err(format!("the branch {branch} of {name} has no commit")));
        };
        let opened = self.workshop.open(&cloned.as_local()).await?;
        Ok(Ok(Work {
            session: session.clone(),
            name,
            about,
            cloned,
            opened,
        }))
    }

    pub(super) fn branches(&self, removal: &Removal) -> ChangeBranches {
        self.workshop.branches(removal)
    }
}

impl Work {
    /// The removal, as those in the clone name things.
    pub(super) fn localised(&self, removal: &Removal) -> Removal {
        let api = |api: &Api| {
            let server = self.session.github().server();
            self.name.localised(api, server, &self.opened.repository)
        };
        Removal::new(api(&removal.api), removal.successor.as_ref().map(api))
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
        let session = self.github.reading();
        let work = match self
            .open(OPERATION, &session, repository, Depth::Newest)
            .await?
        {
            Ok(work) => work,
            Err(why) => return Ok(Observation::unknown(why)),
        };
        let server = self.github.server();
        let api = work.name.localised(api, server, &work.opened.repository);
        work.opened
            .search
            .references(&work.opened.repository, &api)
            .await
    }
}
