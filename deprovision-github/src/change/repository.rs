//! What GitHub says of a repository.

use deprovision_core::provider::{ErrorKind, ProviderError};
use serde::Deserialize;

use crate::call::GET_REPOSITORY;
use crate::client::Session;
use crate::error::{Failed, invalid};
use crate::name::RepositoryName;

/// What we use of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct About {
    pub(crate) id: u64,
    pub(crate) full_name: String,
    pub(crate) default_branch: String,
    #[serde(default)]
    pub(crate) archived: bool,
    #[serde(default)]
    pub(crate) disabled: bool,
    #[serde(default)]
    pub(crate) fork: bool,
}

impl About {
    /// Asks GitHub. A repository that has another name now is none of the catalog's.
    pub(crate) async fn ask(session: &Session, name: &RepositoryName) -> Result<Self, Failed> {
        let about: Self = session.get(&GET_REPOSITORY, &name.parameters()).await?;
        if !about.full_name.eq_ignore_ascii_case(&name.to_string()) {
            return Err(invalid(
                GET_REPOSITORY.to_string(),
                format!("{name} is {} now; use that name", about.full_name),
            )
            .into());
        }
        Ok(about)
    }

    /// Its name in GitHub's own spelling.
    pub(crate) fn spelled(&self, name: RepositoryName) -> RepositoryName {
        match self.full_name.split_once('/') {
            Some((owner, name)) => RepositoryName {
                owner: owner.to_owned(),
                name: name.to_owned(),
            },
            None => name,
        }
    }

    /// Refuses what can not be written to.
    pub(crate) fn check_writable(&self, operation: &str) -> Result<(), ProviderError> {
        let why = match (self.archived, self.disabled) {
            (true, _) => "is archived: unarchive it for the change, or waive its references",
            (false, true) => "is disabled",
            (false, false) => return Ok(()),
        };
        Err(ProviderError::new(
            ErrorKind::Unsupported,
            operation,
            format!("{} {why}", self.full_name),
        ))
    }
}
