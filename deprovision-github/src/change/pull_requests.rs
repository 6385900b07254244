//! What code and documents share: clones, and one pull request a change.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use deprovision_core::provider::{CloneWorkshop, OpenedClone, ProviderError};
use deprovision_core::resource::RepositoryId;

use crate::change::About;
use crate::client::{GitHub, Session};
use crate::clone::{Cloned, Clones, Depth};
use crate::name::RepositoryName;

/// The label of our pull requests where nothing else is said.
pub(crate) const DEFAULT_LABEL: &str = "deprovision";

/// Makes changes in clones, and carries them to GitHub as pull requests.
#[derive(Clone)]
pub(super) struct PullRequests {
    pub(super) github: GitHub,
    pub(super) workshop: Arc<dyn CloneWorkshop>,
    pub(super) clones: Clones,
    pub(super) labels: Vec<String>,
    pub(super) ask_owners: bool,
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

impl PullRequests {
    pub(super) fn new(github: &GitHub, workshop: Arc<dyn CloneWorkshop>, clones: &Path) -> Self {
        Self {
            github: github.clone(),
            workshop,
            clones: Clones::new(clones),
            labels: vec![DEFAULT_LABEL.to_owned()],
            ask_owners: true,
        }
    }

    pub(super) fn shown(&self, mut shown: fmt::DebugStruct<'_, '_>) -> fmt::Result {
        shown
            .field("github", &self.github)
            .field("clones", &self.clones)
            .finish_non_exhaustive()
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
}
