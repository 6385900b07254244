//! The repositories of an organisation.

use serde::Deserialize;

use crate::call::LIST_REPOSITORIES;
use crate::client::Session;
use crate::error::Failed;

/// A repository in the list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Listed {
    pub(crate) id: u64,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) archived: bool,
    #[serde(default)]
    pub(crate) fork: bool,
}

/// All that whoever asks may see.
pub(crate) async fn list_repositories(
    session: &Session,
    organisation: &str,
) -> Result<Vec<Listed>, Failed> {
    session
        .list(&LIST_REPOSITORIES, &[("org", organisation)], &[])
        .await
}
