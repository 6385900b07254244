//! Routes and requests: the first line is the target of a request, each other line
//! the template of a route. A path that is a template without parameters is found.

#![no_main]

use deprovision_core::catalog::{Api, Face, FaceKind, Method, Route};
use deprovision_core::id::ApiId;
use deprovision_usage::RouteTable;
use libfuzzer_sys::fuzz_target;

/// Whether a template is text alone, whatever a server may take it for.
fn is_literal(template: &str) -> bool {
    let lower = template.to_ascii_lowercase();
    let parameters = ["{", "}", "*", ":", "%7b", "%7d", "%2a", "%3a"];
    template.starts_with('/') && !parameters.iter().any(|part| lower.contains(part))
}

fn segments(path: &str) -> Vec<String> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(str::to_ascii_lowercase).collect()
}

fuzz_target!(|text: &str| {
    let Ok(id) = ApiId::parse("a") else { return };
    let mut api = Api::new(id, "A");
    let mut lines = text.split('\n');
    let target = lines.next().unwrap_or_default();
    for (number, line) in lines.enumerate() {
        let method = if number % 3 == 2 {
            Method::Post
        } else {
            Method::Get
        };
        api.routes.push(Route::new(method, line));
    }
    let Ok(id) = ApiId::parse("b") else { return };
    let mut other = Api::new(id, "B");
    other.hosts.push("shop.example".to_owned());
    // The neighbour has every other route, and what may be a path or a host.
    for route in api.routes.iter().step_by(2) {
        other.routes.push(Route::new(Method::Get, &route.path));
    }
    other.faces.push(Face::new(FaceKind::Alias, target));
    other.faces.push(Face::new(FaceKind::Stage, target));
    let table = RouteTable::new([&api, &other]);
    for host in [None, Some("shop.example"), Some(target)] {
        for method in ["GET", "POST", target] {
            let found = table.find(method, host, target);
            // At most one endpoint of each API.
            assert!(found.len() <= 2);
            assert!(found.len() < 2 || found[0].api != found[1].api);
        }
    }
    for route in api.routes.iter().filter(|route| is_literal(&route.path)) {
        let found = table.find(route.method.name(), None, &route.path);
        let own = found.iter().find(|endpoint| endpoint.api == api.id);
        let operation = own.and_then(|endpoint| endpoint.operation.as_ref());
        let operation = operation.unwrap_or_else(|| panic!("{route:?} is not found"));
        assert_eq!(operation.method, route.method);
        let plain = |path: &str| !path.contains(['%', '?', '#', ';', '.']);
        if plain(&route.path) && plain(&operation.path) && segments(&route.path).len() <= 64 {
            assert_eq!(segments(&operation.path), segments(&route.path));
        }
    }
});
