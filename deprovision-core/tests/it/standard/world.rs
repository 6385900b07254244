//! One access path, keys that are found only through grants, and those grants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::permit::{DestructionWarrant, WritePermit};
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, CredentialObserver, CredentialRevoker, CredentialState,
    FaceProbe, GrantObserver, GrantState, GrantsFound, IssuerState, Outcome, PathAbilities,
    PathProbe, PathState, PermissionAuditor, ProbeAnswer, ProviderError,
};
use deprovision_core::resource::{AccessPathId, CredentialId, GrantId, IssuerId};
use deprovision_core::time::{Clock, ManualClock, Timestamp};

/// What the adapters hold.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) path: PathState,
    /// How the path was set, in order.
    pub(crate) sets: Vec<PathState>,
    pub(crate) abilities: Observation<PathAbilities>,
    pub(crate) frozen: bool,
    /// Keys by name, and whether each works; one that is deleted is not here.
    pub(crate) keys: BTreeMap<String, bool>,
    /// Grants by name.
    pub(crate) grants: BTreeSet<String>,
    /// Grants of which nobody can say, by name, with why.
    pub(crate) undecided: BTreeMap<String, String>,
}

/// The adapters, all in one.
#[derive(Debug)]
pub(crate) struct World {
    held: Mutex<Held>,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) fn path() -> AccessPathId {
    "shop:acme:local:orders".parse().unwrap()
}

pub(crate) fn issuer() -> IssuerId {
    "shop:acme:local:keys".parse().unwrap()
}

pub(crate) fn key(name: &str) -> CredentialId {
    format!("shop:acme:local:key-{name}").parse().unwrap()
}

pub(crate) fn grant(name: &str) -> GrantId {
    format!("shop:acme:local:grant-{name}").parse().unwrap()
}

/// The name of a key or a grant, as the world holds it.
fn name(of: &str) -> String {
    of.split_once('-')
        .map_or_else(|| of.to_owned(), |(_, name)| name.to_owned())
}

fn done() -> Result<Outcome, ProviderError> {
    Ok(Outcome::done("ok"))
}

impl World {
    /// An open API with keys, each of which a grant of the same name belongs to.
    pub(crate) fn new(keys: &[&str]) -> Arc<Self> {
        let start: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        Arc::new(Self {
            held: Mutex::new(Held {
                path: PathState::Open { notice: None },
                sets: Vec::new(),
                abilities: Observation::complete(PathAbilities::all(), start),
                frozen: false,
                keys: keys.iter().map(|name| (name.to_string(), true)).collect(),
                grants: keys.iter().map(|name| name.to_string()).collect(),
                undecided: BTreeMap::new(),
            }),
            clock: Arc::new(ManualClock::starting_at(start)),
        })
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    fn seen<T>(&self, value: T) -> Observation<T> {
        Observation::complete(value, self.clock.now())
    }
}

#[async_trait]
impl AccessPathObserver for World {
    async fn path(&self, _: &AccessPathId) -> Result<Observation<PathState>, ProviderError> {
        let state = self.held().path.clone();
        Ok(self.seen(match state {
            PathState::BrownOut { until, notice } if until <= self.clock.now() => {
                PathState::Open { notice }
            }
            state => state,
        }))
    }

    async fn abilities(
        &self,
        _: &AccessPathId,
    ) -> Result<Observation<PathAbilities>, ProviderError> {
        Ok(self.held().abilities.clone())
    }
}

#[async_trait]
impl AccessPath for World {
    async fn set(
        &self,
        _: &AccessPathId,
        state: &PathState,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let mut held = self.held();
        held.path = state.clone();
        held.sets.push(state.clone());
        done()
    }
}

#[async_trait]
impl PathProbe for World {
    async fn probe(&self, _: &AccessPathId) -> Result<Observation<Vec<FaceProbe>>, ProviderError> {
        let answer = match self.held().path {
            PathState::Closed { .. } => ProbeAnswer::Gone,
            PathState::Open { .. } | PathState::BrownOut { .. } => {
                ProbeAnswer::Other { status: 200 }
            }
        };
        Ok(self.seen(vec![FaceProbe::new("GET https://shop.example/", answer)]))
    }
}

#[async_trait]
impl CredentialObserver for World {
    /// Finds a key by the grant of its name, as API Gateway finds keys by their
    /// usage plans: without the grant it lists nothing, and says that it is complete.
    async fn credentials(
        &self,
        _: &IssuerId,
        _: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError> {
        let held = self.held();
        let found = held.keys.keys().filter(|name| held.grants.contains(*name));
        let found = found.map(|name| key(name)).collect();
        Ok(self.seen(found))
    }

    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError> {
        let works = self.held().keys.get(&name(id.name())).copied();
        let last_used = None;
        Ok(self.seen(match works {
            Some(true) => CredentialState::Active { last_used },
            Some(false) => CredentialState::Disabled { last_used },
            None => CredentialState::Absent {
                control: PositiveControl::saw("the shop"),
            },
        }))
    }

    async fn issuer(
        &self,
        _: &IssuerId,
        _: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        let frozen = self.held().frozen;
        Ok(self.seen(if frozen {
            IssuerState::Frozen
        } else {
            IssuerState::Open
        }))
    }
}

#[async_trait]
impl CredentialRevoker for World {
    async fn freeze_issuance(
        &self,
        _: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.held().frozen = true;
        done()
    }

    async fn unfreeze_issuance(
        &self,
        _: &IssuerId,
        _: &ApiId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.held().frozen = false;
        done()
    }

    async fn disable(&self, id: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        self.held().keys.insert(name(id.name()), false);
        done()
    }

    async fn restore(&self, id: &CredentialId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        self.held().keys.insert(name(id.name()), true);
        done()
    }

    async fn delete(
        &self,
        id: &CredentialId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError> {
        warrant.covers(&id.clone().into()).unwrap();
        self.held().keys.remove(&name(id.name()));
        done()
    }
}

#[async_trait]
impl GrantObserver for World {
    async fn grants(
        &self,
        _: &IssuerId,
        _: &ApiId,
    ) -> Result<Observation<GrantsFound>, ProviderError> {
        let held = self.held();
        let naming = GrantsFound::naming(held.grants.iter().map(|name| grant(name)));
        let undecided = held.undecided.iter();
        Ok(self.seen(undecided.fold(naming, |all, (name, why)| all.undecided(grant(name), why))))
    }

    async fn grant(&self, id: &GrantId) -> Result<Observation<GrantState>, ProviderError> {
        let there = self.held().grants.contains(&name(id.name()));
        Ok(self.seen(if there {
            GrantState::Present {
                principal: name(id.name()),
                document: serde_json::json!({ "api": "orders-v1" }),
            }
        } else {
            GrantState::Absent {
                control: PositiveControl::saw("the shop"),
            }
        }))
    }
}

#[async_trait]
impl PermissionAuditor for World {
    async fn remove(&self, id: &GrantId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        self.held().grants.remove(&name(id.name()));
        done()
    }

    async fn put_back(
        &self,
        id: &GrantId,
        _: &serde_json::Value,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.held().grants.insert(name(id.name()));
        done()
    }
}
