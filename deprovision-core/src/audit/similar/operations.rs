//! What an API does, in words that do not depend on who wrote it.

use std::collections::BTreeSet;

use crate::catalog::{Api, Method, fold};

/// Operations that are no job of an API: every service has them.
const OPERATIONAL: &[&str] = &[
    "favicon.ico",
    "health",
    "healthcheck",
    "healthz",
    "liveness",
    "livez",
    "metrics",
    "openapi.json",
    "openapi.yaml",
    "ping",
    "readiness",
    "readyz",
    "robots.txt",
    "swagger.json",
];

/// The operations of an API as `GET /order/{}`, each once, in order.
pub(super) fn operations(api: &Api) -> BTreeSet<String> {
    let paths: Vec<(Method, Vec<String>)> = api
        .routes
        .iter()
        .filter(|route| is_job(route.method))
        .map(|route| (route.method, segments(&route.path)))
        .filter(|(_, path)| !is_operational(path))
        .collect();
    let base = base(&paths);
    paths
        .iter()
        .map(|(method, path)| {
            let rest: Vec<String> = path.iter().skip(base).map(|s| folded(s)).collect();
            format!("{method} /{}", rest.join("/"))
        })
        .collect()
}

/// What gateways and frameworks add to any path by themselves is no job of an API.
fn is_job(method: Method) -> bool {
    match method {
        Method::Get | Method::Post | Method::Put | Method::Patch | Method::Delete => true,
        Method::Head | Method::Options | Method::Trace => false,
    }
}

fn is_operational(path: &[String]) -> bool {
    match path {
        [only] => OPERATIONAL.contains(&only.to_lowercase().as_str()),
        [] | [_, ..] => false,
    }
}

/// The segments of a path without those that name a version, and without `api` or
/// `rest` at its front.
fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty() && !is_version(segment))
        .skip_while(|segment| ["api", "rest"].contains(&segment.to_lowercase().as_str()))
        .map(str::to_owned)
        .collect()
}

/// How many segments at the front are the same everywhere and say where the API is
/// instead of what it does. The last one stays where something other than a further
/// name follows it: of `/shop/orders` and `/shop/orders/{id}`, `/orders` says what.
fn base(paths: &[(Method, Vec<String>)]) -> usize {
    let mut all = paths.iter().map(|(_, path)| path);
    let Some(first) = all.next() else { return 0 };
    let mut common = first.iter().take_while(|s| is_name(s)).count();
    for path in all {
        let same = first.iter().zip(path).take_while(|(a, b)| a == b).count();
        common = common.min(same);
    }
    let names_follow = paths
        .iter()
        .all(|(_, path)| path.get(common).is_some_and(|segment| is_name(segment)));
    if names_follow {
        common
    } else {
        common.saturating_sub(1)
    }
}

fn is_name(segment: &str) -> bool {
    !segment.contains('{')
}

/// `v1`, `V2.1`, `v1beta1`, `1.0`, `2024-01-31`.
pub(super) fn is_version(segment: &str) -> bool {
    let text = segment.to_ascii_lowercase();
    let after = text.strip_prefix('v');
    let numbered = after.unwrap_or(&text);
    let numbers = numbered.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if numbers.len() == numbered.len() || !numbered.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (number, _) = numbered.split_at(numbered.len() - numbers.len());
    let stage = numbers.trim_end_matches(|c: char| c.is_ascii_digit());
    match after {
        Some(_) => ["", "alpha", "beta", "rc", "p"].contains(&stage),
        None => (numbers.is_empty() && number.contains('.')) || is_date(&text),
    }
}

fn is_date(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00"
}

/// A segment with its names folded and its parameters without names:
/// `{id}:cancelOrders` is `{}:cancelorder`. What has a meaning of its own in a path
/// stays: the colon before a verb, the dot before a format.
fn folded(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    let mut rest = segment;
    while !rest.is_empty() {
        let at = rest.find(['{', ':', '.']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(at);
        if !name.is_empty() {
            out.push_str(&fold(name));
        }
        let mut marks = after.chars();
        match marks.next() {
            Some('{') => {
                out.push_str("{}");
                rest = after.split_once('}').map_or("", |(_, rest)| rest);
            }
            Some(mark) => {
                out.push(mark);
                rest = marks.as_str();
            }
            None => rest = after,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Route;
    use proptest::prelude::*;

    fn of(routes: &[(Method, &str)]) -> Vec<String> {
        let mut api = Api::new("a".parse().unwrap(), "A");
        api.routes = routes
            .iter()
            .map(|(m, path)| Route::new(*m, *path))
            .collect();
        operations(&api).into_iter().collect()
    }

    #[test]
    fn versions_bases_and_the_names_of_parameters_make_no_difference() {
        use Method::{Get, Post};
        let expected = ["GET /order/{}", "GET /orderitem", "POST /order/{}:cancel"];
        for routes in [
            [
                "/v1/orders/{id}",
                "/v1/order-items",
                "/v1/orders/{id}:cancel",
            ],
            [
                "/shop/v2/Orders/{o}",
                "/shop/v2/orderItems",
                "/shop/v2/orders/{o}:cancel",
            ],
            [
                "/api/order/{x}",
                "/api/order_item",
                "/api/orders/{x}:cancel",
            ],
            ["/2024-01-31/order/{x}", "/orderItem", "/orders/{x}:cancel"],
        ] {
            let [a, b, c] = routes;
            assert_eq!(of(&[(Get, a), (Get, b), (Post, c)]), expected, "{routes:?}");
        }
    }

    #[test]
    fn what_a_single_resource_is_called_is_no_base() {
        use Method::Get;
        let expected = ["GET /order", "GET /order/{}"];
        assert_eq!(of(&[(Get, "/orders"), (Get, "/orders/{id}")]), expected);
        assert_eq!(
            of(&[(Get, "/shop/orders"), (Get, "/shop/orders/{id}")]),
            expected
        );
        assert_eq!(of(&[(Get, "/shop/orders/{id}")]), ["GET /order/{}"]);
        assert_eq!(of(&[(Get, "/")]), ["GET /"]);
    }

    #[test]
    fn what_every_service_has_is_no_job() {
        use Method::{Get, Head, Options};
        let routes = [
            (Get, "/health"),
            (Get, "/v1/ping"),
            (Options, "/v1/orders"),
            (Head, "/v1/orders"),
            (Get, "/v1/orders/health"),
        ];
        assert_eq!(of(&routes), ["GET /health"]);
    }

    #[test]
    fn a_version_is_told_from_a_name() {
        for version in [
            "v1",
            "V2",
            "v1.2",
            "v1beta1",
            "v2alpha",
            "1.0",
            "2024-01-31",
        ] {
            assert!(is_version(version), "{version}");
        }
        for name in [
            "v", "vat", "1", "v1orders", "videos", "2024", "{v1}", "", ".", "v.", "1.a",
        ] {
            assert!(!is_version(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(paths in prop::collection::vec("[/a-z{}.:0-9é]{0,20}", 0..5)) {
            let routes: Vec<_> = paths.iter().map(|p| (Method::Get, p.as_str())).collect();
            prop_assert!(of(&routes).len() <= paths.len());
        }
    }
}
