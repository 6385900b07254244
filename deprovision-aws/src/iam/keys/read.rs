//! Reads of IAM, whole: all pages, of the right account.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{EntityType, StatusType};
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::Timestamp;

use super::IamAccessKeys;
use super::calls::{DETAILS, GET_USER, LIST_KEYS, LIST_USERS};
use super::name::{KeyName, is_key};
use crate::call::Call;
use crate::error::Failed;

/// The most that IAM gives in one page.
const PAGE: i32 = 1000;

/// The keys of a user, with their states.
#[derive(Debug, Clone)]
pub(super) enum UserKeys {
    /// The user is there, and has these.
    Listed(BTreeMap<String, StatusType>),
    /// IAM knows no such user.
    NoSuchUser,
}

/// What belongs to an API.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// Users all of whose keys belong to it.
    pub(super) users: BTreeSet<String>,
    /// Those of them that were named: they may be gone, and their keys with them.
    pub(super) by_name: BTreeSet<String>,
    /// Single keys of other users.
    pub(super) keys: BTreeSet<KeyName>,
}

/// What one user says about the bindings.
struct User<'a> {
    name: &'a str,
    path: &'a str,
    arn: &'a str,
    tags: Vec<(&'a str, &'a str)>,
}

impl IamAccessKeys {
    /// The users and keys that belong to the API.
    pub(super) async fn bound(&self, api: &ApiId) -> Result<Observation<Bound>, ProviderError> {
        if !self.bindings.bind(api) {
            return Ok(Observation::unknown(format!(
                "nothing says which access keys belong to {api}; bind a path, a tag or keys"
            )));
        }
        let as_of = Timestamp::now();
        let mut bound = Bound::default();
        let named = self.bindings.named.get(api);
        bound.keys.extend(named.into_iter().flatten().cloned());
        if let Some(by_name) = self.bindings.users.get(api) {
            bound.by_name.clone_from(by_name);
            bound.users.clone_from(by_name);
        }
        let seen = if self.bindings.reads_tags() {
            self.all_users(api, &mut bound).await?
        } else if self.bindings.paths.contains_key(api) {
            self.users_by_path(api, &mut bound).await?
        } else {
            // Keys that are named are looked at one by one, each with its own control.
            bound.by_name.is_empty()
        };
        // An empty list may be one of another account.
        if !seen && self.any_user().await?.is_none() {
            return Ok(Observation::unknown(format!(
                "no user at all is seen in account {}; check the account and the permissions",
                self.scope.account()
            )));
        }
        let Bound { users, keys, .. } = &mut bound;
        keys.retain(|name| !users.contains(&name.user));
        Ok(Observation::complete(bound, as_of))
    }

    /// Takes up the users under the API's paths; whether anything of the account was
    /// seen, or did not have to be.
    async fn users_by_path(&self, api: &ApiId, bound: &mut Bound) -> Result<bool, ProviderError> {
        let Some(paths) = self.bindings.paths.get(api) else {
            return Ok(true);
        };
        let mut seen = false;
        for prefix in paths {
            let mut marker = None;
            loop {
                let page = self
                    .gate
                    .in_bulk(LIST_USERS, || {
                        self.client
                            .list_users()
                            .path_prefix(prefix)
                            .max_items(PAGE)
                            .set_marker(marker.clone())
                            .send()
                    })
                    .await
                    .map_err(Failed::of_read)?;
                for user in page.users() {
                    self.take(
                        api,
                        &User {
                            name: user.user_name(),
                            path: user.path(),
                            arn: user.arn(),
                            tags: Vec::new(),
                        },
                        bound,
                    )?;
                    seen = true;
                }
                marker = next(LIST_USERS, page.is_truncated(), page.marker(), marker)?;
                if marker.is_none() {
                    break;
                }
            }
        }
        Ok(seen)
    }

    /// The same over all users with their tags, which the list of users does not tell.
    async fn all_users(&self, api: &ApiId, bound: &mut Bound) -> Result<bool, ProviderError> {
        let (mut seen, mut marker) = (false, None);
        loop {
            let page = self
                .gate
                .in_bulk(DETAILS, || {
                    self.client
                        .get_account_authorization_details()
                        .filter(EntityType::User)
                        .max_items(PAGE)
                        .set_marker(marker.clone())
                        .send()
                })
                .await
                .map_err(Failed::of_read)?;
            for user in page.user_detail_list() {
                let user = User {
                    name: given(DETAILS, user.user_name())?,
                    path: given(DETAILS, user.path())?,
                    arn: given(DETAILS, user.arn())?,
                    tags: user.tags().iter().map(|t| (t.key(), t.value())).collect(),
                };
                self.take(api, &user, bound)?;
                seen = true;
            }
            marker = next(DETAILS, page.is_truncated(), page.marker(), marker)?;
            if marker.is_none() {
                return Ok(seen);
            }
        }
    }

