//! Which texts mark code as a caller of an API.
//!
//! Over 400 lines, a third of them tests: what is a marker is one rule, told in one place.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::catalog::{Api, Catalog, Route};
use deprovision_core::id::ApiId;
use deprovision_core::provider::Marker;

use crate::search::derived::derived;

/// Where a marker comes from, and so which neighbours it may have.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarkerClass {
    /// A host name. Found in any case; not as a part of a longer host name.
    Host,
    /// The literal part of a route. Not as the beginning of a longer segment:
    /// `/v1/orders` is not in `/v1/orders-archive` and `/x/v1` not in `/x/v1beta`.
    Route,
    /// The path that all routes are served below. Bounded as a route is.
    BasePath,
    /// An operation id. Not as a part of a longer identifier.
    OperationId,
    /// A client library, in the spellings of package managers and of source code. Not
    /// as a part of a longer name: `orders-client` is not in `orders-client-v2`.
    Package,
    /// What the environment variables of the API begin with, after its id: `ORDERS_V1_`.
    Variable,
    /// What the keys of the API begin with, or the id of a whole one.
    Key,
    /// A text that the catalog gives (`markers`). Not as a part of a longer word
    /// of letters and digits; `_` and `-` end a word here, so that `ORDERS_V1_URL`
    /// is found in `NEXT_PUBLIC_ORDERS_V1_URL`.
    Given,
    /// A text that is found wherever it stands, as `grep -F` does it.
    Fixed,
}

impl MarkerClass {
    /// For a person.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Route => "route",
            Self::BasePath => "base path",
            Self::OperationId => "operation id",
            Self::Package => "package",
            Self::Variable => "environment variable",
            Self::Key => "key",
            Self::Given => "marker",
            Self::Fixed => "text",
        }
    }
}

/// The texts that are searched for, and what they do not cover.
///
/// A text is a marker only when it is specific enough not to hit everything:
///
/// - a host has a dot (`localhost` is none);
/// - of a route, the longest run of segments without a parameter, when it is at
///   least 8 bytes long and has a segment of 4 bytes or more that is neither a
///   version (`v1`, `2024-01`) nor a word that every API has (`api`, `rest`, ...);
/// - an operation id has at least 8 bytes (`list` is none);
/// - the path of `url`, and hosts and paths among the faces (`alias`, `mirror`), as above;
/// - an SDK among the faces is searched for under its name, and, when that has two words
///   or more, in the spellings that code uses: `orders-client`, `orders_client`,
///   `OrdersClient`;
/// - an id of two words or more and at least 7 bytes gives the beginning of environment
///   variables: `orders-v1` gives `ORDERS_V1_`;
/// - the label `key-prefix` gives what keys begin with; several are parted by commas. A
///   credential of the catalog whose id has 16 bytes or more is searched for as it is;
/// - a given marker has at least 4 bytes, no control characters and no space at its ends.
///
/// What another known API has too (the host that two versions share, an
/// operation id that stayed) marks nothing and is left out. Whatever is thus not
/// covered is a doubt: with one, an answer is partial, never complete.
///
/// Not found, by design: a route put together from pieces (`base + "/orders"`),
/// and an operation id in another spelling (`list_orders` for `listOrders`); give
/// those as `markers` in the catalog.
///
/// ```
/// use deprovision_code::Markers;
/// use deprovision_core::catalog::{Api, Method, Route};
/// use deprovision_core::id::ApiId;
///
/// let mut api = Api::new(ApiId::parse("orders-v1")?, "Orders");
/// api.routes.push(Route::new(Method::Get, "/v1/orders/{id}"));
/// let markers = Markers::of(&api, []);
/// let texts: Vec<String> = markers.iter().map(|(marker, _)| marker.text).collect();
/// assert_eq!(texts, ["ORDERS_V1_", "/v1/orders"]);
/// # Ok::<(), deprovision_core::id::ParseIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markers {
    pub(crate) api: ApiId,
    pub(crate) own: BTreeMap<String, MarkerClass>,
    /// Longer texts of other APIs: inside one of them, a marker of ours is theirs.
    pub(crate) foreign: BTreeMap<String, MarkerClass>,
    doubts: Vec<String>,
}

