//! The adapter and what it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use deprovision_core::id::ApiId;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{CredentialId, IssuerId};

use crate::error::invalid;
use crate::scope::Scope;

/// The provider part of references.
const PROVIDER: &str = "aws-secretsmanager";

/// The name of the region's Secrets Manager as an issuer.
const ISSUER: &str = "secrets";

/// The secrets of Secrets Manager: provider `aws-secretsmanager`. A secret is named by
/// its name, the issuer is `secrets`.
///
/// Which secrets belong to an API is said by [`named`](Self::named) and by
/// [`tag`](Self::tag). Values of secrets are never read.
///
/// # How a secret is disabled
/// A statement in its resource policy denies everybody to read the value; to restore it
/// takes the statement out again, and what else the policy said stays. The scheduled
/// deletion of Secrets Manager refuses reads too, but ends in the deletion at its date,
/// whether anybody approved that or not; it is not used to disable. A secret that
/// somebody else scheduled is disabled, and to restore it cancels that. To delete is to
/// delete at once, with the warrant. (AWS does it in the background and may keep the
/// name for a moment.)
///
/// # What that stops, and what not
/// Whoever read the value before still has it, and what the value opens stays open: a
/// password is retired where it is checked. Who may change the resource policy may take
/// the statement out. Policies are read and written without a condition, for Secrets
/// Manager has none: a change by somebody else in the same moment may be lost. A secret
/// that is replicated to other regions is not touched: remove its replicas first.
///
/// # Issuance
/// Anybody with the permission may make a secret and tag it; Secrets Manager can not be
/// kept from that: its issuer is `Unfreezable`. Where secrets are bound by name alone
/// a new one can not be the API's, and issuance counts as frozen.
#[derive(Clone)]
pub struct Secrets {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) named: BTreeMap<ApiId, BTreeSet<String>>,
    pub(super) tag: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("scope", &self.scope)
            .field("named", &self.named)
            .field("tag", &self.tag)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// The tag for [`tag`](Self::tag) where nothing else is agreed.
    pub const DEFAULT_TAG: &'static str = "deprovision:api";

    /// The secrets of an account and region, over a ready-made client. The client's own
    /// retries are switched off: the engine retries.
    #[must_use]
    pub fn new(client: &Client, scope: Scope) -> Self {
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled());
        Self {
            client: Client::from_conf(config.build()),
            scope,
            named: BTreeMap::new(),
            tag: None,
        }
    }

    /// These secrets belong to the API.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when one
    /// is no secret of this account and region.
    pub fn named(
        mut self,
        api: &ApiId,
        secrets: impl IntoIterator<Item = CredentialId>,
    ) -> Result<Self, ProviderError> {
        for id in secrets {
            let name = self.name("bind secrets", &id)?.to_owned();
            self.named.entry(api.clone()).or_default().insert(name);
        }
        Ok(self)
    }

    /// A secret with this tag belongs to the API whose id is the tag's value.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>) -> Self {
        self.tag = Some(key.into());
        self
    }

    /// The reference to the region's Secrets Manager as an issuer.
    ///
    /// # Errors
    /// None in practice: the account was checked when the scope was made.
    pub fn issuer_id(&self) -> Result<IssuerId, ProviderError> {
        self.scope.locator(PROVIDER, ISSUER).map(IssuerId::new)
    }

    /// The reference to a secret, by its name.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when no
    /// reference can hold it.
    pub fn secret_id(&self, name: &str) -> Result<CredentialId, ProviderError> {
        self.scope.locator(PROVIDER, name).map(CredentialId::new)
    }

    /// The name of a secret
    /// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>).
    /// An ARN would be taken by the service too, of another account as well.
    pub(super) fn name<'a>(
        &self,
        operation: &str,
        id: &'a CredentialId,
    ) -> Result<&'a str, ProviderError> {
        let name = self.scope.ours(operation, PROVIDER, id.locator())?;
        let is_name = name.len() <= 512
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte));
        if is_name {
            Ok(name)
        } else {
            Err(invalid(operation, format!("{id} names no secret")))
        }
    }

    pub(super) fn check_issuer(
        &self,
        operation: &str,
        issuer: &IssuerId,
    ) -> Result<(), ProviderError> {
        if self.scope.ours(operation, PROVIDER, issuer.locator())? == ISSUER {
            Ok(())
        } else {
            Err(invalid(
                operation,
                format!("{issuer} issues no secrets; write {ISSUER} as its name"),
            ))
        }
    }
}
