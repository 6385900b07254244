//! OpenAPI descriptions.

use super::{api, id, kinds, places, read};
use crate::catalog::{Catalog, CatalogErrorKind as Kind, CatalogErrors, Route, Source, Vocabulary};

const ORDERS: &str = r#"openapi: 3.0.3
info:
  title: Orders
  version: 1.0.0
  x-deprovision-id: orders-v1
servers:
  - url: https://{region}.Example.com/v1/
    variables:
      region: {default: eu, enum: [eu, us]}
  - url: /internal
paths:
  /orders:
    x-sunset: 2027-01-31
    get:
      operationId: listOrders
      deprecated: true
      responses:
        200: {description: OK}
    post:
      x-sunset: "2027-06-30T12:00:00Z"
  /health:
    servers: [{url: "http://ops.example.com:8080"}]
    get: {}
  /shared:
    $ref: '#/components/pathItems/shared'
  x-internal: true
components:
  pathItems:
    shared:
      delete: {operationId: drop}
  schemas:
    Order: {type: object, deprecated: true}
"#;

fn shown(routes: &[Route]) -> Vec<String> {
    routes
        .iter()
        .map(|r| {
            let mut line = format!("{:?} {}", r.method, r.path);
            if r.deprecated {
                line.push_str(" deprecated");
            }
            if let Some(sunset) = r.sunset {
                line.push_str(&format!(" until {sunset}"));
            }
            line
        })
        .collect()
}

#[test]
fn routes_hosts_and_sunsets_are_taken() {
    let catalog = read("openapi.yaml", ORDERS).unwrap();
    let orders = api(&catalog, "orders-v1");
    assert_eq!(orders.title, "Orders");
    assert_eq!(
        orders.hosts,
        ["eu.example.com", "us.example.com", "ops.example.com:8080"]
    );
    assert_eq!(
        shown(&orders.routes),
        [
            "Get /health",
            "Get /internal/orders deprecated until 2027-01-31T23:59:59Z",
            "Get /v1/orders deprecated until 2027-01-31T23:59:59Z",
            "Post /internal/orders until 2027-06-30T12:00:00Z",
            "Post /v1/orders until 2027-06-30T12:00:00Z",
            "Delete /internal/shared",
            "Delete /v1/shared",
        ]
    );
    assert_eq!(orders.routes[1].operation_id.as_deref(), Some("listOrders"));
}

#[test]
fn json_is_read_and_the_caller_may_name_the_api() {
    let text = r#"{"openapi": "3.1.1", "info": {"title": "Orders", "version": "1"},
        "paths": {"/orders": {"get": {}}}, "webhooks": {"paid": {"post": {}}}}"#;
    let catalog = Catalog::read(&[Source::openapi("o.json", text, id("orders-v1"))]).unwrap();
    assert_eq!(shown(&api(&catalog, "orders-v1").routes), ["Get /orders"]);
    let errors = read("o.json", text).unwrap_err();
    assert_eq!(places(&errors), ["1 info.x-deprovision-id"], "{errors}");
    let named = ORDERS.replace("orders-v1", "orders-v9");
    let errors = Catalog::read(&[Source::openapi("o.yaml", &named, id("orders-v1"))]).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::Conflict]);
}

#[test]
fn a_description_adds_to_what_the_catalog_says() {
    let own = "apis:
  - id: orders-v1
    title: Orders, version 1
    hosts: [api.example.com]
    routes: [{method: GET, path: /v1/orders}]
";
    let catalog = Catalog::read(&[
        Source::new("openapi.yaml", ORDERS),
        Source::new("own.yaml", own),
    ])
    .unwrap();
    let orders = api(&catalog, "orders-v1");
    assert_eq!(orders.title, "Orders, version 1");
    assert_eq!(orders.hosts.len(), 4);
    assert_eq!(orders.hosts[0], "api.example.com");
    assert_eq!(orders.routes.len(), 7);
    assert!(orders.routes[0].deprecated, "either says so");
    assert_eq!(orders.routes[0].operation_id.as_deref(), Some("listOrders"));
}