impl Markers {
    /// The markers of an API among others.
    pub fn of<'a>(api: &Api, others: impl IntoIterator<Item = &'a Api>) -> Self {
        let mut doubts = Vec::new();
        let mut own = texts(api, &mut doubts);
        let mut foreign = BTreeMap::new();
        for other in others {
            if other.id != api.id {
                foreign.extend(texts(other, &mut Vec::new()));
            }
        }
        own.retain(|text, _| !foreign.contains_key(text));
        doubts.extend(uncovered(api, &own));
        Self {
            api: api.id.clone(),
            own,
            foreign,
            doubts,
        }
    }

    /// Of all APIs of a catalog, each among the others.
    #[must_use]
    pub fn of_all(catalog: &Catalog) -> Vec<Self> {
        // Who has a text first, and whether somebody else has it too.
        let mut holders: BTreeMap<String, (usize, MarkerClass, bool)> = BTreeMap::new();
        for (place, api) in catalog.apis.values().enumerate() {
            for (text, class) in texts(api, &mut Vec::new()) {
                let holder = holders.entry(text).or_insert((place, class, false));
                holder.2 |= holder.0 != place;
            }
        }
        let shared = |text: &String| holders.get(text).is_some_and(|holder| holder.2);
        let of = |api: &Api| {
            let mut doubts = Vec::new();
            let mut own = texts(api, &mut doubts);
            let mut foreign = own.clone();
            foreign.retain(|text, _| shared(text));
            own.retain(|text, _| !shared(text));
            doubts.extend(uncovered(api, &own));
            Self {
                api: api.id.clone(),
                own,
                // What the others have alone is searched for with theirs.
                foreign,
                doubts,
            }
        };
        catalog.apis.values().map(of).collect()
    }

    /// These texts, wherever they stand: what `grep -F` finds.
    ///
    /// ```
    /// use deprovision_code::Markers;
    /// use deprovision_core::id::ApiId;
    ///
    /// let markers = Markers::fixed(ApiId::parse("orders-v1")?, ["ORDERS_", "/v1/orders"]);
    /// assert_eq!(markers.iter().count(), 2);
    /// # Ok::<(), deprovision_core::id::ParseIdError>(())
    /// ```
    pub fn fixed<T: Into<String>>(api: ApiId, texts: impl IntoIterator<Item = T>) -> Self {
        let texts = texts.into_iter().map(Into::into);
        Self {
            api,
            own: texts.map(|text| (text, MarkerClass::Fixed)).collect(),
            foreign: BTreeMap::new(),
            doubts: Vec::new(),
        }
    }

    /// The same texts, as those of somebody else: inside of them, nothing is found.
    pub(crate) fn of_somebody_else(mut self) -> Self {
        self.foreign.append(&mut self.own);
        self
    }

    /// Whose markers they are.
    #[must_use]
    pub fn api(&self) -> &ApiId {
        &self.api
    }

    /// The markers, longest text first where one begins another.
    pub fn iter(&self) -> impl Iterator<Item = (Marker, MarkerClass)> + '_ {
        self.own
            .iter()
            .rev()
            .map(|(text, class)| (Marker::new(text, class.name()), *class))
    }

    /// What the markers do not cover, for a person.
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    /// Whether there is nothing to search for. What was only guessed from the id (the
    /// environment variables) does not count: not to find it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own
            .values()
            .all(|class| *class == MarkerClass::Variable)
    }
}

/// The routes that nothing marks.
fn uncovered(api: &Api, own: &BTreeMap<String, MarkerClass>) -> Vec<String> {
    if own.values().any(|class| *class == MarkerClass::Host) {
        return Vec::new();
    }
    let is_marked = |route: &&Route| {
        let covered = literal(&route.path).is_some_and(|text| own.contains_key(text));
        let named = route.operation_id.as_ref();
        covered || named.is_some_and(|text| own.contains_key(text))
    };
    let routes = api.routes.iter().filter(|route| !is_marked(route));
    let doubt = |route: &Route| {
        format!(
            "the route {} has no text of its own to search for; give one in `markers`",
            route.path
        )
    };
    routes.map(doubt).collect()
}

fn texts(api: &Api, doubts: &mut Vec<String>) -> BTreeMap<String, MarkerClass> {
    let mut texts = BTreeMap::new();
    texts.extend(derived(api));
    for host in &api.hosts {
        match host_text(host) {
            Some(host) => {
                texts.insert(host, MarkerClass::Host);
            }
            None => doubts.push(format!("the host {host:?} is too general to search for")),
        }
    }
    for route in &api.routes {
        if let Some(text) = literal(&route.path) {
            texts.insert(text.to_owned(), MarkerClass::Route);
        }
        if let Some(id) = &route.operation_id
            && id.len() >= 8
            && is_clean(id)
        {
            texts.insert(id.clone(), MarkerClass::OperationId);
        }
    }
    let given: BTreeSet<&String> = api.markers.iter().collect();
    for marker in given {
        if marker.len() >= 4 && is_clean(marker) {
            texts.insert(marker.clone(), MarkerClass::Given);
        } else {
            doubts.push(format!(
                "the marker {marker:?} is too general to search for"
            ));
        }
    }
    texts
}

pub(super) fn host_text(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (host.contains('.') && is_clean(&host)).then_some(host)
}

pub(super) fn is_clean(text: &str) -> bool {
    !text.chars().any(char::is_control) && text.trim() == text
}

/// Words that many APIs have in their paths.
const COMMON: &[&str] = &[
    "api", "apis", "rest", "public", "private", "internal", "external", "service", "services",
    "graphql", "health", "status", "docs", "static", "assets", "admin", "login", "logout", "users",
    "user", "auth", "oauth", "oauth2", "token", "search", "version", "versions",
];

