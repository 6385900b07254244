//! Reading, removing and putting back grants.

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{
    GrantObserver, GrantState, GrantsFound, Outcome, PermissionAuditor, ProviderError, WritePermit,
};
use deprovision_core::resource::{GrantId, IssuerId};

use crate::error::invalid;
use crate::keyfile::contents::{Contents, Grant, is_id, is_principal};
use crate::keyfile::{KeyFile, KeyFileError};

/// A key file holds no wildcards and no conditions: each grant names one
/// principal and one API, so the list is complete.
#[async_trait]
impl GrantObserver for KeyFile {
    async fn grants(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<GrantsFound>, ProviderError> {
        let operation = "list grants";
        self.check_issuer(operation, issuer)?;
        let api = api.clone();
        self.observe(operation, move |keys, contents| {
            let grants = contents.grants.iter();
            let naming = grants.filter(|(_, grant)| grant.api == api);
            let naming = naming.map(|(id, _)| keys.grant_id(id));
            Ok(GrantsFound::naming(naming.collect::<Result<Vec<_>, _>>()?))
        })
        .await
    }

    async fn grant(&self, id: &GrantId) -> Result<Observation<GrantState>, ProviderError> {
        let operation = "look at a grant";
        let name = self.own(operation, id.locator())?;
        self.observe(operation, move |keys, contents| {
            Ok(match contents.grants.get(&name) {
                Some(grant) => GrantState::Present {
                    principal: grant.principal.clone(),
                    document: serde_json::to_value(grant)
                        .map_err(|error| KeyFileError::Json(error.into()))?,
                },
                None => GrantState::Absent {
                    control: keys.grant_control(contents),
                },
            })
        })
        .await
    }
}

#[async_trait]
impl PermissionAuditor for KeyFile {
    async fn remove(&self, id: &GrantId, permit: &WritePermit) -> Result<Outcome, ProviderError> {
        let operation = "remove a grant";
        let name = self.own(operation, id.locator())?;
        let id = id.clone();
        self.write(operation, permit, move |contents| {
            Outcome::done(match contents.grants.remove(&name) {
                Some(_) => format!("{id} is removed"),
                None => format!("{id} was not there"),
            })
        })
        .await
    }

    async fn put_back(
        &self,
        id: &GrantId,
        document: &serde_json::Value,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "put a grant back";
        let name = self.own(operation, id.locator())?;
        let grant: Grant = serde_json::from_value(document.clone()).map_err(|_| {
            invalid(
                operation,
                "the document is not a grant of a key file: it has a principal and an api",
            )
        })?;
        if !is_id(&name) || !is_principal(&grant.principal) {
            return Err(invalid(
                operation,
                "the document is not a grant of a key file",
            ));
        }
        let id = id.clone();
        self.write(operation, permit, move |contents| {
            match contents.grants.get(&name) {
                Some(there) if *there != grant => {
                    Outcome::not_done(format!("{id} is another grant by now; look at it first"))
                }
                Some(_) => Outcome::done(format!("{id} was there")),
                None => {
                    contents.grants.insert(name, grant);
                    Outcome::done(format!("{id} is back"))
                }
            }
        })
        .await
    }
}

impl KeyFile {
    /// What else the same read saw: a grant, a key, or the file's header.
    fn grant_control(&self, contents: &Contents) -> PositiveControl {
        match contents.grants.keys().next() {
            Some(sibling) => {
                PositiveControl::saw(format!("grant {sibling} in {}", self.path().display()))
            }
            None => self.control(contents),
        }
    }
}
