//! Changing secrets.

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialRevoker, DestructionWarrant, ErrorKind, Outcome, ProviderError, WritePermit,
};
use deprovision_core::resource::{CredentialId, IssuerId};

use super::Secrets;
use super::calls::{DELETE, DELETE_POLICY, PUT_POLICY, RESTORE};
use super::deny::{Changed, allow, deny};
use crate::error::{Failed, invalid};

#[async_trait]
impl CredentialRevoker for Secrets {
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
        let operation = "disable a secret";
        let name = self.name(operation, id)?;
        match self.look(name).await? {
            None => return Ok(Outcome::not_done(format!("Secrets Manager knows no {id}"))),
            Some(seen) if seen.scheduled => {
                return Ok(Outcome::done(format!("{id} is scheduled for deletion")));
            }
            Some(seen) if seen.replicated => return Err(replicated(operation)),
            Some(_) => {}
        }
        let changed = deny(self.policy(name).await?.as_ref());
        self.write(operation, name, changed, format!("{id} is denied to all"))
            .await
    }

    async fn restore(&self, id: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        let operation = "restore a secret";
        let name = self.name(operation, id)?;
        match self.look(name).await? {
            None => return Ok(Outcome::not_done(format!("Secrets Manager knows no {id}"))),
            Some(seen) if seen.replicated => return Err(replicated(operation)),
            Some(seen) if seen.scheduled => {
                let answer = self.client.restore_secret().secret_id(name).send().await;
                if let Err(error) = answer {
                    return Failed::of(RESTORE, &error).of_write();
                }
            }
            Some(_) => {}
        }
        let changed = allow(self.policy(name).await?.as_ref());
        self.write(operation, name, changed, format!("{id} is allowed again"))
            .await
    }

    /// Secrets Manager has no conditional delete: the secret is read a moment before.
    async fn delete(
        &self,
        id: &CredentialId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        let operation = "delete a secret";
        let name = self.name(operation, id)?;
        if let Err(mismatch) = warrant.covers(&id.clone().into()) {
            return Ok(Outcome::not_done(mismatch.to_string()));
        }
        let Some(seen) = self.look(name).await? else {
            return Ok(match self.control().await? {
                Some(control) => Outcome::done(format!("{id} was not there; {control}")),
                None => Outcome::not_done(format!("neither {id} nor any secret is seen")),
            });
        };
        if seen.replicated {
            return Err(replicated(operation));
        }
        if !self.is_disabled(name, &seen).await? {
            return Ok(Outcome::not_done(format!(
                "[I-3] {id} can be read; disable it and soak first"
            )));
        }
        let answer = self
            .client
            .delete_secret()
            .secret_id(name)
            .force_delete_without_recovery(true)
            .send()
            .await;
        match answer.map_err(|error| Failed::of(DELETE, &error)) {
            Ok(_) => Ok(Outcome::done(format!("{id} is deleted"))),
            Err(failed) => failed.of_write(),
        }
    }
}

impl Secrets {
    async fn write(
        &self,
        operation: &str,
        name: &str,
        changed: Option<Changed>,
        receipt: String,
    ) -> Result<Outcome, ProviderError> {
        let failed = match changed {
            None => return Err(invalid(operation, "its resource policy is no policy")),
            Some(Changed::Not) => None,
            Some(Changed::To(policy)) => self
                .client
                .put_resource_policy()
                .secret_id(name)
                .resource_policy(policy.to_string())
                .send()
                .await
                .err()
                .map(|error| Failed::of(PUT_POLICY, &error)),
            Some(Changed::Away) => self
                .client
                .delete_resource_policy()
                .secret_id(name)
                .send()
                .await
                .err()
                .map(|error| Failed::of(DELETE_POLICY, &error)),
        };
        failed.map_or_else(|| Ok(Outcome::done(receipt)), Failed::of_write)
    }
}

fn replicated(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        "the secret is replicated to other regions; remove its replicas first",
    )
}

fn never_frozen(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        operation,
        "Secrets Manager can not keep new secrets from being made; deny \
         secretsmanager:CreateSecret and secretsmanager:TagResource to whoever makes them",
    )
}
