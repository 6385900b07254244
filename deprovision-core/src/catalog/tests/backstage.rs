//! Backstage's entities.

use super::{api, id, kinds, places, read};
use crate::catalog::{Catalog, CatalogErrorKind as Kind, Lifecycle, LintRule, Method, Source};

const ENTITIES: &str = r#"apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: orders-v1
  title: Orders, version 1
  annotations:
    github.com/project-slug: shop/orders
    deprovision.dev/hosts: api.example.com
    deprovision.dev/usage-sources: "[gateway-log, mesh]"
    deprovision.dev/sunset: "2027-01-31T00:00:00Z"
    deprovision.dev/successor: orders-v2
    deprovision.dev/resources: |
      credentials:
        - keyfile:shop:local:ak_1
spec:
  type: openapi
  lifecycle: deprecated
  owner: platform
  definition: |
    openapi: 3.1.0
    info: {title: Orders, version: 1.2.0}
    servers: [{url: https://eu.example.com/v1}]
    paths:
      /orders/{id}:
        get: {operationId: getOrder, deprecated: true}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: orders-v2
spec: {type: openapi, lifecycle: production, owner: nobody-we-know, definition: {$text: ./openapi.yaml}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payroll
  annotations:
    deprovision.dev/caller-ids: "[ak_1, ak_2]"
spec:
  type: service
  lifecycle: production
  owner: user:people/dana
  consumesApis: [orders-v1, api:default/orders-v2, elsewhere]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cron}
spec:
  owner: nobody-we-know
  consumesApis: [orders-v1]
  providesApis: [billing/invoices]
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: platform}
spec: {type: team, profile: {email: platform@example.com}, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: dana, namespace: people}
spec: {profile: {email: dana@example.com}}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: platform}
---
apiVersion: v1
kind: ConfigMap
data: {}
---
"#;

#[test]
fn apis_components_and_people_become_one_catalog() {
    let catalog = read("catalog-info.yaml", ENTITIES).unwrap();
    let names: Vec<&str> = catalog.apis.keys().map(|id| id.as_str()).collect();
    assert_eq!(names, ["billing/invoices", "orders-v1", "orders-v2"]);

    let orders = api(&catalog, "orders-v1");
    assert_eq!(orders.title, "Orders, version 1");
    assert_eq!(orders.lifecycle, Lifecycle::Deprecated);
    let owner = orders.owner.unwrap();
    assert_eq!(owner.person.as_str(), "group:default/platform");
    assert_eq!(owner.email.as_str(), "platform@example.com");
    assert_eq!(orders.hosts, ["api.example.com", "eu.example.com"]);
    assert_eq!(orders.usage_sources, ["gateway-log", "mesh"]);
    assert_eq!(orders.successor, Some(id("orders-v2")));
    assert_eq!(orders.resources.credentials.len(), 1);
    assert_eq!(orders.routes.len(), 1);
    assert_eq!(orders.routes[0].path, "/v1/orders/{id}");
    assert_eq!(orders.routes[0].method, Method::Get);
    assert!(orders.routes[0].deprecated);
    let callers: Vec<&str> = orders.consumers.keys().map(|id| id.as_str()).collect();
    assert_eq!(callers, ["ak_1", "ak_2"]);
    assert_eq!(
        orders.labels["backstage.io/unreachable-consumers"],
        "component:default/cron"
    );

    let next = api(&catalog, "orders-v2");
    assert_eq!(next.title, "orders-v2");
    assert_eq!(next.owner, None);
    assert_eq!(
        next.labels["backstage.io/owner"],
        "group:default/nobody-we-know"
    );
    assert_eq!(next.consumers.len(), 2);
}

#[test]
fn what_has_no_address_is_a_finding() {
    let findings = read("catalog-info.yaml", ENTITIES).unwrap().lint();
    let has = |api: &str, rule| findings.iter().any(|f| f.api == id(api) && f.rule == rule);
    assert!(has("orders-v2", LintRule::NoOwner));
    assert!(!has("orders-v1", LintRule::NoOwner));
    assert!(has("orders-v1", LintRule::UnreachableConsumer));
    assert!(has("billing/invoices", LintRule::NoHosts));
}