#[test]
fn every_mistake_of_a_description_is_reported() {
    let text = r#"openapi: 3.1.0
info: {version: 1, x-deprovision-id: orders v1}
servers:
  - {description: none}
  - {url: "https://{region}.example.com"}
  - {url: "ftp://example.com"}
paths:
  orders: {get: {}}
  /a:
    get: {deprecated: "yes", x-sunset: someday, operationId: 7}
  /b: {$ref: other.yaml#/b}
  /c: {$ref: '#/components/pathItems/c'}
  /d: []
  /e/{x}: {get: {}}
  /e/{y}: {get: {}}
"#;
    let errors = read("o.yaml", text).unwrap_err();
    assert_eq!(
        places(&errors),
        [
            "2 info.title",
            "2 info.x-deprovision-id",
            "4 servers[0].url",
            "5 servers[1].url",
            "6 servers[2].url",
            "8 paths.orders",
            "10 paths[\"/a\"].get.operationId",
            "10 paths[\"/a\"].get.deprecated",
            "10 paths[\"/a\"].get.x-sunset",
            "11 paths[\"/b\"].$ref",
            "12 paths[\"/c\"].$ref",
            "13 paths[\"/d\"]",
            "15 paths[\"/e/{y}\"].get",
        ],
        "{errors}"
    );
}

#[test]
fn other_versions_are_named() {
    for (text, part) in [
        (
            "swagger: '2.0'\ninfo: {}\n",
            "Swagger 2.0 is not read (convert",
        ),
        (
            "openapi: 3.2.0\ninfo: {}\n",
            "OpenAPI \"3.2.0\" is not read",
        ),
        ("openapi: 3.1\ninfo: {}\n", "write \"3.1\" in quotes"),
    ] {
        let errors: CatalogErrors = read("o.yaml", text).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors}");
        assert!(errors.to_string().contains(part), "{errors}");
    }
}

#[test]
fn servers_that_stand_for_very_many_addresses_stand_for_their_default() {
    let variables: String = (0..12)
        .map(|n| format!("      v{n}: {{default: a, enum: [a, b, c, d]}}\n"))
        .collect();
    let url: String = (0..12).map(|n| format!("{{v{n}}}")).collect();
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: v}}\nservers:\n  - url: https://{url}.example.com\n    variables:\n{variables}paths: {{/a: {{get: {{}}}}}}\n"
    );
    let catalog = Catalog::read(&[Source::openapi("o.yaml", &text, id("a"))]).unwrap();
    let hosts = api(&catalog, "a").hosts;
    assert!(hosts.len() <= 64 && hosts.contains(&format!("{}.example.com", "a".repeat(12))));
}

/// As many public descriptions tell apart what a query or a header chooses
/// (Amazon's and Azure's, for example).
#[test]
fn operations_that_differ_in_the_query_or_the_fragment_are_one_route() {
    let text = r#"openapi: 3.0.0
info: {title: Queue, version: "1"}
servers: [{url: https://queue.example.com/}]
paths:
  /#X-Amz-Target=Send: {post: {operationId: send, deprecated: true, x-sunset: 2027-01-31}}
  /#X-Amz-Target=Receive: {post: {operationId: receive, deprecated: true, x-sunset: 2027-06-30}}
  /queues/{id}: {get: {operationId: getQueue, deprecated: true, x-sunset: 2027-01-31}}
  /queues/{queue}?depth={n}: {get: {operationId: getQueue}, put: {}}
  "/queues/{id}#overload=url": {delete: {}}
"#;
    let catalog = Catalog::read(&[Source::openapi("q.yaml", text, id("queue"))]).unwrap();
    let queue = api(&catalog, "queue");
    assert_eq!(
        shown(&queue.routes),
        [
            "Post / deprecated until 2027-06-30T23:59:59Z",
            "Get /queues/{id}",
            "Delete /queues/{id}",
            "Put /queues/{queue}",
        ],
        "what holds for each of the operations holds for the route"
    );
    let ids: Vec<Option<&str>> = queue
        .routes
        .iter()
        .map(|r| r.operation_id.as_deref())
        .collect();
    assert_eq!(ids, [None, Some("getQueue"), None, None]);
    let twice = text.replace("?depth={n}", "");
    let errors = Catalog::read(&[Source::openapi("q.yaml", &twice, id("queue"))]).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::Duplicate], "{errors}");
}

/// OpenAPI allows them, and they say nothing.
#[test]
fn an_empty_title_or_operation_id_is_as_none() {
    let text =
        "openapi: 3.0.0\ninfo: {title: '', version: ''}\npaths: {/a: {get: {operationId: ''}}}\n";
    let catalog = Catalog::read(&[Source::openapi("o.yaml", text, id("orders"))]).unwrap();
    assert_eq!(api(&catalog, "orders").title, "orders");
    assert_eq!(api(&catalog, "orders").routes[0].operation_id, None);
}

