//! The adapter and what it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::retry::RetryConfig;
use deprovision_core::id::ApiId;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{CredentialId, IssuerId, Locator};

use crate::error::invalid;
use crate::scope::Scope;

/// The provider part of references.
const PROVIDER: &str = "aws-apigateway";

/// The name of the region's API keys as an issuer.
const ISSUER: &str = "api-keys";

/// The API keys of API Gateway and the usage plans that hold them: provider
/// `aws-apigateway`.
///
/// A key is named by its id, the issuer is `api-keys`. A key calls an API because both are
/// in one usage plan. Therefore:
///
/// - **A credential of an API** is a key all of whose plans hold stages of this API
///   alone, or one that was [`named`](Self::named) and serves no other API. A key that
///   also serves another API is not disabled or deleted here, even when the catalog
///   names it: the write is `NotDone`.
/// - **A grant that names an API** is the stage of the API in a usage plan, named
///   `plan/PLAN/RESTAPI:STAGE`. Its removal takes the API from all keys of this plan
///   and nothing else from anybody. (The place of a key in a plan names no API: to
///   remove it would take the plan's other APIs from the key too.)
///
/// Values of keys are never asked for; therefore the keys of a plan are not listed,
/// which gives their values, but the plans of each key.
///
/// # What it can not do
/// API Gateway can not keep a new key from being made or put into a plan: its issuer is
/// `Unfreezable`. Once no usage plan holds a stage of the API, no new key can be one of
/// the API. A method that asks for no key, and identities that IAM lets in, are not seen
/// from here. No answer of API Gateway names the account: the REST APIs that are bound
/// here, seen by the same client, are the evidence that it is the right one.
#[derive(Clone)]
pub struct ApiGatewayKeys {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) rest_apis: BTreeMap<ApiId, BTreeSet<String>>,
    pub(super) named: BTreeMap<ApiId, BTreeSet<CredentialId>>,
}

impl fmt::Debug for ApiGatewayKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiGatewayKeys")
            .field("scope", &self.scope)
            .field("rest_apis", &self.rest_apis)
            .field("named", &self.named)
            .finish_non_exhaustive()
    }
}

impl ApiGatewayKeys {
    /// The keys of an account and region, over a ready-made client. The client's own
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
            rest_apis: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    /// This REST API (with all its stages) is the API; an API may be several.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when it
    /// is no id of a REST API, or is bound to another API.
    pub fn rest_api(mut self, api: &ApiId, id: &str) -> Result<Self, ProviderError> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(invalid(
                "bind a REST API",
                format!("{id:?} is no id of one"),
            ));
        }
        let mut others = self.rest_apis.iter().filter(|(other, _)| *other != api);
        if let Some((other, _)) = others.find(|(_, ids)| ids.contains(id)) {
            return Err(invalid(
                "bind a REST API",
                format!("{id} is bound to {other}; one REST API is one API"),
            ));
        }
        let ids = self.rest_apis.entry(api.clone()).or_default();
        ids.insert(id.to_owned());
        Ok(self)
    }

    /// These keys belong to the API, also when no usage plan holds a stage of it any
    /// more.
    ///
    /// A key is found by its usage plans, and to remove the grants of an API takes its
    /// stages out of them: from then on nothing finds the key again, and it would be left
    /// out of every look. Enumerate the keys before anything is done, write them down, and
    /// name them here, then and ever after. A named key that also serves another API is
    /// still no key of this one.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when one is
    /// no API key of this account and region.
    pub fn named(
        mut self,
        api: &ApiId,
        keys: impl IntoIterator<Item = CredentialId>,
    ) -> Result<Self, ProviderError> {
        for id in keys {
            self.key("bind API keys", &id)?;
            self.named.entry(api.clone()).or_default().insert(id);
        }
        Ok(self)
    }

    /// The reference to the region's API keys as an issuer.
    ///
    /// # Errors
    /// None in practice: the account was checked when the scope was made.
    pub fn issuer_id(&self) -> Result<IssuerId, ProviderError> {
        self.scope.locator(PROVIDER, ISSUER).map(IssuerId::new)
    }

    /// The reference to a key, by its id (never by its value).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when no
    /// reference can hold it.
    pub fn key_id(&self, id: &str) -> Result<CredentialId, ProviderError> {
        self.scope.locator(PROVIDER, id).map(CredentialId::new)
    }

    pub(super) fn locator(&self, name: &str) -> Result<Locator, ProviderError> {
        self.scope.locator(PROVIDER, name)
    }

    /// The name in a reference of this region.
    pub(super) fn ours<'a>(
        &self,
        operation: &str,
        locator: &'a Locator,
    ) -> Result<&'a str, ProviderError> {
        self.scope.ours(operation, PROVIDER, locator)
    }

    /// The id of a key. With a slash it would be another path of the REST interface.
    pub(super) fn key<'a>(
        &self,
        operation: &str,
        id: &'a CredentialId,
    ) -> Result<&'a str, ProviderError> {
        let name = self.ours(operation, id.locator())?;
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(name)
        } else {
            Err(invalid(operation, format!("{id} names no API key")))
        }
    }

    pub(super) fn check_issuer(
        &self,
        operation: &str,
        issuer: &IssuerId,
    ) -> Result<(), ProviderError> {
        if self.ours(operation, issuer.locator())? == ISSUER {
            Ok(())
        } else {
            Err(invalid(
                operation,
                format!("{issuer} issues no keys; write {ISSUER} as its name"),
            ))
        }
    }
}