/// The longest run of literal segments of a route template, when it is specific enough.
pub(crate) fn literal(path: &str) -> Option<&str> {
    let mut best: Option<&str> = None;
    let mut start = None;
    let mut at = 0;
    for segment in path.split('/') {
        let end = at + segment.len();
        if segment.is_empty() || segment.contains(['{', '}', ':', '*', '<', '>']) {
            start = None;
        } else {
            // The run begins with the slash before its first segment.
            let from = *start.get_or_insert(at.saturating_sub(1));
            let run = &path[from..end];
            if best.is_none_or(|best| run.len() > best.len()) {
                best = Some(run);
            }
        }
        at = end + 1;
    }
    best.filter(|run| run.starts_with('/') && run.len() >= 8 && is_clean(run))
        .filter(|run| run.split('/').any(is_specific))
}

fn is_specific(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let version = lower
        .trim_start_matches('v')
        .chars()
        .all(|c| c.is_ascii_digit() || ".-_".contains(c));
    segment.len() >= 4 && !version && !COMMON.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::catalog::Method;
    use proptest::prelude::*;

    fn api(id: &str, hosts: &[&str], routes: &[&str]) -> Api {
        let mut api = Api::new(ApiId::parse(id).unwrap(), id);
        api.hosts = hosts.iter().map(|h| (*h).to_owned()).collect();
        api.routes = routes
            .iter()
            .map(|path| Route::new(Method::Get, *path))
            .collect();
        api
    }

    #[test]
    fn the_literal_part_of_a_route_is_long_and_specific_or_none() {
        for (path, expected) in [
            ("/v1/orders", Some("/v1/orders")),
            ("/v1/orders/{id}", Some("/v1/orders")),
            ("/{tenant}/v1/orders/{id}/items", Some("/v1/orders")),
            ("/v1/orders/{id}:cancel", Some("/v1/orders")),
            ("/v1/{x}", None),
            ("/api/v1", None),
            ("/api/users", None),
            ("/v1/a", None),
            ("/", None),
            ("", None),
            ("//", None),
            ("orders/long", None),
            ("/v1/orders\n", None),
        ] {
            assert_eq!(literal(path), expected, "{path:?}");
        }
    }

    #[test]
    fn what_another_api_has_too_marks_nothing() {
        let v1 = api("orders-v1", &["api.shop.example"], &["/v1/orders"]);
        let v2 = api("orders-v2", &["api.shop.example"], &["/v2/orders"]);
        let markers = Markers::of(&v1, [&v2]);
        let texts: Vec<String> = markers.iter().map(|(marker, _)| marker.text).collect();
        assert_eq!(texts, ["ORDERS_V1_", "/v1/orders"]);
        assert!(markers.doubts().is_empty());
    }

    #[test]
    fn i_9_a_route_without_a_text_of_its_own_is_a_doubt() {
        let v1 = api("orders-v1", &["api.shop.example"], &["/v1/orders", "/{id}"]);
        assert!(
            Markers::of(&v1, []).doubts().is_empty(),
            "the host covers it"
        );
        let v2 = api("orders-v2", &["api.shop.example"], &[]);
        assert_eq!(Markers::of(&v1, [&v2]).doubts().len(), 1);
        let guessed = Markers::of(&api("orders-v3", &[], &[]), []);
        assert_eq!(guessed.iter().count(), 1);
        assert!(guessed.is_empty(), "a guess from the id alone is no marker");
        let local = api("a", &["localhost"], &[]);
        assert!(Markers::of(&local, []).is_empty());
        assert_eq!(Markers::of(&local, []).doubts().len(), 1);
    }

    #[test]
    fn all_apis_at_once_have_the_markers_that_each_has_among_the_others() {
        let catalog = Catalog::new([
            api("orders-v1", &["api.shop.example"], &["/v1/orders", "/{id}"]),
            api("orders-v2", &["api.shop.example"], &["/v2/orders"]),
            api("bills-v1", &["bills.shop.example"], &["/v1/bills"]),
        ]);
        let all = Markers::of_all(&catalog);
        assert_eq!(all.len(), 3);
        for (markers, api) in all.iter().zip(catalog.apis.values()) {
            let alone = Markers::of(api, catalog.apis.values());
            assert_eq!(markers.own, alone.own);
            assert_eq!(markers.doubts(), alone.doubts());
            assert_eq!(markers.api(), &api.id);
        }
    }

    proptest! {
        #[test]
        fn any_route_has_a_literal_that_is_part_of_it_or_none(path in "[/a-z0-9{}:.é-]{0,30}") {
            if let Some(text) = literal(&path) {
                prop_assert!(path.contains(text));
                let has_parameter = text.contains(['{', '}']);
                prop_assert!(!has_parameter);
            }
        }
    }
}
