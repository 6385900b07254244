//! Clones that another adapter made, opened for search and removal.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Catalog;
use deprovision_core::provider::{
    ChangeBranches, CloneWorkshop, ErrorKind, LocalClone, OpenedClone, ProviderError, Removal,
};
use deprovision_core::resource::{Locator, RepositoryId};
use deprovision_core::time::{Clock, SystemClock};

use crate::code::change_name;
use crate::{DefaultBranch, GitCode, GitRepositories};

/// Opens clones of a code host for [`GitCode`].
///
/// The clone of `acme/shop` is the repository `git:acme:local:shop` there.
#[derive(Debug, Clone)]
pub struct GitWorkshop {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
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
        }
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
        let code = GitCode::new(Arc::new(repositories)).knowing(self.catalog.clone());
        Ok(OpenedClone::new(id, Arc::new(code)))
    }

    fn branches(&self, removal: &Removal) -> ChangeBranches {
        let name = change_name(removal);
        ChangeBranches::new(name.branch(), name.reverted().branch())
    }
}
