//! Changing keys.

use async_trait::async_trait;
use aws_sdk_apigateway::types::{Op, PatchOperation};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialRevoker, DestructionWarrant, ErrorKind, Outcome, ProviderError, WritePermit,
};
use deprovision_core::resource::{CredentialId, IssuerId};

use super::ApiGatewayKeys;
use super::calls::{DELETE_KEY, UPDATE_KEY};
use crate::error::Failed;

#[async_trait]
impl CredentialRevoker for ApiGatewayKeys {
    async fn freeze_issuance(
        &self,
        id: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.check_issuer("freeze issuance", id)?;
        Err(never_frozen("freeze issuance"))
    }

    async fn unfreeze_issuance(
        &self,
        id: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.check_issuer("unfreeze issuance", id)?;
        Err(never_frozen("unfreeze issuance"))
    }

    async fn disable(&self, id: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        self.enable(id, false, "disable an API key").await
    }

    async fn restore(&self, id: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        self.enable(id, true, "restore an API key").await
    }

    /// API Gateway has no conditional delete: the key is read a moment before.
    async fn delete(
        &self,
        id: &CredentialId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        let key = self.key("delete an API key", id)?;
        if let Err(mismatch) = warrant.covers(&id.clone().into()) {
            return Ok(Outcome::not_done(mismatch.to_string()));
        }
        match self.api_key(key).await? {
            Some(true) => {
                return Ok(Outcome::not_done(format!(
                    "[I-3] {id} is active; disable it and soak first"
                )));
            }
            Some(false) => {}
            None => {
                return Ok(match self.control().await? {
                    Some(control) => Outcome::done(format!("{id} was not there; {control}")),
                    None => Outcome::not_done(format!("neither {id} nor its API is seen")),
                });
            }
        }
        if let Some(why) = self.shared(key).await? {
            return Ok(Outcome::not_done(why));
        }
        let answer = self.client.delete_api_key().api_key(key).send().await;
        match answer.map_err(|error| Failed::of(DELETE_KEY, &error)) {
            Ok(_) => Ok(Outcome::done(format!("{id} is deleted"))),
            Err(failed) if *failed.kind() == ErrorKind::NotFound => {
                Ok(Outcome::done(format!("{id} was deleted by somebody else")))
            }
            Err(failed) => failed.of_write(),
        }
    }
}

impl ApiGatewayKeys {
    async fn enable(
        &self,
        id: &CredentialId,
        enabled: bool,
        operation: &str,
    ) -> Result<Outcome, ProviderError> {
        let key = self.key(operation, id)?;
        if let Some(why) = self.shared(key).await? {
            return Ok(Outcome::not_done(why));
        }
        let patch = PatchOperation::builder()
            .op(Op::Replace)
            .path("/enabled")
            .value(enabled.to_string())
            .build();
        let answer = self
            .client
            .update_api_key()
            .api_key(key)
            .patch_operations(patch)
            .send()
            .await;
        match answer.map_err(|error| Failed::of(UPDATE_KEY, &error)) {
            Ok(_) if enabled => Ok(Outcome::done(format!("{id} is enabled"))),
            Ok(_) => Ok(Outcome::done(format!("{id} is disabled"))),
            Err(failed) if *failed.kind() == ErrorKind::NotFound => {
                Ok(Outcome::not_done(format!("API Gateway knows no {id}")))
            }
            Err(failed) => failed.of_write(),
        }
    }

    /// Why a key must not be touched: it also serves what is not the API's.
    async fn shared(&self, key: &str) -> Result<Option<String>, ProviderError> {
        let serves = self.rest_apis_of(key).await?;
        let one = self.rest_apis.values().any(|ids| serves.is_subset(ids));
        Ok((!serves.is_empty() && !one).then(|| {
            let serves: Vec<_> = serves.into_iter().collect();
            format!(
                "[I-12] the key serves REST APIs {}, which are not one API; remove the grant instead",
                serves.join(", ")
            )
        }))
    }
}

fn never_frozen(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        "API Gateway can not keep new keys from being made; remove the API's stages from its \
         usage plans, and deny apigateway:POST on /apikeys to whoever makes them",
    )
}
