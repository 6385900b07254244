//! References to repositories.

use std::fmt;

use deprovision_core::catalog::Api;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{Locator, RepositoryId};

use crate::error::invalid;
use crate::server::Server;

/// The provider in references to what is on GitHub.
pub(crate) const PROVIDER: &str = "github";

/// A repository: `github:OWNER:HOST:REPO`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RepositoryName {
    pub(crate) owner: String,
    pub(crate) name: String,
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl RepositoryName {
    /// The repository that a reference names, when it is on this server.
    pub(crate) fn of(
        operation: &str,
        server: &Server,
        id: &RepositoryId,
    ) -> Result<Self, ProviderError> {
        check_place(operation, server, id.locator())?;
        Self::parse(operation, id.locator().account(), id.name())
    }

    /// Whether it is that one: GitHub's names differ by more than their case.
    fn is(&self, other: &Self) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// A repository by its two names.
    pub(crate) fn parse(operation: &str, owner: &str, name: &str) -> Result<Self, ProviderError> {
        if is_plain(owner) && is_plain(name) {
            return Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
            });
        }
        Err(invalid(
            operation,
            format!("{owner}/{name} is no name of a repository on GitHub"),
        ))
    }

    /// The reference to it.
    pub(crate) fn id(
        &self,
        operation: &str,
        server: &Server,
    ) -> Result<RepositoryId, ProviderError> {
        Locator::new(PROVIDER, &self.owner, server.region(), &self.name)
            .map(RepositoryId::new)
            .map_err(|error| {
                invalid(operation, "GitHub gave a name that is none").with_source(error)
            })
    }

    /// The parameters of calls on it.
    pub(crate) fn parameters(&self) -> [(&'static str, &str); 2] {
        [("owner", &self.owner), ("repo", &self.name)]
    }

    /// The same, and one more.
    pub(crate) fn with<'a>(
        &'a self,
        key: &'static str,
        value: &'a str,
    ) -> [(&'static str, &'a str); 3] {
        [("owner", &self.owner), ("repo", &self.name), (key, value)]
    }

    /// The API with its documents named as in a clone, so that what is done there leaves
    /// them out.
    pub(crate) fn localised(&self, api: &Api, server: &Server, clone: &RepositoryId) -> Api {
        let mut api = api.clone();
        for document in &mut api.resources.documents {
            if let Ok((repository, path)) = document.in_repository()
                && let Ok(name) = Self::of("", server, &repository)
                && name.is(self)
                && let Ok(there) = clone.document(path)
            {
                *document = there;
            }
        }
        api
    }
}

/// Whether a name can be that of an account or repository: it can not leave its place in
/// a path.
fn is_plain(name: &str) -> bool {
    name.len() <= 100
        && name.chars().any(|c| c != '.')
        && !name.starts_with('-')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Refuses what is not on this server.
pub(crate) fn check_place(
    operation: &str,
    server: &Server,
    locator: &Locator,
) -> Result<(), ProviderError> {
    if locator.provider().as_str() == PROVIDER && locator.region() == server.region() {
        return Ok(());
    }
    Err(invalid(
        operation,
        format!(
            "{locator} is not on {}; write {PROVIDER}:OWNER:{}:NAME",
            server.web(),
            server.region()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_leave_its_place_is_refused() {
        let server = Server::dot_com();
        for (text, good) in [
            ("github:acme:github.com:shop", true),
            ("github:acme:github.com:.github", true),
            ("github:acme:github.com:..", false),
            ("github:acme:github.com:a/b", false),
            ("github:acme:github.com:a b", false),
            ("github:-c:github.com:shop", false),
            ("github:acme:github.acme.example:shop", false),
            ("git:acme:github.com:shop", false),
        ] {
            let id: RepositoryId = text.parse().unwrap();
            assert_eq!(
                RepositoryName::of("test", &server, &id).is_ok(),
                good,
                "{text}"
            );
        }
    }
}
