//! Requests that were counted for no API, though one of the catalog has their path.

use std::collections::BTreeMap;

use crate::catalog::{Api, Catalog};
use crate::id::ApiId;
use crate::usage::Unmatched;

/// A path by its segments; a parameter is nothing.
type Segments<'a> = Vec<Option<&'a str>>;

/// The routes with so many segments and that first word, and whose they are.
type Routes<'a> = BTreeMap<(usize, Option<&'a str>), Vec<(&'a Api, Segments<'a>)>>;

/// For each API, how many requests fit one of its routes and no API: a report can only
/// have those when it was counted with a catalog that did not have the API yet, or
/// described it in another way. Then nothing can be said about its silence.
///
/// Only a template with the route's own words in their places fits: one with a
/// parameter where the route has a word may be another path.
pub(super) fn look<'a>(catalog: &'a Catalog, unmatched: &[Unmatched]) -> BTreeMap<&'a ApiId, u64> {
    let mut routes = Routes::new();
    if !unmatched.is_empty() {
        for api in catalog.apis.values() {
            for route in &api.routes {
                let path = segments(&route.path);
                let first = path.first().copied().flatten();
                let same = routes.entry((path.len(), first)).or_default();
                same.push((api, path));
            }
        }
    }
    let mut hidden = BTreeMap::new();
    for paths in unmatched {
        let template = segments(&paths.template);
        let first = template.first().copied().flatten();
        let mut keys = vec![(template.len(), None)];
        keys.extend(first.map(|word| (template.len(), Some(word))));
        let mut apis: Vec<&ApiId> = keys
            .iter()
            .filter_map(|key| routes.get(key))
            .flatten()
            .filter(|(api, path)| fits(path, &template) && is_host(api, paths.host.as_deref()))
            .map(|(api, _)| &api.id)
            .collect();
        apis.sort_unstable();
        apis.dedup();
        for id in apis {
            let demand = &paths.demand;
            let requests = demand
                .consumers
                .requests
                .saturating_add(demand.bots.requests)
                .saturating_add(demand.health_checks.requests)
                .saturating_add(demand.malformed);
            let sum: &mut u64 = hidden.entry(id).or_default();
            *sum = sum.saturating_add(requests);
        }
    }
    hidden.retain(|_, requests| *requests > 0);
    hidden
}

fn segments(path: &str) -> Segments<'_> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| (!segment.contains('{')).then_some(segment))
        .collect()
}

fn fits(route: &[Option<&str>], template: &[Option<&str>]) -> bool {
    // A route of parameters alone fits anything.
    route.iter().any(Option::is_some)
        && std::iter::zip(route, template).all(|(ours, theirs)| ours.is_none() || ours == theirs)
}

fn is_host(api: &Api, host: Option<&str>) -> bool {
    let name = |host: &str| {
        let name = host.split(':').next().unwrap_or_default();
        name.trim_end_matches('.').to_ascii_lowercase()
    };
    match host {
        None => true,
        Some(host) => api.hosts.is_empty() || api.hosts.iter().any(|ours| name(ours) == name(host)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Method, Route};

    fn fitting(route: &str, host: Option<&str>, template: &str) -> bool {
        let mut api = Api::new(ApiId::parse("a").unwrap(), "A");
        api.hosts = vec!["api.example.com".into()];
        api.routes = vec![Route::new(Method::Get, route)];
        let catalog = Catalog::new([api]);
        let mut paths = Unmatched::new(host.map(str::to_owned), template);
        paths.demand.consumers.requests = 3;
        look(&catalog, &[paths]).values().sum::<u64>() == 3
    }

    #[test]
    fn only_a_path_with_the_words_of_a_route_is_a_hidden_request() {
        assert!(fitting("/v1/orders/{id}", None, "/v1/orders/{}"));
        assert!(fitting(
            "/v1/orders/{id}",
            Some("API.example.com:443"),
            "/v1/orders/17"
        ));
        assert!(fitting("/{tenant}/orders", None, "/{}/orders"));
        assert!(!fitting(
            "/v1/orders",
            Some("other.example.com"),
            "/v1/orders"
        ));
        assert!(!fitting("/v1/orders", None, "/v1/{}"));
        assert!(!fitting("/v1/orders", None, "/v1/orders/{}"));
        assert!(!fitting("/{any}", None, "/favicon.ico"));
        assert!(!fitting("/v1/orders", None, "/**"));
    }
}
