//! Reading keys and issuance.

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{CredentialObserver, CredentialState, IssuerState, ProviderError};
use deprovision_core::resource::{CredentialId, IssuerId};
use deprovision_core::time::Timestamp;

use crate::error::{blocking, cut_off, invalid};
use crate::keyfile::contents::{Contents, KeyState};
use crate::keyfile::store::PROVIDER;
use crate::keyfile::{KeyFile, KeyFileError};
use crate::locator::ours;

#[async_trait]
impl CredentialObserver for KeyFile {
    async fn credentials(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        let operation = "list keys";
        self.check_issuer(operation, issuer)?;
        let api = api.clone();
        self.observe(operation, move |keys, contents| {
            contents
                .keys
                .iter()
                .filter(|(_, key)| key.api == api)
                .map(|(id, _)| keys.key_id(id))
                .collect()
        })
        .await
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let operation = "look at a key";
        let name = self.own(operation, id.locator())?;
        self.observe(operation, move |keys, contents| {
            Ok(match contents.keys.get(&name).map(|key| key.state) {
                Some(KeyState::Active) => CredentialState::Active { last_used: None },
                Some(KeyState::Disabled) => CredentialState::Disabled { last_used: None },
                None => CredentialState::Absent {
                    control: keys.control(contents),
                },
            })
        })
        .await
    }

    async fn issuer(
        &self,
        id: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        let operation = "look at issuance";
        self.check_issuer(operation, id)?;
        let api = api.clone();
        self.observe(operation, move |_, contents| {
            Ok(if contents.frozen.contains(&api) {
                IssuerState::Frozen
            } else {
                IssuerState::Open
            })
        })
        .await
    }
}

impl KeyFile {
    /// The name inside a reference of this file.
    pub(crate) fn own(
        &self,
        operation: &str,
        locator: &deprovision_core::resource::Locator,
    ) -> Result<String, ProviderError> {
        ours(operation, PROVIDER, self.account(), locator).map(str::to_owned)
    }

    pub(crate) fn check_issuer(
        &self,
        operation: &str,
        issuer: &IssuerId,
    ) -> Result<(), ProviderError> {
        let name = self.own(operation, issuer.locator())?;
        if Self::is_issuer(&name) {
            Ok(())
        } else {
            Err(invalid(
                operation,
                format!("{issuer} issues no keys; use KeyFile::issuer_id"),
            ))
        }
    }

    /// One whole read of the file, past what is kept for the service.
    pub(crate) async fn observe<T: Send + 'static>(
        &self,
        operation: &str,
        look: impl FnOnce(&Self, &Contents) -> Result<T, KeyFileError> + Send + 'static,
    ) -> Result<Observation<T>, ProviderError> {
        let keys = self.clone();
        let seen = blocking(move || {
            let as_of = Timestamp::now();
            let contents = keys.read_now()?;
            look(&keys, &contents).map(|value| Observation::complete(value, as_of))
        })
        .await
        .ok_or_else(|| cut_off(operation))?;
        seen.map_err(|error: KeyFileError| error.into_provider(operation))
    }

    /// What else the same read saw: a key, or the file's header when there is none.
    pub(crate) fn control(&self, contents: &Contents) -> PositiveControl {
        let file = self.path().display();
        PositiveControl::saw(match contents.keys.keys().next() {
            Some(sibling) => format!("key {sibling} in {file}"),
            None => format!("the header of account {} in {file}", contents.account),
        })
    }
}
