//! Many keys at once, at the pace that IAM allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_iam::types::StatusType;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{CredentialState, ErrorKind, Outcome, ProviderError, WritePermit};
use deprovision_core::resource::CredentialId;
use deprovision_core::time::Timestamp;
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::IamAccessKeys;
use super::calls::UPDATE_KEY;
use super::name::KeyName;
use super::revoke::updated;

/// What became of each key.
pub type Outcomes = BTreeMap<CredentialId, Result<Outcome, ProviderError>>;

/// What each key was seen to be.
pub type States = BTreeMap<CredentialId, Result<Observation<CredentialState>, ProviderError>>;

/// Why no more is sent.
struct Stop {
    denied: AtomicBool,
    until: Instant,
}

impl IamAccessKeys {
    /// Disables these keys and no others, many at once.
    ///
    /// One goes first, as the canary. When AWS denies one, nothing is sent for those
    /// that are not under way: they are `NotDone`. So are those that are left when the
    /// permit's time for a call is over. Throttled requests are sent again, in bounds;
    /// nothing else is. Absorbing, as [`disable`] is.
    ///
    /// [`disable`]: deprovision_core::provider::CredentialRevoker::disable
    pub async fn disable_each(&self, ids: &[CredentialId], permit: &WritePermit) -> Outcomes {
        self.set_each(ids, &StatusType::Inactive, permit).await
    }

    /// Restores these keys and no others, in the same way.
    pub async fn restore_each(&self, ids: &[CredentialId], permit: &WritePermit) -> Outcomes {
        self.set_each(ids, &StatusType::Active, permit).await
    }

    /// Reads these keys again, one request for each user: whether each is active,
    /// disabled or absent. When they were last used is not asked, and never told.
    pub async fn states_of(&self, ids: &[CredentialId]) -> States {
        let mut states = States::new();
        let mut by_user: BTreeMap<String, BTreeMap<CredentialId, KeyName>> = BTreeMap::new();
        for id in ids {
            match KeyName::of("look at access keys", &self.scope, id) {
                Ok(name) => {
                    let user = by_user.entry(name.user.clone()).or_default();
                    user.insert(id.clone(), name);
                }
                Err(error) => {
                    states.insert(id.clone(), Err(error));
                }
            }
        }
        let read = stream::iter(by_user.into_iter().map(|(user, names)| async move {
            let as_of = Timestamp::now();
            let keys = self.keys_of(&user).await;
            let mut states = States::new();
            for (id, name) in names {
                let state = match &keys {
                    Ok(keys) => self.state(&name, keys, None, as_of).await,
                    Err(error) => Err(again(error)),
                };
                states.insert(id, state);
            }
            states
        }))
        .buffer_unordered(self.gate.at_once())
        .collect::<Vec<_>>()
        .await;
        states.extend(read.into_iter().flatten());
        states
    }

    async fn set_each(
        &self,
        ids: &[CredentialId],
        status: &StatusType,
        permit: &WritePermit,
    ) -> Outcomes {
        let stop = Stop {
            denied: AtomicBool::new(false),
            until: Instant::now() + permit.call_timeout().to_duration(),
        };
        let mut ids: BTreeSet<&CredentialId> = ids.iter().collect();
        let mut outcomes = Outcomes::new();
        if let Some(canary) = ids.pop_first() {
            let outcome = self.set(canary, status, &stop).await;
            outcomes.insert(canary.clone(), outcome);
        }
        let stop = &stop;
        let rest = stream::iter(ids.into_iter().map(|id| async move {
            let outcome = self.set(id, status, stop).await;
            (id.clone(), outcome)
        }))
        .buffer_unordered(self.gate.at_once())
        .collect::<Vec<_>>()
        .await;
        outcomes.extend(rest);
        outcomes
    }

    async fn set(
        &self,
        id: &CredentialId,
        status: &StatusType,
        stop: &Stop,
    ) -> Result<Outcome, ProviderError> {
        let name = KeyName::of("set access keys", &self.scope, id)?;
        if stop.denied.load(Ordering::Relaxed) {
            return Ok(Outcome::not_done(
                "AWS denied another one; nothing was sent for this one",
            ));
        }
        let send = self.gate.in_bulk(UPDATE_KEY, || self.update(&name, status));
        // While it waits for its turn nothing is under way, and a request that is cut
        // off under way is unknown: the two can not be told apart from here.
        match tokio::time::timeout_at(stop.until, send).await {
            Ok(answer) => {
                let outcome = updated(id, status, answer);
                if matches!(&outcome, Err(error) if *error.kind() == ErrorKind::Denied) {
                    stop.denied.store(true, Ordering::Relaxed);
                }
                outcome
            }
            Err(_) => Ok(Outcome::unknown("the permit's time for a call is over")),
        }
    }
}

/// The same trouble for another key of the same user.
fn again(error: &ProviderError) -> ProviderError {
    ProviderError::new(
        error.kind().clone(),
        error.operation(),
        "the keys of its user could not be read",
    )
}
