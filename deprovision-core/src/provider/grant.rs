//! Permissions that name an API.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::id::ApiId;
use crate::observation::{Observation, PositiveControl};
use crate::permit::WritePermit;
use crate::provider::{Outcome, ProviderError};
use crate::resource::{GrantId, IssuerId};

/// What a look at all grants found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GrantsFound {
    /// Those that name the API: they are removed.
    pub naming: BTreeSet<GrantId>,
    /// Those that may let somebody in to the API, or do without naming it (a wildcard,
    /// a condition), each with why, for a person. They are not removed, for others may
    /// live from them: somebody narrows them, or lets them stay (invariant I-6).
    pub undecided: BTreeMap<GrantId, String>,
}

impl GrantsFound {
    /// Grants that name the API, and nothing that could not be decided.
    #[must_use]
    pub fn naming(grants: impl IntoIterator<Item = GrantId>) -> Self {
        Self {
            naming: grants.into_iter().collect(),
            undecided: BTreeMap::new(),
        }
    }

    /// The same with one more grant that could not be decided, and why.
    #[must_use]
    pub fn undecided(mut self, grant: GrantId, why: impl Into<String>) -> Self {
        self.undecided.insert(grant, why.into());
        self
    }
}

/// Whether a grant exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a grant is there or it is not")]
pub enum GrantState {
    /// It is there.
    Present {
        /// Who holds it, for a person.
        principal: String,
        /// The whole grant in the provider's own form: enough to put it back. No secrets.
        ///
        /// A member `summary`, when it is a text, tells a person what goes and what
        /// remains; the plan shows it.
        document: serde_json::Value,
    },
    /// It is not there.
    Absent {
        /// What the same read still saw.
        control: PositiveControl,
    },
}

/// Finds and reads grants.
///
/// # Behaviour
/// What every implementation keeps:
/// - `grants` lists every grant that names the API, from all pages. What it can
///   not decide (a wildcard, a condition) is listed as such, never left out; what it
///   can not read makes the answer partial.
/// - The id of a grant is bound to what it says: one that is changed in what it allows
///   has another id. Waivers are given to ids.
#[async_trait]
pub trait GrantObserver: Send + Sync {
    /// All grants that name the API, and all that may let somebody in to it.
    async fn grants(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<GrantsFound>, ProviderError>;

    /// One grant.
    async fn grant(&self, id: &GrantId) -> Result<Observation<GrantState>, ProviderError>;
}

/// Removes grants, and puts them back.
///
/// # Behaviour
/// What every implementation keeps:
/// - `remove` removes that grant and nothing else; removing an absent one is `Done`.
/// - `put_back` with the document that was observed restores the grant as it was; it is absorbing.
#[async_trait]
pub trait PermissionAuditor: Send + Sync {
    /// Removes one grant.
    async fn remove(&self, id: &GrantId, permit: &WritePermit) -> Result<Outcome, ProviderError>;

    /// Puts a removed grant back.
    async fn put_back(
        &self,
        id: &GrantId,
        document: &serde_json::Value,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;
}
