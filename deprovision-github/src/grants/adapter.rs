//! The adapter and what it is told.

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{Outcome, PermissionAuditor, ProviderError};
use deprovision_core::resource::GrantId;
use serde_json::Value;

use crate::client::GitHub;
use crate::grants::bindings::Bindings;
use crate::grants::hooks::Place;
use crate::grants::id::GrantName;
use crate::grants::{hooks, keys, secrets};

/// The grants of an organisation: provider `github`, issuer `grants`.
///
/// | grant | removed by | put back |
/// |---|---|---|
/// | `deploy-key/REPO/DIGEST` | deleting the key | with the same public key, as another number |
/// | `webhook/REPO/ID`, `organisation-webhook/ID` | switching it off | switched on; its secret stays |
/// | `secret/NAME/REPO` | the repository may no longer read a secret of its organisation | it may again |
/// | `organisation-secret/NAME/all`, `…/private` | not decided: others may live from it; somebody selects its repositories, or waives it | |
/// | `repository-secret/REPO/NAME` | not decided: its value can not be read, so that nothing brings it back; somebody deletes it, or waives it | |
///
/// What is not decided is for a person, and the plan says so at once. Which grants belong to an API is said by titles of keys and names of
/// secrets, or taken from the catalog: hosts that webhooks deliver to, and markers that are
/// written as names of secrets are.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use deprovision_core::catalog::Api;
/// use deprovision_core::id::ApiId;
/// use deprovision_core::secret::Secret;
/// use deprovision_github::{Auth, GitHub, GitHubGrants, Server};
/// let github = GitHub::new(Server::dot_com(), Auth::token(Secret::new("ghp_…")))?;
/// let mut orders = Api::new(ApiId::parse("orders-v1")?, "Orders");
/// orders.hosts.push("orders.v1.example".to_owned());
/// let grants = GitHubGrants::new(&github, "acme")
///     .of(&orders)
///     .secrets(&orders.id, ["ORDERS_V1_TOKEN"]);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GitHubGrants {
    pub(super) github: GitHub,
    pub(super) organisation: String,
    pub(super) bindings: Bindings,
}

impl GitHubGrants {
    /// The grants of this organisation.
    #[must_use]
    pub fn new(github: &GitHub, organisation: impl Into<String>) -> Self {
        Self {
            github: github.clone(),
            organisation: organisation.into(),
            bindings: Bindings::default(),
        }
    }

    /// What the catalog says of an API belongs to it.
    #[must_use]
    pub fn of(mut self, api: &Api) -> Self {
        self.bindings.add_catalog(api);
        self
    }

    /// Deploy keys with exactly these titles belong to the API.
    #[must_use]
    pub fn deploy_keys<T: Into<String>>(
        mut self,
        api: &ApiId,
        titles: impl IntoIterator<Item = T>,
    ) -> Self {
        let titles = titles.into_iter().map(Into::into);
        self.bindings.change(api).key_titles.extend(titles);
        self
    }

    /// Secrets of Actions with exactly these names belong to the API.
    #[must_use]
    pub fn secrets<T: Into<String>>(
        mut self,
        api: &ApiId,
        names: impl IntoIterator<Item = T>,
    ) -> Self {
        let names = names.into_iter().map(Into::into);
        self.bindings.change(api).secrets.extend(names);
        self
    }

    pub(super) fn parse(&self, operation: &str, id: &GrantId) -> Result<GrantName, ProviderError> {
        GrantName::parse(operation, self.github.server(), &self.organisation, id)
    }
}

#[async_trait]
impl PermissionAuditor for GitHubGrants {
    async fn remove(&self, id: &GrantId, permit: &WritePermit) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "remove a grant on GitHub";
        let session = self.github.within(permit.call_timeout());
        match self.parse(OPERATION, id)? {
            GrantName::DeployKey { repository, digest } => {
                keys::remove(&session, &repository, &digest).await
            }
            GrantName::Webhook { repository, id } => {
                hooks::remove(&session, Place::Repository(&repository), &id).await
            }
            GrantName::OrganisationWebhook { id } => {
                hooks::remove(&session, Place::Organisation(&self.organisation), &id).await
            }
            GrantName::SharedSecret { name, repository } => {
                secrets::remove_shared(&session, &name, &repository).await
            }
            GrantName::WideSecret { name, .. } => Err(secrets::too_wide(OPERATION, &name)),
            GrantName::OwnSecret { repository, name } => {
                Err(secrets::not_restorable(OPERATION, &repository, &name))
            }
        }
    }

    async fn put_back(
        &self,
        id: &GrantId,
        document: &Value,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "put a grant on GitHub back";
        let session = self.github.within(permit.call_timeout());
        match self.parse(OPERATION, id)? {
            GrantName::DeployKey { repository, digest } => {
                keys::put_back(&session, &repository, &digest, document).await
            }
            GrantName::Webhook { repository, id } => {
                hooks::put_back(&session, Place::Repository(&repository), &id, document).await
            }
            GrantName::OrganisationWebhook { id } => {
                let place = Place::Organisation(&self.organisation);
                hooks::put_back(&session, place, &id, document).await
            }
            GrantName::SharedSecret { name, repository } => {
                secrets::put_back_shared(&session, &name, &repository, document).await
            }
            GrantName::WideSecret { name, .. } => Err(secrets::too_wide(OPERATION, &name)),
            GrantName::OwnSecret { repository, name } => {
                Err(secrets::not_restorable(OPERATION, &repository, &name))
            }
        }
    }
}
