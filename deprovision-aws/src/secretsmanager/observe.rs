//! Reading secrets.

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{CredentialObserver, CredentialState, IssuerState, ProviderError};
use deprovision_core::resource::{CredentialId, IssuerId};
use deprovision_core::time::Timestamp;

use super::Secrets;

#[async_trait]
impl CredentialObserver for Secrets {
    async fn credentials(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        self.check_issuer("list secrets", issuer)?;
        if self.tag.is_none() && !self.named.contains_key(api) {
            return Ok(Observation::unknown(format!(
                "nothing says which secrets belong to {api}; bind a tag or names"
            )));
        }
        let as_of = Timestamp::now();
        let mut found = self.tagged(api).await?;
        for name in self.named.get(api).into_iter().flatten() {
            if !found.contains(name) && self.look(name).await?.is_some() {
                found.insert(name.clone());
            }
        }
        if found.is_empty() && self.control().await?.is_none() {
            return Ok(self.unseen());
        }
        let ids = found.iter().map(|name| self.secret_id(name));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        Ok(Observation::complete(ids, as_of))
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let name = self.name("look at a secret", id)?;
        let as_of = Timestamp::now();
        let state = match self.look(name).await? {
            Some(seen) => {
                let last_used = seen.last_used;
                if self.is_disabled(name, &seen).await? {
                    CredentialState::Disabled { last_used }
                } else {
                    CredentialState::Active { last_used }
                }
            }
            None => match self.control().await? {
                Some(control) => CredentialState::Absent { control },
                None => return Ok(self.unseen()),
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
        let as_of = Timestamp::now();
        if self.tag.is_some() {
            let why = "whoever may make secrets may tag them as the API's".to_owned();
            return Ok(Observation::complete(
                IssuerState::Unfreezable { why },
                as_of,
            ));
        }
        Ok(if self.named.contains_key(api) {
            Observation::complete(IssuerState::Frozen, as_of)
        } else {
            Observation::unknown(format!("nothing says which secrets belong to {api}"))
        })
    }
}

impl Secrets {
    fn unseen<T>(&self) -> Observation<T> {
        Observation::unknown(format!("no secret at all is seen of {}", self.scope))
    }
}
