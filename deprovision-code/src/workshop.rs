//! Clones that another adapter made, opened for search, removals and marks.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Catalog;
use deprovision_core::provider::{
    ChangeBranches, CloneWorkshop, DocumentMark, ErrorKind, LocalClone, OpenedClone, ProviderError,
    Removal,
};
use deprovision_core::resource::{Locator, RepositoryId};
use deprovision_core::time::{Clock, SystemClock};

use crate::change::ChangeName;
use crate::code::change_name;
use crate::document;
use crate::{DefaultBranch, GitCode, GitDocuments, GitRepositories, MarkSettings};

/// Opens clones of a code host for [`GitCode`] and [`GitDocuments`].
///
/// The clone of `acme/shop` is the repository `git:acme:local:shop` there.
#[derive(Debug, Clone)]
pub struct GitWorkshop {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    marks: MarkSettings,
}

impl Default for GitWorkshop {
    fn default() -> Self {
        Self::knowing(Catalog::default())
    }
}

impl GitWorkshop {
    /// Knowing the other APIs: what they share marks nobody ([`GitCode::knowing`]).
    #[must_use]
    pub fn knowing(catalog: Catalog) -> Self {
        Self {
            catalog,
            clock: Arc::new(SystemClock::new()),
            marks: MarkSettings::new(),
        }
    }

    /// Saying more, or less, in documents that can ([`GitDocuments::marking`]).
    #[must_use]
    pub fn marking(mut self, settings: MarkSettings) -> Self {
        self.marks = settings;
        self
    }

    /// Another clock, for the moment that observations name.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

#[async_trait]
impl CloneWorkshop for GitWorkshop {
    async fn open(&self, clone: &LocalClone) -> Result<OpenedClone, ProviderError> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            ProviderError::new(
                ErrorKind::Invalid,
                "open a clone",
                format!("the clone of {}/{} is no use", clone.account, clone.name),
            )
            .with_source(error)
        };
        let locator = Locator::new("git", &clone.account, "local", &clone.name)
            .map_err(|error| failed(error.into()))?;
        let id = RepositoryId::new(locator);
        let mut repositories = GitRepositories::new().with_clock(self.clock.clone());
        repositories
            .register(
                id.clone(),
                &clone.directory,
                DefaultBranch::named(&clone.default_branch),
            )
            .await
            .map_err(|error| failed(error.into()))?;
        let repositories = Arc::new(repositories);
        let code = GitCode::new(repositories.clone()).knowing(self.catalog.clone());
        let documents = GitDocuments::new(repositories).marking(self.marks);
        Ok(OpenedClone::new(id, Arc::new(code), Arc::new(documents)))
    }

    fn branches(&self, removal: &Removal) -> ChangeBranches {
        both(&change_name(removal))
    }

    fn branches_of_mark(&self, mark: &DocumentMark) -> Result<ChangeBranches, ProviderError> {
        document::change_name(mark, "name the branches of a mark").map(|name| both(&name))
    }
}

fn both(name: &ChangeName) -> ChangeBranches {
    ChangeBranches::new(name.branch(), name.reverted().branch())
}
