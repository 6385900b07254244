//! Which keys belong to an API.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::id::ApiId;

use super::name::KeyName;

/// The tag on a user that names the API to which all its keys belong.
pub(super) const USER_TAG: &str = "deprovision:api";

/// All that says which keys belong to which API.
#[derive(Debug, Clone, Default)]
pub(super) struct Bindings {
    pub(super) named: BTreeMap<ApiId, BTreeSet<KeyName>>,
    pub(super) paths: BTreeMap<ApiId, BTreeSet<String>>,
    pub(super) user_tag: Option<String>,
    pub(super) key_tags: bool,
    pub(super) users: BTreeMap<ApiId, BTreeSet<String>>,
}

impl Bindings {
    /// Whether the tags of users have to be read.
    pub(super) fn reads_tags(&self) -> bool {
        self.user_tag.is_some() || self.key_tags
    }

    /// Whether anything can say which keys belong to the API.
    pub(super) fn bind(&self, api: &ApiId) -> bool {
        self.reads_tags()
            || self.users.contains_key(api)
            || self.named.contains_key(api)
            || self.paths.contains_key(api)
    }

    /// Whether all keys of a user belong to the API.
    pub(super) fn whole<'a>(
        &self,
        api: &ApiId,
        path: &str,
        mut tags: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> bool {
        let by_path = self
            .paths
            .get(api)
            .is_some_and(|paths| paths.iter().any(|prefix| path.starts_with(prefix)));
        by_path
            || tags
                .any(|(key, value)| self.user_tag.as_deref() == Some(key) && value == api.as_str())
    }

    /// The users of the API as the last part of an ARN names them.
    pub(super) fn user_patterns(&self, api: &ApiId) -> BTreeSet<String> {
        if self.reads_tags() {
            return BTreeSet::from(["/*".to_owned()]);
        }
        let named = self.named.get(api).into_iter().flatten();
        let paths = self.paths.get(api).into_iter().flatten();
        named
            .map(|name| &name.user)
            .chain(self.users.get(api).into_iter().flatten())
            // Which path the user has is not said.
            .flat_map(|user| [format!("/{user}"), format!("/*/{user}")])
            .chain(paths.map(|prefix| format!("{prefix}*")))
            .collect()
    }
}