const BODIES: &str = r#"openapi: 3.1.0
info: {title: Orders, version: "1"}
paths:
  /orders:
    post:
      requestBody: {$ref: '#/components/requestBodies/Order'}
      responses:
        201: {$ref: '#/components/responses/Order'}
        400: {content: {application/json: {schema: {properties: {error: {properties: {code: {}}}}}}}}
components:
  requestBodies:
    Order: {content: {"*/*": {schema: {$ref: '#/components/schemas/Order'}}}}
  responses:
    Order: {content: {a/b: {schema: {type: array, items: {$ref: '#/components/schemas/Order'}}}}}
  schemas:
    Order:
      allOf: [{$ref: '#/components/schemas/Base'}]
      properties: {lines: {items: {$ref: '#/components/schemas/Line'}}}
    Line: {properties: {order: {$ref: '#/components/schemas/Order'}, count: {}}}
    Base: {$ref: '#/components/schemas/Base'}
    Unused: {properties: {never: {}}}
"#;

#[test]
fn the_fields_of_bodies_are_collected_through_references() {
    let catalog = Catalog::read(&[Source::openapi("o.yaml", BODIES, id("orders"))]).unwrap();
    let expected = Vocabulary::of([
        ("", "error"),
        ("error", "code"),
        ("Order", "lines"),
        ("Line", "order"),
        ("Line", "count"),
    ]);
    assert_eq!(api(&catalog, "orders").vocabulary, expected);
    // It says what an API is about, and is no field of a file.
    let again = read("c.yaml", &catalog.to_yaml()).unwrap();
    assert!(api(&again, "orders").vocabulary.is_empty());
}

#[test]
fn two_descriptions_of_one_api_have_their_fields_together() {
    let second = BODIES.replace("count", "amount");
    let both = Catalog::read(&[
        Source::openapi("a.yaml", BODIES, id("orders")),
        Source::openapi("b.yaml", &second, id("orders")),
    ])
    .unwrap();
    assert_eq!(api(&both, "orders").vocabulary.len(), 6);
}

/// References in circles, to themselves, to nowhere, and fifty thousand to one table
/// of fifty thousand: each node is looked at once.
#[test]
fn schemas_that_refer_to_each_other_without_end_are_read_at_once() {
    let mut schemas = String::new();
    for n in 0..40_000 {
        let next = (n + 1) % 40_000;
        schemas.push_str(&format!(
            "    S{n}: {{properties: {{p: {{$ref: '#/components/schemas/S{next}'}}}}}}\n"
        ));
    }
    let text = format!(
        "openapi: 3.0.0\ninfo: {{title: t, version: v}}\npaths:\n  /a:\n    get: {{responses: {{200: {{content: {{a/b: {{schema: {{$ref: '#/components/schemas/S0'}}}}}}}}}}}}\n  /b:\n    get: {{responses: {{200: {{$ref: '#/paths/~1b/get/responses/200'}}, 201: {{$ref: '#/nowhere'}}, 202: 7, 203: {{$ref: other.yaml}}}}}}\ncomponents:\n  schemas:\n{schemas}"
    );
    let catalog = Catalog::read(&[Source::openapi("o.yaml", &text, id("a"))]).unwrap();
    assert!(api(&catalog, "a").vocabulary.is_sampled());
}

/// A name of megabytes that a hundred thousand fields inherit: cut, or this would take
/// hours.
#[test]
fn a_schema_with_a_very_long_name_is_read_at_once() {
    let name = "n".repeat(1 << 20);
    let parts = "{properties: {a: {}}}, ".repeat(100_000);
    let text = format!(
        "openapi: 3.0.0\ninfo: {{title: t, version: v}}\npaths:\n  /a:\n    get: {{responses: {{200: {{content: {{a/b: {{schema: {{$ref: '#/components/schemas/{name}'}}}}}}}}}}}}\ncomponents:\n  schemas:\n    ? {name}\n    : allOf: [{parts}]\n"
    );
    let catalog = Catalog::read(&[Source::openapi("o.yaml", &text, id("a"))]).unwrap();
    assert_eq!(api(&catalog, "a").vocabulary.len(), 1);
}
