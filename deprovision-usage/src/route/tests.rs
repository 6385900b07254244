use deprovision_core::catalog::{Api, Face, FaceKind, Method, Route};
use deprovision_core::id::ApiId;
use proptest::prelude::*;

use super::RouteTable;

fn api(id: &str, hosts: &[&str], paths: &[&str]) -> Api {
    let mut api = Api::new(ApiId::parse(id).unwrap(), id);
    api.hosts = hosts.iter().map(|h| (*h).to_owned()).collect();
    api.routes = paths.iter().map(|p| Route::new(Method::Get, *p)).collect();
    api
}

/// Whether a request counts for the API `a`.
fn meant(table: &RouteTable, target: &str) -> bool {
    let found = table.find("GET", None, target);
    found.iter().any(|endpoint| endpoint.api.as_str() == "a")
}

#[track_caller]
fn check(api: &Api, yes: &[&str], no: &[&str]) {
    let table = RouteTable::new([api]);
    for target in yes {
        assert!(meant(&table, target), "{target} is meant for {}", api.id);
    }
    for target in no {
        assert!(
            !meant(&table, target),
            "{target} is not meant for {}",
            api.id
        );
    }
}

#[test]
fn all_ways_to_write_a_route_are_the_route() {
    check(
        &api(
            "a",
            &["api.example.com"],
            &["/v1/orders", "/v1/orders/{id}"],
        ),
        &[
            "/v1/orders",
            "/v1/orders/",
            "/v1/orders?x=/v2",
            "/v1/orders/7#top",
            "//v1//orders",
            "/%761/orders",
            "/v1%2Forders",
            "/v1%2forders/7",
            "/V1/Orders",
            "/./v1/orders",
            "/v2/../v1/orders",
            "/v1/../v2/orders",
            "/v1;a=b/orders;c",
            "/v1/orders/%",
            "/v1/orders/%zz",
            "http://api.example.com/v1/orders",
            "HTTPS://API.example.com.:8443/v1/orders?x",
            "https://user@api.example.com/v1/orders",
            "http://10.0.0.5:8080/v1/orders",
            "http://[::1]:80/v1/orders",
        ],
        &[
            "/v2/orders",
            "/v10/orders",
            "/orders",
            "/xv1/orders",
            "/",
            "*",
            "api.example.com:443",
            "http://other.example.com/v1/orders",
            "/?path=/v1/orders",
            "/v2/orders?next=/v1/orders",
        ],
    );
}

#[test]
fn a_request_under_the_version_is_demand_without_a_template() {
    check(
        &api("a", &[], &["/v1/orders/{id}"]),
        &["/v1", "/v1/", "/v1/invoices", "/v1/orders/7/lines"],
        &["/v2/invoices", "/"],
    );
    check(
        &api("a", &[], &["/api/v2.1/orders"]),
        &["/api/v2.1/else"],
        &["/api/v2/orders", "/api"],
    );
    check(
        &api("a", &[], &["/{tenant}/v1/orders"]),
        &["/acme/v1/else"],
        &["/acme/v2/orders", "/v1"],
    );
    check(
        &api("a", &[], &["/2024-10-01/orders"]),
        &["/2024-10-01/x"],
        &["/x"],
    );
}

#[test]
fn without_a_version_the_literal_beginning_is_the_prefix() {
    check(
        &api("a", &[], &["/shop/orders/{id}/lines"]),
        &["/shop/orders", "/shop/orders/7/else"],
        &["/shop", "/shop/customers"],
    );
}

#[test]
fn a_template_that_takes_all_takes_all() {
    check(
        &api("a", &[], &["/files/{path+}"]),
        &["/files/a/b/c"],
        &["/x"],
    );
    check(&api("a", &[], &["/{*rest}"]), &["/", "/x/y"], &["*"]);
    check(&api("a", &[], &["/{id}"]), &["/x"], &["/x/y", "/"]);
    check(&api("a", &[], &["/"]), &["/", "//", "/?x"], &["/x"]);
}

