//! What to ask GitHub's code search for.

use std::collections::BTreeSet;

use deprovision_core::catalog::Api;

/// Shorter texts are everywhere.
const LEAST: usize = 5;

/// GitHub takes no longer query.
const MOST: usize = 200;

/// Texts of which one is in every file that names the API: hosts, the longest literal
/// part of each route, operation ids and given markers. A hint: what is a reference
/// decides the search in the clone.
pub(super) fn texts(api: &Api) -> BTreeSet<String> {
    let hosts = api.hosts.iter().map(String::as_str);
    let routes = api.routes.iter().filter_map(|route| {
        route
            .path
            .split(['{', '}'])
            .step_by(2)
            .map(|part| part.trim_matches('/'))
            .max_by_key(|part| part.len())
    });
    let operations = api
        .routes
        .iter()
        .filter_map(|route| route.operation_id.as_deref());
    hosts
        .chain(routes)
        .chain(operations)
        .chain(api.markers.iter().map(String::as_str))
        .filter(|text| (LEAST..=MOST).contains(&text.len()) && !text.contains(['"', '\n']))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::catalog::{Method, Route};
    use deprovision_core::id::ApiId;

    #[test]
    fn the_longest_literal_part_of_a_route_is_asked_for() {
        let mut api = Api::new(ApiId::parse("a").unwrap(), "a");
        api.hosts = vec!["v1.shop.example".into()];
        api.routes = vec![
            Route::new(Method::Get, "/v1/orders/{id}/lines"),
            Route::new(Method::Get, "/{id}/positions"),
            Route::new(Method::Get, "/{id}"),
        ];
        api.markers = vec!["ORDERS_V1_URL".into(), "a\"b\"cdef".into()];
        let texts: Vec<String> = texts(&api).into_iter().collect();
        assert_eq!(
            texts,
            ["ORDERS_V1_URL", "positions", "v1.shop.example", "v1/orders"]
        );
    }
}
