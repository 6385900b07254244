//! Several files that speak of one API.

use super::{api, kinds};
use crate::catalog::{Catalog, CatalogErrorKind as Kind, Source};

const OWN: &str = "apis:
  - id: orders-v1
    title: Orders, version 1
    lifecycle: deprecated
    owner: {person: dana@example.com, email: dana@example.com}
    sunset: 2027-01-31T00:00:00Z
    labels: {team: shop}
    routes:
      - {method: GET, path: '/orders/{id}', operation_id: getOrder}
";

const ENTITY: &str = "apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: orders-v1
  annotations:
    deprovision.dev/labels: '{team: shop, tier: gold}'
    deprovision.dev/markers: orders-sdk
spec: {type: graphql, lifecycle: deprecated, owner: unknown}
";

#[test]
fn files_of_different_forms_complete_each_other() {
    for sources in [
        [
            Source::new("own.yaml", OWN),
            Source::new("info.yaml", ENTITY),
        ],
        [
            Source::new("info.yaml", ENTITY),
            Source::new("own.yaml", OWN),
        ],
    ] {
        let orders = api(&Catalog::read(&sources).unwrap(), "orders-v1");
        assert_eq!(orders.title, "Orders, version 1");
        assert_eq!(orders.markers, ["orders-sdk"]);
        assert_eq!(orders.labels.len(), 2);
        assert!(orders.owner.is_some() && orders.sunset.is_some());
    }
}

#[test]
fn contradictions_are_reported_with_both_places() {
    let entity = ENTITY
        .replace("lifecycle: deprecated", "lifecycle: production")
        .replace("team: shop", "team: ship");
    let openapi = "openapi: 3.1.0
info: {title: Orders, version: '1', x-deprovision-id: orders-v1}
paths: {'/orders/{key}': {get: {operationId: fetchOrder}}}
";
    let errors = Catalog::read(&[
        Source::new("own.yaml", OWN),
        Source::new("info.yaml", &entity),
        Source::new("openapi.yaml", openapi),
    ])
    .unwrap_err();
    assert_eq!(
        errors.to_string(),
        "info.yaml:6: metadata.annotations[\"deprovision.dev/labels\"].team: the label differs from that at own.yaml:7 (write the same in both, or leave one of them out)
info.yaml:8: spec.lifecycle: the lifecycle differs from that at own.yaml:4 (write the same in both, or leave one of them out)
openapi.yaml:3: paths[\"/orders/{key}\"].get: the operation id of the route differs from that at own.yaml:9 (write the same in both, or leave one of them out)"
    );
    for error in &errors {
        assert_eq!(error.kind, Kind::Conflict);
        assert_eq!(&*error.other.clone().unwrap().file, "own.yaml");
    }
}

#[test]
fn two_files_of_one_form_may_not_describe_one_api() {
    let other = "apis: [{id: orders-v1, title: Orders of another team}]";
    let errors =
        Catalog::read(&[Source::new("a.yaml", OWN), Source::new("b.yaml", other)]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "b.yaml:1: apis[0].id: the API orders-v1 is there twice, first at a.yaml:2 (leave one of them out)"
    );
}

#[test]
fn a_successor_may_be_in_another_file() {
    let next = "[[apis]]\nid = \"orders-v2\"\ntitle = \"Orders, version 2\"\n";
    let own = format!("{OWN}    successor: orders-v2\n");
    let both = [
        Source::new("own.yaml", &own),
        Source::new("next.toml", next),
    ];
    assert_eq!(Catalog::read(&both).unwrap().apis.len(), 2);
    let errors = Catalog::read(&both[..1]).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::Dangling]);
    // While a part of the other file is not known, nothing is said to be missing.
    let broken = [
        Source::new("own.yaml", &own),
        Source::new("next.toml", "[[apis]\n"),
    ];
    let errors = Catalog::read(&broken).unwrap_err();
    assert!(!kinds(&errors).contains(&Kind::Dangling), "{errors}");
}

#[test]
fn one_file_given_twice_is_told_so() {
    let source = Source::new("a.yaml", "apis: []");
    let errors = Catalog::read(&[source.clone(), source]).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::Duplicate]);
}

#[test]
fn no_files_are_an_empty_catalog() {
    assert!(Catalog::read(&[]).unwrap().apis.is_empty());
}