    fn take(&self, api: &ApiId, user: &User<'_>, bound: &mut Bound) -> Result<(), ProviderError> {
        self.check_account(user.arn)?;
        if self
            .bindings
            .whole(api, user.path, user.tags.iter().copied())
        {
            bound.users.insert(user.name.to_owned());
        } else if self.bindings.key_tags {
            let tags = user.tags.iter();
            let keys = tags.filter(|(key, value)| is_key(key) && *value == api.as_str());
            bound.keys.extend(keys.map(|(key, _)| KeyName {
                user: user.name.to_owned(),
                key: (*key).to_owned(),
            }));
        }
        Ok(())
    }

    /// All keys of a user, from all pages: more than two per user have been seen.
    pub(super) async fn keys_of(&self, user: &str) -> Result<UserKeys, ProviderError> {
        let (mut keys, mut marker) = (BTreeMap::new(), None);
        loop {
            let page = self
                .gate
                .in_bulk(LIST_KEYS, || {
                    self.client
                        .list_access_keys()
                        .user_name(user)
                        .set_marker(marker.clone())
                        .send()
                })
                .await;
            let page = match page {
                Ok(page) => page,
                Err(failed) if *failed.kind() == ErrorKind::NotFound => {
                    return Ok(UserKeys::NoSuchUser);
                }
                Err(failed) => return Err(failed.of_read()),
            };
            for key in page.access_key_metadata() {
                let id = given(LIST_KEYS, key.access_key_id())?;
                let status = given(LIST_KEYS, key.status())?;
                keys.insert(id.to_owned(), status.clone());
            }
            marker = next(LIST_KEYS, page.is_truncated(), page.marker(), marker)?;
            if marker.is_none() {
                return Ok(UserKeys::Listed(keys));
            }
        }
    }

    /// What the client still sees when it sees a key no more: its user, else any
    /// other, in any case of this account.
    pub(super) async fn control(
        &self,
        user: &str,
        keys: &UserKeys,
    ) -> Result<Option<PositiveControl>, ProviderError> {
        match keys {
            UserKeys::Listed(keys) => {
                let answer = self
                    .gate
                    .in_bulk(GET_USER, || self.client.get_user().user_name(user).send())
                    .await
                    .map_err(Failed::of_read)?;
                let user = given(GET_USER, answer.user())?;
                self.check_account(user.arn())?;
                let (name, keys) = (user.user_name(), keys.len());
                Ok(Some(PositiveControl::saw(format!(
                    "user {name} with {keys} other keys"
                ))))
            }
            UserKeys::NoSuchUser => Ok(self
                .any_user()
                .await?
                .map(|name| PositiveControl::saw(format!("user {name}")))),
        }
    }

    /// The name of any user of the account.
    async fn any_user(&self) -> Result<Option<String>, ProviderError> {
        let mut marker = None;
        loop {
            let page = self
                .gate
                .in_bulk(LIST_USERS, || {
                    self.client
                        .list_users()
                        .max_items(1)
                        .set_marker(marker.clone())
                        .send()
                })
                .await
                .map_err(Failed::of_read)?;
            if let Some(user) = page.users().first() {
                self.check_account(user.arn())?;
                return Ok(Some(user.user_name().to_owned()));
            }
            // IAM may give an empty page before the last.
            marker = next(LIST_USERS, page.is_truncated(), page.marker(), marker)?;
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    fn check_account(&self, arn: &str) -> Result<(), ProviderError> {
        let account = arn.split(':').nth(4).unwrap_or_default();
        if account == self.scope.account() {
            return Ok(());
        }
        Err(ProviderError::new(
            ErrorKind::Invalid,
            "look at the account",
            format!(
                "the client sees account {account:?}, and the adapter serves {}; check its credentials",
                self.scope.account()
            ),
        ))
    }
}

/// The marker of the next page.
fn next(
    call: Call,
    truncated: bool,
    marker: Option<&str>,
    before: Option<String>,
) -> Result<Option<String>, ProviderError> {
    match marker {
        _ if !truncated => Ok(None),
        // Without a new marker it would never end.
        Some(marker) if before.as_deref() != Some(marker) => Ok(Some(marker.to_owned())),
        Some(_) | None => Err(incomplete(call)),
    }
}

/// What AWS's description says is always there.
fn given<T>(call: Call, value: Option<T>) -> Result<T, ProviderError> {
    value.ok_or_else(|| incomplete(call))
}

fn incomplete(call: Call) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        call.operation,
        "the answer lacks what it always has; check that the endpoint is AWS's",
    )
}
