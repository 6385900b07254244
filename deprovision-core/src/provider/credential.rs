//! Keys, tokens and the places that issue them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::id::ApiId;
use crate::observation::{Observation, PositiveControl};
use crate::permit::{DestructionWarrant, WritePermit};
use crate::provider::{Outcome, ProviderError};
use crate::resource::{CredentialId, IssuerId};
use crate::time::Timestamp;

/// What state a credential is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "no live credential may hide behind an unknown state"
)]
pub enum CredentialState {
    /// It works.
    Active {
        /// When it was last used, as far as the provider knows.
        last_used: Option<Timestamp>,
    },
    /// It is refused, and can be restored.
    Disabled {
        /// When it was last used, as far as the provider knows.
        last_used: Option<Timestamp>,
    },
    /// It does not exist.
    Absent {
        /// What the same read still saw.
        control: PositiveControl,
    },
}

/// Whether new credentials for an API can be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever relies on a freeze must decide what it is without one"
)]
pub enum IssuerState {
    /// New credentials can be issued.
    Open,
    /// New credentials are refused.
    Frozen,
    /// The provider has no way to refuse new ones for this API alone. Nothing is
    /// frozen; what is issued is found by enumerating again.
    Unfreezable {
        /// Why, for whoever approves.
        why: String,
    },
}

/// Reads credentials.
///
/// # Behaviour
/// What every implementation keeps:
/// - `credentials` lists every credential of the API that exists, disabled ones
///   too, from all pages; what it can not read makes the answer partial or unknown.
/// - A deleted credential is `Absent` with a control; one of another account is an error.
/// - An issuer that can not be frozen is `Unfreezable`, and freezing it is refused as
///   `Unsupported`.
#[async_trait]
pub trait CredentialObserver: Send + Sync {
    /// All credentials that the issuer knows for the API.
    async fn credentials(
        &self,
        issuer: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<Vec<CredentialId>>, ProviderError>;

    /// The state of one credential.
    async fn credential(
        &self,
        id: &CredentialId,
    ) -> Result<Observation<CredentialState>, ProviderError>;

    /// Whether new credentials for the API can be issued.
    async fn issuer(
        &self,
        id: &IssuerId,
        api: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError>;
}

/// Changes credentials. The unit is the single credential, never its user.
///
/// # Behaviour
/// What every implementation keeps:
/// - `disable` and `restore` are absorbing; `restore` of a deleted one is `NotDone`.
/// - A disabled credential is refused by the service; a restored one works again unchanged.
/// - `delete` of an active credential is `NotDone` (invariant I-3): it must be disabled first.
/// - `delete` of one that the warrant does not name is `NotDone` (invariant I-12).
/// - `delete` of an absent one is `Done`.
/// - No call touches any other credential.
#[async_trait]
pub trait CredentialRevoker: Send + Sync {
    /// Stops the issue of new credentials for the API.
    async fn freeze_issuance(
        &self,
        id: &IssuerId,
        api: &ApiId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Allows the issue of new credentials again.
    async fn unfreeze_issuance(
        &self,
        id: &IssuerId,
        api: &ApiId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Makes the credential refused, restorably.
    async fn disable(
        &self,
        id: &CredentialId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Makes a disabled credential work again.
    async fn restore(
        &self,
        id: &CredentialId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Deletes a disabled credential. Nothing brings it back.
    async fn delete(
        &self,
        id: &CredentialId,
        warrant: &DestructionWarrant,
    ) -> Result<Outcome, ProviderError>;
}
