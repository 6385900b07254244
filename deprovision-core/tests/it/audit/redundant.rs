//! APIs that do one job, as an audit tells them.

use deprovision_core::audit::{Audit, FindingKind, Subject};
use deprovision_core::catalog::{Api, Catalog, Lifecycle, Method, Route};
use deprovision_core::policy::Policy;
use deprovision_core::usage::UsageReport;

use super::world::{id, now};

fn api(name: &str, paths: &[&str]) -> Api {
    let mut api = Api::new(id(name), name);
    api.routes = paths
        .iter()
        .map(|path| Route::new(Method::Get, *path))
        .collect();
    api
}

fn redundant(apis: Vec<Api>) -> Vec<(Vec<String>, String)> {
    let audit = Audit::of(
        &Catalog::new(apis),
        &UsageReport::default(),
        &Policy::default(),
        now(),
    );
    audit
        .findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::Redundant)
        .map(|finding| {
            let Subject::Apis(ids) = &finding.subject else {
                panic!("{finding}");
            };
            (
                ids.iter().map(ToString::to_string).collect(),
                finding.to_string(),
            )
        })
        .collect()
}

const ORDERS: [&str; 6] = [
    "/orders",
    "/orders/{id}",
    "/orders/{id}/lines",
    "/orders/{id}/payments",
    "/orders/export",
    "/orders/{id}/notes",
];

#[test]
fn two_teams_with_the_same_operations_are_told_to_choose() {
    let found = redundant(vec![
        api("orders", &ORDERS),
        api("purchases", &ORDERS.map(|path| path)),
        api(
            "customers",
            &["/customers", "/customers/{id}", "/customers/{id}/address"],
        ),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, ["orders", "purchases"]);
    assert!(
        found[0].1.contains("have the same 6 operations"),
        "{}",
        found[0].1
    );
    assert!(
        found[0].1.contains("name it as the successor"),
        "{}",
        found[0].1
    );
}

#[test]
fn nearly_the_same_operations_are_told_with_their_share() {
    let mut more = ORDERS.to_vec();
    more.push("/orders/{id}/history");
    let found = redundant(vec![api("orders", &ORDERS), api("purchases", &more)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].1.contains("share 85% of their operations"),
        "{}",
        found[0].1
    );
    assert!(
        found[0]
            .1
            .contains("6 operations in both, 0 only in orders, 1 only in purchases"),
        "{}",
        found[0].1
    );
}

#[test]
fn versions_successors_and_retired_apis_are_no_copies() {
    let mut old = api("orders-old", &ORDERS);
    old.successor = Some(id("purchases"));
    assert_eq!(redundant(vec![old, api("purchases", &ORDERS)]), []);
    assert_eq!(
        redundant(vec![api("orders-v1", &ORDERS), api("orders-v2", &ORDERS)]),
        []
    );
    let mut gone = api("orders", &ORDERS);
    gone.lifecycle = Lifecycle::Retired;
    assert_eq!(redundant(vec![gone, api("purchases", &ORDERS)]), []);
}
