//! Reading keys and issuance.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_iam::types::StatusType;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Coverage, Observation};
use deprovision_core::provider::{
    CredentialObserver, CredentialState, ErrorKind, IssuerState, ProviderError,
};
use deprovision_core::resource::{CredentialId, IssuerId};
use deprovision_core::time::{Period, Timestamp};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::IamAccessKeys;
use super::calls::LAST_USED;
use super::name::{KeyName, check_issuer};
use super::read::{Bound, UserKeys};

#[async_trait]
impl CredentialObserver for IamAccessKeys {
    async fn credentials(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        check_issuer("list access keys", &self.scope, issuer)?;
        match self.bound(api).await? {
            Observation::Known {
                value,
                as_of,
                coverage,
            } => {
                let (ids, mut missing) = self.existing(value).await?;
                match coverage {
                    Coverage::Complete => {}
                    Coverage::Partial { missing: more } => missing.push(more),
                }
                Ok(if missing.is_empty() {
                    Observation::complete(ids, as_of)
                } else {
                    Observation::partial(ids, as_of, missing.join("; "))
                })
            }
            Observation::Unknown { why } => Ok(Observation::Unknown { why }),
        }
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let name = KeyName::of("look at an access key", &self.scope, id)?;
        let as_of = Timestamp::now();
        let keys = self.keys_of(&name.user).await?;
        let last_used = match keys.status(&name.key) {
            Some(_) => self.last_used(&name.key).await?,
            None => None,
        };
        self.state(&name, &keys, last_used, as_of).await
    }

    async fn issuer(
        &self,
        id: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        check_issuer("look at issuance", &self.scope, id)?;
        self.issuance(api).await
    }
}

impl UserKeys {
    /// The state of one key.
    pub(super) fn status(&self, key: &str) -> Option<&StatusType> {
        match self {
            Self::Listed(keys) => keys.get(key),
            Self::NoSuchUser => None,
        }
    }
}

impl IamAccessKeys {
    /// The state of a key among those of its user.
    pub(super) async fn state(
        &self,
        name: &KeyName,
        keys: &UserKeys,
        last_used: Option<Timestamp>,
        as_of: Timestamp,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        Ok(match keys.status(&name.key) {
            Some(StatusType::Active) => {
                Observation::complete(CredentialState::Active { last_used }, as_of)
            }
            Some(StatusType::Inactive) => {
                Observation::complete(CredentialState::Disabled { last_used }, as_of)
            }
            Some(other) => Observation::unknown(format!(
                "IAM calls the key {}, which says nothing about whether it works",
                other.as_str()
            )),
            None => match self.control(&name.user, keys).await? {
                Some(control) => Observation::complete(CredentialState::Absent { control }, as_of),
                None => Observation::unknown(format!(
                    "neither the key nor any user of account {} is seen",
                    self.scope.account()
                )),
            },
        })
    }

    /// The keys that are there, and what could not be read.
    async fn existing(
        &self,
        bound: Bound,
    ) -> Result<(Vec<CredentialId>, Vec<String>), ProviderError> {
        let by_name = &bound.by_name;
        let users = stream::iter(bound.users.into_iter().map(|user| async move {
            let keys = self.keys_of(&user).await?;
            let mut found = (Vec::new(), Vec::new());
            match keys {
                UserKeys::Listed(keys) => {
                    for key in keys.into_keys() {
                        let user = user.clone();
                        found.0.push(KeyName { user, key }.id(&self.scope)?);
                    }
                }
                UserKeys::NoSuchUser if by_name.contains(&user) => {}
                UserKeys::NoSuchUser => found
                    .1
                    .push(format!("user {user} was listed and is gone; look again")),
            }
            Ok::<_, ProviderError>(found)
        }))
        .buffer_unordered(self.gate.at_once())
        .try_collect::<Vec<_>>()
        .await?;
        let keys = stream::iter(bound.keys.into_iter().map(|name| async move {
            let keys = self.keys_of(&name.user).await?;
            let mut found = (Vec::new(), Vec::new());
            if keys.status(&name.key).is_some() {
                found.0.push(name.id(&self.scope)?);
            } else if self.control(&name.user, &keys).await?.is_none() {
                let key = name.id(&self.scope)?;
                found
                    .1
                    .push(format!("{key}: no user of the account is seen"));
            }
            Ok::<_, ProviderError>(found)
        }))
        .buffer_unordered(self.gate.at_once())
        .try_collect::<Vec<_>>()
        .await?;
        let (ids, missing): (Vec<_>, Vec<_>) = users.into_iter().chain(keys).unzip();
        let mut ids: Vec<_> = ids.into_iter().flatten().collect();
        ids.sort_unstable();
        Ok((ids, missing.into_iter().flatten().collect()))
    }

    /// When a key was last used. IAM says that of the last use at which it looked,
    /// which is some hours behind.
    async fn last_used(&self, key: &str) -> Result<Option<Timestamp>, ProviderError> {
        let answer = self
            .gate
            .once(
                LAST_USED,
                self.client
                    .get_access_key_last_used()
                    .access_key_id(key)
                    .send(),
            )
            .await;
        match answer {
            // "N/A" as the service and no date: never, as far as IAM knows.
            Ok(answer) => Ok(answer
                .access_key_last_used()
                .and_then(|used| used.last_used_date())
                .and_then(|date| SystemTime::try_from(*date).ok())
                .and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok())
                .map(timestamp)),
            // What speaks IAM's language without being AWS may not keep this.
            Err(failed) if *failed.kind() == ErrorKind::Unsupported => Ok(None),
            Err(failed) => Err(failed.of_read()),
        }
    }
}

fn timestamp(since_epoch: Duration) -> Timestamp {
    Period::seconds(since_epoch.as_secs()).after(Timestamp::UNIX_EPOCH)
}
