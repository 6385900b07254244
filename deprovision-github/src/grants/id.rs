//! How grants are named.

use deprovision_core::digest::Digest;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{GrantId, IssuerId, Locator};

use crate::error::invalid;
use crate::name::{PROVIDER, RepositoryName, check_place};
use crate::server::Server;

/// The issuer of all grants of an organisation.
pub(super) const ISSUER: &str = "grants";

/// One grant of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GrantName {
    /// `deploy-key/REPO/DIGEST`: the key itself names it, since it comes back with
    /// another number.
    DeployKey {
        repository: RepositoryName,
        digest: String,
    },
    /// `webhook/REPO/ID`
    Webhook {
        repository: RepositoryName,
        id: String,
    },
    /// `organisation-webhook/ID`
    OrganisationWebhook { id: String },
    /// `secret/NAME/REPO`: that a repository may read a secret of its organisation.
    SharedSecret {
        name: String,
        repository: RepositoryName,
    },
    /// `organisation-secret/NAME/VISIBILITY`: for all repositories, or all private ones.
    /// Its visibility names it too: one that is narrowed or widened is another grant.
    WideSecret { name: String, visibility: String },
    /// `repository-secret/REPO/NAME`
    OwnSecret {
        repository: RepositoryName,
        name: String,
    },
}

impl GrantName {
    pub(super) fn parse(
        operation: &str,
        server: &Server,
        organisation: &str,
        id: &GrantId,
    ) -> Result<Self, ProviderError> {
        check_here(operation, server, organisation, id.locator())?;
        let parts: Vec<&str> = id.name().split('/').collect();
        let repository = |name| RepositoryName::parse(operation, organisation, name);
        let number = |id: &str| id.parse::<u64>().is_ok();
        match parts.as_slice() {
            ["deploy-key", name, digest] => Ok(Self::DeployKey {
                repository: repository(name)?,
                digest: (*digest).to_owned(),
            }),
            ["webhook", name, id] if number(id) => Ok(Self::Webhook {
                repository: repository(name)?,
                id: (*id).to_owned(),
            }),
            ["organisation-webhook", id] if number(id) => Ok(Self::OrganisationWebhook {
                id: (*id).to_owned(),
            }),
            ["secret", name, of] => Ok(Self::SharedSecret {
                name: (*name).to_owned(),
                repository: repository(of)?,
            }),
            [
                "organisation-secret",
                name,
                visibility @ ("all" | "private"),
            ] => Ok(Self::WideSecret {
                name: (*name).to_owned(),
                visibility: (*visibility).to_owned(),
            }),
            ["repository-secret", of, name] => Ok(Self::OwnSecret {
                repository: repository(of)?,
                name: (*name).to_owned(),
            }),
            _ => Err(invalid(
                operation,
                format!(
                    "{id} is no grant; write deploy-key/REPO/DIGEST, webhook/REPO/ID, organisation-webhook/ID, secret/NAME/REPO, organisation-secret/NAME/all, organisation-secret/NAME/private or repository-secret/REPO/NAME"
                ),
            )),
        }
    }

    pub(super) fn id(
        &self,
        operation: &str,
        server: &Server,
        organisation: &str,
    ) -> Result<GrantId, ProviderError> {
        let name = match self {
            Self::DeployKey { repository, digest } => {
                format!("deploy-key/{}/{digest}", repository.name)
            }
            Self::Webhook { repository, id } => format!("webhook/{}/{id}", repository.name),
            Self::OrganisationWebhook { id } => format!("organisation-webhook/{id}"),
            Self::SharedSecret { name, repository } => format!("secret/{name}/{}", repository.name),
            Self::WideSecret { name, visibility } => {
                format!("organisation-secret/{name}/{visibility}")
            }
            Self::OwnSecret { repository, name } => {
                format!("repository-secret/{}/{name}", repository.name)
            }
        };
        Locator::new(PROVIDER, organisation, server.region(), &name)
            .map(GrantId::new)
            .map_err(|error| {
                invalid(operation, "GitHub gave a name that is none").with_source(error)
            })
    }
}

/// What names a public key: its type and its bytes, without the comment.
pub(super) fn digest_of(key: &str) -> String {
    let parts: Vec<&str> = key.split_whitespace().take(2).collect();
    Digest::of_bytes(parts.join(" ").as_bytes()).to_hex()[..32].to_owned()
}

/// Refuses what is of another organisation.
fn check_here(
    operation: &str,
    server: &Server,
    organisation: &str,
    locator: &Locator,
) -> Result<(), ProviderError> {
    check_place(operation, server, locator)?;
    if locator.account().eq_ignore_ascii_case(organisation) {
        return Ok(());
    }
    Err(invalid(
        operation,
        format!("{locator} is not of {organisation}; an adapter serves one organisation"),
    ))
}

/// Refuses another issuer than the organisation's.
pub(super) fn check_issuer(
    operation: &str,
    server: &Server,
    organisation: &str,
    id: &IssuerId,
) -> Result<(), ProviderError> {
    check_here(operation, server, organisation, id.locator())?;
    if id.name() == ISSUER {
        return Ok(());
    }
    Err(invalid(
        operation,
        format!("{id} issues nothing; its name is `{ISSUER}`"),
    ))
}
