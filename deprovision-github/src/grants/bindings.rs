//! Which grants belong to which API.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;

/// What belongs to one API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Binding {
    /// Titles of deploy keys.
    pub(super) key_titles: BTreeSet<String>,
    /// Names of secrets.
    pub(super) secrets: BTreeSet<String>,
    /// Hosts that webhooks deliver to.
    pub(super) hosts: BTreeSet<String>,
}

/// What was said of each API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bindings {
    by_api: BTreeMap<ApiId, Binding>,
}

impl Bindings {
    pub(super) fn of(&self, api: &ApiId) -> Option<&Binding> {
        self.by_api.get(api)
    }

    pub(super) fn change(&mut self, api: &ApiId) -> &mut Binding {
        self.by_api.entry(api.clone()).or_default()
    }

    /// What the catalog says: its hosts, and markers that are names of secrets.
    pub(super) fn add_catalog(&mut self, api: &Api) {
        let binding = self.change(&api.id);
        let hosts = api.hosts.iter().map(|host| host.to_ascii_lowercase());
        binding.hosts.extend(hosts);
        let names = api.markers.iter().filter(|marker| is_secret_name(marker));
        binding.secrets.extend(names.cloned());
    }
}

/// GitHub writes them so.
fn is_secret_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

impl Binding {
    /// Whether a webhook with this address delivers to the API.
    pub(super) fn is_delivered_to(&self, url: &str) -> bool {
        host_of(url).is_some_and(|host| self.hosts.contains(&host))
    }
}

/// The host of an address: nothing else of it is shown, for it may hold a token.
pub(super) fn host_of(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    uri.host().map(str::to_ascii_lowercase)
}