#[test]
fn every_face_is_the_api() {
    let mut api = api("a", &["api.example.com"], &["/v1/orders"]);
    for (kind, name) in [
        (FaceKind::Stage, "prod"),
        (FaceKind::Alias, "/legacy/orders"),
        (FaceKind::Alias, "old.example.com"),
        (FaceKind::Mirror, "https://eu.example.com/mirror"),
    ] {
        api.faces.push(Face::new(kind, name));
    }
    check(
        &api,
        &[
            "/prod/v1/orders",
            "/legacy/orders/7",
            "http://old.example.com/v1/orders",
            "http://eu.example.com/mirror/x",
        ],
        &[
            "/test/v1/orders",
            "/legacy",
            "http://else.example.com/v1/orders",
        ],
    );
}

#[test]
fn an_alias_does_not_narrow_an_api_without_hosts() {
    let mut api = api("a", &[], &["/v1/orders"]);
    api.faces
        .push(Face::new(FaceKind::Alias, "old.example.com"));
    check(&api, &["http://any.example.com/v1/orders"], &[]);
}

#[test]
fn a_neighbour_gets_its_own_routes_and_nothing_else() {
    let ours = api("a", &[], &["/v1/orders", "/v1/{thing}/notes"]);
    let theirs = api("customers", &[], &["/v1/customers/{id}"]);
    let greedy = api("gateway", &[], &["/{proxy+}", "/v1/{any+}"]);
    let table = RouteTable::new([&ours, &theirs, &greedy]);
    for target in [
        "/v1/orders",
        "/v1/invoices",
        "/v1",
        "/v1/customers",
        "/v1/customers/notes",
    ] {
        assert!(meant(&table, target), "{target}");
    }
    assert!(!meant(&table, "/v1/customers/7"));
}

#[test]
fn places_of_apis_with_hosts_and_without_are_told_apart() {
    // In this order the places of the second API come between those of the others.
    let first = api("first", &["a.example.com"], &["/a/x", "/both"]);
    let open = api("open", &[], &["/b/x", "/both"]);
    let last = api("last", &["c.example.com"], &["/c/x"]);
    let table = RouteTable::new([&first, &open, &last]);
    for (target, want) in [
        ("http://a.example.com/a/x", [true, false, false]),
        ("http://c.example.com/a/x", [false, false, false]),
        ("http://else.example.com/a/x", [false, false, false]),
        ("http://a.example.com/b/x", [false, true, false]),
        ("http://else.example.com/b/x", [false, true, false]),
        ("http://c.example.com/c/x", [false, false, true]),
        ("http://a.example.com/both", [true, true, false]),
        ("http://c.example.com/both", [false, true, false]),
        ("http://else.example.com/both", [false, true, false]),
        ("/both", [true, true, false]),
        ("/c/x", [false, false, true]),
    ] {
        let found = table.find("GET", None, target);
        let is = [&first, &open, &last].map(|api| found.iter().any(|e| e.api == api.id));
        assert_eq!(is, want, "{target}");
    }
}

#[test]
fn an_api_without_routes_can_not_be_told() {
    let (none, root) = (api("a", &["api.example.com"], &[]), api("b", &[], &["/"]));
    let table = RouteTable::new([&none, &root]);
    assert!(table.without_routes().eq([&none.id]));
}

proptest! {
    #[test]
    fn no_target_makes_the_table_panic(target in ".*", path in ".*") {
        let table = RouteTable::new([&api("a", &["h"], &[&path])]);
        meant(&table, &target);
    }

    #[test]
    fn a_disguise_never_hides_a_call(
        tail in "[a-z0-9/.%;]{0,12}",
        encoded in prop::collection::vec(any::<bool>(), 10),
        slashes in 1usize..4,
        query in "[a-z=&/?]{0,8}",
    ) {
        let plain = "/v1/orders";
        let mut target = String::new();
        for (c, encode) in plain.chars().zip(encoded) {
            match (c, encode) {
                ('/', false) => target.push_str(&"/".repeat(slashes)),
                ('/', true) if target.is_empty() => target.push('/'),
                (c, true) => target.push_str(&format!("%{:02X}", u32::from(c))),
                (c, false) => target.push(c),
            }
        }
        let target = format!("{target}/{tail}?{query}");
        let table = RouteTable::new([&api("a", &[], &["/v1/orders"])]);
        prop_assert!(meant(&table, &target), "{}", target);
    }
}
