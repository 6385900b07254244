//! The adapter and what it is told.

use std::fmt;

use aws_sdk_iam::Client;
use aws_sdk_iam::config::retry::RetryConfig;
use deprovision_core::id::ApiId;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{CredentialId, IssuerId};

use super::binding::{Bindings, USER_TAG};
use super::name::{ISSUER, KeyName, PROVIDER, is_user};
use crate::error::invalid;
use crate::pace::{Gate, Pace};
use crate::scope::Scope;

/// The access keys of IAM users: provider `aws-iam`, region `global`.
///
/// A key is named `USER/AKIA…`, the issuer is `access-keys`. The unit is the single key: its
/// user and the user's other keys are never touched.
///
/// Which keys belong to an API is said in one or more ways; a key belongs to it when
/// one of them says so:
///
/// - [`named`](Self::named): keys by name, from the catalog;
/// - [`path`](Self::path): all keys of the users under an IAM path;
/// - [`user_tag`](Self::user_tag): all keys of the users with a tag;
/// - [`key_tags`](Self::key_tags): one key, by a tag on its user;
/// - [`users`](Self::users): all keys of users by name, as of those whose policies name
///   the API and nothing else.
///
/// An API of which none of them says anything is unknown, and never without keys.
///
/// # What a disabled key stops, and what not
/// A disabled or deleted key is refused by AWS once the change has spread (seconds,
/// without a promise). Temporary credentials that were made with it before live on
/// until they expire, 36 hours at most
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>).
///
/// # What freezing stops, and what not
/// [`freeze_issuance`](deprovision_core::provider::CredentialRevoker::freeze_issuance)
/// puts an inline policy on every user all of whose keys belong to the API; it denies
/// them to create access keys, for themselves and for each other. That stops what
/// renews its own keys. It does not stop an administrator, nor a new user under the
/// path or tag: IAM knows nothing that does, short of a service control policy of the
/// organisation. A key made so is found by the next enumeration, which confirms a
/// retirement only without it. Users of which only single keys are named can go on
/// creating keys: such a key belongs to no API until somebody names it.
///
/// ```
/// use deprovision_aws::{IamAccessKeys, Scope};
/// use deprovision_core::id::ApiId;
/// # fn with(config: &aws_config::SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
/// let client = aws_sdk_iam::Client::new(config);
/// let orders = ApiId::parse("orders-v1")?;
/// let keys = IamAccessKeys::new(&client, Scope::new("123456789012", "eu-central-1")?)
///     .path(&orders, "/apis/orders/")?
///     .user_tag(IamAccessKeys::DEFAULT_USER_TAG);
/// println!("{}", keys.permissions_to_observe(&orders));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct IamAccessKeys {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) bindings: Bindings,
    pub(super) gate: Gate,
}

impl fmt::Debug for IamAccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IamAccessKeys")
            .field("scope", &self.scope)
            .field("bindings", &self.bindings)
            .finish_non_exhaustive()
    }
}

impl IamAccessKeys {
    /// The tag for [`user_tag`](Self::user_tag) where nothing else is agreed.
    pub const DEFAULT_USER_TAG: &'static str = USER_TAG;

    /// The keys of an account, over a ready-made client. The client's own retries are
    /// switched off: the engine retries, and bulk work does by its pace.
    #[must_use]
    pub fn new(client: &Client, scope: Scope) -> Self {
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled());
        Self {
            client: Client::from_conf(config.build()),
            scope,
            bindings: Bindings::default(),
            gate: Gate::new(Pace::adaptive()),
        }
    }

    /// These keys belong to the API.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when one
    /// is no access key of this account.
    pub fn named(
        mut self,
        api: &ApiId,
        keys: impl IntoIterator<Item = CredentialId>,
    ) -> Result<Self, ProviderError> {
        let named = self.bindings.named.entry(api.clone()).or_default();
        for id in keys {
            named.insert(KeyName::of("bind keys", &self.scope, &id)?);
        }
        Ok(self)
    }

    /// All keys of the users under an IAM path belong to the API: `/apis/orders/`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when it
    /// is no path, with a slash at both ends.
    pub fn path(mut self, api: &ApiId, prefix: &str) -> Result<Self, ProviderError> {
        let printable = prefix.bytes().all(|byte| byte.is_ascii_graphic());
        // Without the last slash, `/apis/orders` would be `/apis/orders-v2/` too.
        if !printable || !prefix.starts_with('/') || !prefix.ends_with('/') {
            return Err(invalid(
                "bind keys",
                "a path of IAM begins and ends with a slash; write it as /apis/orders/",
            ));
        }
        let paths = self.bindings.paths.entry(api.clone()).or_default();
        paths.insert(prefix.to_owned());
        Ok(self)
    }

    /// All keys of a user with this tag belong to the API whose id is the tag's value.
    #[must_use]
    pub fn user_tag(mut self, key: impl Into<String>) -> Self {
        self.bindings.user_tag = Some(key.into());
        self
    }

    /// A tag on a user whose key is the id of one of its access keys, and whose value
    /// is the id of an API, binds that one access key to the API. (The console keeps
    /// the description of an access key in this tag.)
    #[must_use]
    pub fn key_tags(mut self) -> Self {
        self.bindings.key_tags = true;
        self
    }

    /// All keys of these users belong to the API.
    ///
    /// Users whose policies name the API and nothing else are found by
    /// [`IamGrants::principals_only_of`](crate::IamGrants::principals_only_of). Write
    /// them down, and name them here: once their grants are removed, nothing finds them
    /// again, and their keys would be left out of every look.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when one
    /// can not be the name of a user.
    pub fn users(
        mut self,
        api: &ApiId,
        users: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, ProviderError> {
        for user in users.into_iter().map(Into::into) {
            if !is_user(&user) {
                let why = format!("{user:?} is no name of a user; leave its path out");
                return Err(invalid("bind keys", why));
            }
            let named = self.bindings.users.entry(api.clone()).or_default();
            named.insert(user);
        }
        Ok(self)
    }

    /// Another pace than [`Pace::adaptive`].
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.gate = Gate::new(pace);
        self
    }

    /// The reference to the account's IAM as an issuer of keys.
    ///
    /// # Errors
    /// None in practice: the account was checked when the scope was made.
    pub fn issuer_id(&self) -> Result<IssuerId, ProviderError> {
        self.scope
            .global_locator(PROVIDER, ISSUER)
            .map(IssuerId::new)
    }

    /// The reference to one key of a user.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](deprovision_core::provider::ErrorKind::Invalid) when the
    /// names can not be a user's and a key's.
    pub fn key_id(&self, user: &str, key: &str) -> Result<CredentialId, ProviderError> {
        let name = KeyName {
            user: user.to_owned(),
            key: key.to_owned(),
        };
        let id = name.id(&self.scope)?;
        KeyName::of("name a key", &self.scope, &id).map(|_| id)
    }
}
