//! Clones that another adapter made, opened for search and removal.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Catalog;
use deprovision_core::provider::{
    CloneWorkshop, ErrorKind, LocalClone, OpenedClone, ProviderError,
};
use deprovision_core::resource::{Locator, RepositoryId};

use crate::{DefaultBranch, GitCode, GitRepositories};

/// Opens clones of a code host for [`GitCode`].
///
/// The clone of `acme/shop` is the repository `git:acme:local:shop` there.
#[derive(Debug, Clone, Default)]
pub struct GitWorkshop {
    catalog: Catalog,
}

impl GitWorkshop {
    /// Knowing the other APIs: what they share marks nobody ([`GitCode::knowing`]).
    #[must_use]
    pub fn knowing(catalog: Catalog) -> Self {
        Self { catalog }
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
        let mut repositories = GitRepositories::new();
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
}
