//! Changing keys and issuance.

use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::provider::{CredentialRevoker, Outcome, ProviderError};
use deprovision_core::provider::{DestructionWarrant, WritePermit};
use deprovision_core::resource::{CredentialId, IssuerId};

use crate::error::blocking;
use crate::keyfile::contents::{Contents, KeyState};
use crate::keyfile::{KeyFile, KeyFileError};

#[async_trait]
impl CredentialRevoker for KeyFile {
    async fn freeze_issuance(
        &self,
        id: &IssuerId,
        api: &ApiId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "freeze issuance";
        self.check_issuer(operation, id)?;
        let api = api.clone();
        self.write(operation, permit, move |contents| {
            contents.frozen.insert(api.clone());
            Outcome::done(format!("issuance for {api} is frozen"))
        })
        .await
    }

    async fn unfreeze_issuance(
        &self,
        id: &IssuerId,
        api: &ApiId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "unfreeze issuance";
        self.check_issuer(operation, id)?;
        let api = api.clone();
        self.write(operation, permit, move |contents| {
            contents.frozen.remove(&api);
            Outcome::done(format!("issuance for {api} is open"))
        })
        .await
    }

    async fn disable(
        &self,
        id: &CredentialId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.set(id, KeyState::Disabled, "disable a key", permit)
            .await
    }

    async fn restore(
        &self,
        id: &CredentialId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.set(id, KeyState::Active, "restore a key", permit)
            .await
    }

    async fn delete(
        &self,
        id: &CredentialId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        let operation = "delete a key";
        let name = self.own(operation, id.locator())?;
        if let Err(mismatch) = warrant.covers(&id.clone().into()) {
            return Ok(Outcome::not_done(mismatch.to_string()));
        }
        let id = id.clone();
        self.write(operation, warrant.permit(), move |contents| match contents
            .keys
            .get(&name)
            .map(|key| key.state)
        {
            Some(KeyState::Active) => {
                Outcome::not_done(format!("[I-3] {id} is active; disable it and soak first"))
            }
            Some(KeyState::Disabled) => {
                contents.keys.remove(&name);
                contents.deleted.insert(name);
                Outcome::done(format!("{id} is deleted"))
            }
            None => Outcome::done(format!("{id} was not there")),
        })
        .await
    }
}

impl KeyFile {
    async fn set(
        &self,
        id: &CredentialId,
        state: KeyState,
        operation: &str,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let name = self.own(operation, id.locator())?;
        let id = id.clone();
        self.write(operation, permit, move |contents| {
            match contents.keys.get_mut(&name) {
                Some(key) => {
                    key.state = state;
                    Outcome::done(match state {
                        KeyState::Active => format!("{id} is active"),
                        KeyState::Disabled => format!("{id} is disabled"),
                    })
                }
                None => Outcome::not_done(format!("{id} is not in the key file")),
            }
        })
        .await
    }

    /// One change of the file under its lock.
    pub(crate) async fn write(
        &self,
        operation: &str,
        permit: &WritePermit,
        change: impl FnOnce(&mut Contents) -> Outcome + Send + 'static,
    ) -> Result<Outcome, ProviderError> {
        // Half of the time is left for the write itself.
        let wait: Duration = permit.call_timeout().to_duration() / 2;
        let keys = self.clone();
        let done = blocking(move || keys.change(wait, |contents| Ok(change(contents)))).await;
        match done {
            Some(Ok(outcome)) => Ok(outcome),
            Some(Err(error @ KeyFileError::Unsure { .. })) => {
                Ok(Outcome::unknown(error.to_string()))
            }
            Some(Err(error)) => Err(error.into_provider(operation)),
            None => Ok(Outcome::unknown("the runtime is shutting down")),
        }
    }
}