#[test]
fn a_mistake_in_an_annotation_or_a_definition_has_its_line_in_the_file() {
    let text = ENTITIES
        .replace("deprovision.dev/hosts: api", "deprovision.dev/host: api")
        .replace("2027-01-31T00:00:00Z", "soon")
        .replace("        - keyfile:shop:local:ak_1", "        - ak_1")
        .replace("lifecycle: deprecated", "lifecycle: old")
        .replace("      /orders/{id}:", "      orders/{id}:");
    let errors = read("catalog-info.yaml", &text).unwrap_err();
    assert_eq!(
        places(&errors),
        [
            "8 metadata.annotations[\"deprovision.dev/host\"]",
            "10 metadata.annotations[\"deprovision.dev/sunset\"]",
            "14 metadata.annotations[\"deprovision.dev/resources\"].credentials[0]",
            "17 spec.lifecycle",
            "24 spec.definition.paths[\"orders/{id}\"]",
        ],
        "{errors}"
    );
    let shown = errors.to_string();
    assert!(
        shown.contains("did you mean deprovision.dev/hosts?"),
        "{shown}"
    );
}

#[test]
fn an_entity_without_what_backstage_demands_is_reported() {
    let text = "apiVersion: backstage.io/v1alpha1
kind: API
metadata: {title: x}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: a}
spec: {lifecycle: production}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: b}
spec: {owner: 'not a reference', consumesApis: ['a:b:c']}
";
    let errors = read("catalog-info.yaml", text).unwrap_err();
    assert_eq!(
        places(&errors),
        [
            "3 metadata.name",
            "8 spec.owner",
            "13 spec.owner",
            "13 spec.consumesApis[0]"
        ],
        "{errors}"
    );
}

#[test]
fn an_entity_that_is_there_twice_is_reported() {
    let one = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a}\nspec: {lifecycle: production, owner: b}\n";
    let errors =
        Catalog::read(&[Source::new("a.yaml", one), Source::new("b.yaml", one)]).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::Duplicate]);
    assert_eq!(&*errors.iter().next().unwrap().place.file, "b.yaml");
}

#[test]
fn ids_that_backstage_would_take_for_one_get_names_of_their_own() {
    let text = "apis: [{id: Orders, title: a}, {id: orders, title: b}, {id: 'orders@2', title: c}, {id: shop/orders, title: d}]";
    let catalog = read("a.yaml", text).unwrap();
    let written = catalog.to_backstage();
    for part in [
        "\n  name: Orders\n",
        "\n  name: orders-2\n",
        "\n  name: orders-2-2\n",
        "\n  name: orders\n  namespace: shop\n",
        "\n    deprovision.dev/id: orders@2\n",
    ] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    assert_eq!(read("b.yaml", &written).unwrap(), catalog);
}

#[test]
fn who_provides_an_api_answers_for_it_while_nobody_else_is_named() {
    let text = "apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop}
spec: {profile: {email: shop@example.com}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: server}
spec: {owner: shop, providesApis: [orders-v1, orders-v2]}
";
    let own = "apis: [{id: orders-v2, title: B, owner: {person: dana, email: dana@example.com}}]";
    let sources = [Source::new("info.yaml", text), Source::new("own.yaml", own)];
    let catalog = Catalog::read(&sources).unwrap();
    let owner = |name| api(&catalog, name).owner.unwrap().email.to_string();
    assert_eq!(owner("orders-v1"), "shop@example.com");
    assert_eq!(owner("orders-v2"), "dana@example.com");
}

#[test]
fn two_people_behind_one_caller_id_are_a_conflict() {
    let text = "apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop}
spec: {profile: {email: shop@example.com}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: server, annotations: {deprovision.dev/caller-ids: ak_1}}
spec: {owner: shop, consumesApis: [orders-v1]}
";
    let own = "apis: [{id: orders-v1, title: A, consumers: {ak_1: {person: dana, email: dana@example.com}}}]";
    let sources = [Source::new("own.yaml", own), Source::new("info.yaml", text)];
    let errors = Catalog::read(&sources).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::Conflict]);
    assert_eq!(places(&errors), ["9 spec.consumesApis[0]"]);
}
