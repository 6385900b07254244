//! Changing keys and issuance.

use async_trait::async_trait;
use aws_sdk_iam::types::StatusType;
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialRevoker, DestructionWarrant, ErrorKind, Outcome, ProviderError, WritePermit,
};
use deprovision_core::resource::{CredentialId, IssuerId};

use super::IamAccessKeys;
use super::calls::{DELETE_KEY, UPDATE_KEY};
use super::name::{KeyName, check_issuer};
use crate::error::Failed;

#[async_trait]
impl CredentialRevoker for IamAccessKeys {
    async fn freeze_issuance(
        &self,
        id: &IssuerId,
        api: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        check_issuer("freeze issuance", &self.scope, id)?;
        self.freeze(api).await
    }

    async fn unfreeze_issuance(
        &self,
        id: &IssuerId,
        api: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        check_issuer("unfreeze issuance", &self.scope, id)?;
        self.unfreeze(api).await
    }

    async fn disable(&self, id: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        let name = KeyName::of("disable an access key", &self.scope, id)?;
        let answer = self
            .gate
            .once(UPDATE_KEY, self.update(&name, &StatusType::Inactive));
        updated(id, &StatusType::Inactive, answer.await)
    }

    async fn restore(&self, id: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        let name = KeyName::of("restore an access key", &self.scope, id)?;
        let answer = self
            .gate
            .once(UPDATE_KEY, self.update(&name, &StatusType::Active));
        updated(id, &StatusType::Active, answer.await)
    }

    /// IAM has no conditional delete: the key is read a moment before, and one that is
    /// restored in this moment is deleted.
    async fn delete(
        &self,
        id: &CredentialId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        let name = KeyName::of("delete an access key", &self.scope, id)?;
        if let Err(mismatch) = warrant.covers(&id.clone().into()) {
            return Ok(Outcome::not_done(mismatch.to_string()));
        }
        let keys = self.keys_of(&name.user).await?;
        match keys.status(&name.key) {
            Some(StatusType::Inactive) => {}
            Some(_) => {
                return Ok(Outcome::not_done(format!(
                    "[I-3] {id} is active; disable it and soak first"
                )));
            }
            None => {
                return Ok(match self.control(&name.user, &keys).await? {
                    Some(control) => Outcome::done(format!("{id} was not there; {control}")),
                    None => Outcome::not_done(format!(
                        "neither {id} nor any user of its account is seen"
                    )),
                });
            }
        }
        let answer = self
            .gate
            .once(
                DELETE_KEY,
                self.client
                    .delete_access_key()
                    .user_name(&name.user)
                    .access_key_id(&name.key)
                    .send(),
            )
            .await;
        match answer {
            Ok(_) => Ok(Outcome::done(format!("{id} is deleted"))),
            // It was seen a moment ago, by the same client.
            Err(failed) if *failed.kind() == ErrorKind::NotFound => {
                Ok(Outcome::done(format!("{id} was deleted by somebody else")))
            }
            Err(failed) => failed.of_write(),
        }
    }
}

impl IamAccessKeys {
    /// The one request that disables or restores a key.
    pub(super) async fn update(
        &self,
        name: &KeyName,
        status: &StatusType,
    ) -> Result<
        aws_sdk_iam::operation::update_access_key::UpdateAccessKeyOutput,
        aws_sdk_iam::error::SdkError<
            aws_sdk_iam::operation::update_access_key::UpdateAccessKeyError,
        >,
    > {
        self.client
            .update_access_key()
            .user_name(&name.user)
            .access_key_id(&name.key)
            .status(status.clone())
            .send()
            .await
    }
}

/// What the answer to an update means.
pub(super) fn updated<T>(
    id: &CredentialId,
    status: &StatusType,
    answer: Result<T, Failed>,
) -> Result<Outcome, ProviderError> {
    match answer {
        Ok(_) => Ok(Outcome::done(format!("{id} is {}", status.as_str()))),
        // Nothing was changed; whether it is gone is for a read with a control to say.
        Err(failed) if *failed.kind() == ErrorKind::NotFound => {
            Ok(Outcome::not_done(format!("IAM knows no {id}")))
        }
        Err(failed) => failed.of_write(),
    }
}
