//! Reading keys and issuance.

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{CredentialObserver, CredentialState, IssuerState, ProviderError};
use deprovision_core::resource::{CredentialId, IssuerId};
use deprovision_core::time::Timestamp;

use super::ApiGatewayKeys;
use super::read::holds;

#[async_trait]
impl CredentialObserver for ApiGatewayKeys {
    async fn credentials(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        self.check_issuer("list API keys", issuer)?;
        let Some(rest_apis) = self.bound(api) else {
            return Ok(unbound(api));
        };
        let as_of = Timestamp::now();
        let mut found = Vec::new();
        let some = self.plans(None).await?;
        if some.iter().any(|plan| holds(plan, rest_apis)) {
            for key in self.all_keys().await? {
                let id = key.id().unwrap_or_default();
                let serves = self.rest_apis_of(id).await?;
                if !serves.is_empty() && serves.is_subset(rest_apis) {
                    found.push(self.key_id(id)?);
                }
            }
        }
        for id in self.named.get(api).into_iter().flatten() {
            let key = self.key("list API keys", id)?;
            // Without a stage in its plans it is found by its name alone.
            if self.api_key(key).await?.is_some() && self.rest_apis_of(key).await?.is_empty() {
                found.push(id.clone());
            }
        }
        if found.is_empty() && self.control().await?.is_none() {
            return Ok(unseen());
        }
        found.sort_unstable();
        Ok(Observation::complete(found, as_of))
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let key = self.key("look at an API key", id)?;
        let as_of = Timestamp::now();
        // API Gateway does not tell when a key was last used.
        let state = match self.api_key(key).await? {
            Some(true) => CredentialState::Active { last_used: None },
            Some(false) => CredentialState::Disabled { last_used: None },
            None => match self.control().await? {
                Some(control) => CredentialState::Absent { control },
                None => return Ok(unseen()),
            },
        };
        Ok(Observation::complete(state, as_of))
    }

    async fn issuer(
        &self,
        id: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        self.check_issuer("look at issuance", id)?;
        if self.bound(api).is_none() {
            return Ok(unbound(api));
        }
        let as_of = Timestamp::now();
        Ok(match self.control().await? {
            Some(_) => {
                let why = "API Gateway has no way to refuse new keys in a usage plan".to_owned();
                Observation::complete(IssuerState::Unfreezable { why }, as_of)
            }
            None => unseen(),
        })
    }
}

/// Nothing bound is not nothing there.
pub(super) fn unbound<T>(api: &ApiId) -> Observation<T> {
    Observation::unknown(format!("no REST API is bound to {api}"))
}

/// Nothing seen is not nothing there.
pub(super) fn unseen<T>() -> Observation<T> {
    Observation::unknown(
        "none of the bound REST APIs is seen; check the account and the region of the client",
    )
}
