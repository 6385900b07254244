//! Every mistake is reported, with its place and what to write instead.

use super::{kinds, places, read};
use crate::catalog::CatalogErrorKind as Kind;

const YAML: &str = r#"version: 1
apis:
  - id: orders-v1
    title: Orders, version 1
    lifecycle: depricated
    owner:
      person: dana@example.com
      email: dana at example.com
    hosts: [https://api.example.com/v1]
    routes:
      - {method: GET, path: v1/orders}
      - {method: FETCH, path: "/v1/orders"}
    successor: orders-v3
    sunset: 2027-01-31
    usage_source: [gateway-log]
    title: Orders again
  - id: orders-v2
  - id: orders-v2
    title: Orders, version 2
    markers: orders-sdk
"#;

const TOML: &str = r#"version = 1
[[apis]]
id = "orders-v1"
title = "Orders, version 1"
lifecycle = "depricated"
owner = { person = "dana@example.com", email = "dana at example.com" }
hosts = ["https://api.example.com/v1"]
routes = [
  { method = "GET", path = "v1/orders" },
  { method = "FETCH", path = "/v1/orders" },
]
successor = "orders-v3"
sunset = 2027-01-31
usage_source = ["gateway-log"]
title = "Orders again"

[[apis]]
id = "orders-v2"

[[apis]]
id = "orders-v2"
title = "Orders, version 2"
markers = "orders-sdk"
"#;

#[test]
fn a_yaml_file_with_twelve_mistakes_reports_all_twelve() {
    let errors = read("apis.yaml", YAML).unwrap_err();
    assert_eq!(
        places(&errors),
        [
            "5 apis[0].lifecycle",
            "8 apis[0].owner.email",
            "9 apis[0].hosts[0]",
            "11 apis[0].routes[0].path",
            "12 apis[0].routes[1].method",
            "13 apis[0].successor",
            "14 apis[0].sunset",
            "15 apis[0].usage_source",
            "16 ",
            "17 apis[1].title",
            "18 apis[2].id",
            "20 apis[2].markers",
        ],
        "{errors}"
    );
    assert_same_words(&errors.to_string(), "apis.yaml");
}

#[test]
fn a_toml_file_with_twelve_mistakes_reports_all_twelve() {
    let errors = read("apis.toml", TOML).unwrap_err();
    assert_eq!(
        places(&errors),
        [
            "5 apis[0].lifecycle",
            "6 apis[0].owner.email",
            "7 apis[0].hosts[0]",
            "9 apis[0].routes[0].path",
            "10 apis[0].routes[1].method",
            "12 apis[0].successor",
            "13 apis[0].sunset",
            "14 apis[0].usage_source",
            "15 ",
            "17 apis[1].title",
            "21 apis[2].id",
            "23 apis[2].markers",
        ],
        "{errors}"
    );
    assert_same_words(&errors.to_string(), "apis.toml");
}

/// What both files must be told, one error a line.
fn assert_same_words(shown: &str, file: &str) {
    assert_eq!(shown.lines().count(), 12, "{shown}");
    for line in shown.lines() {
        assert!(line.starts_with(&format!("{file}:")), "{line}");
    }
    for part in [
        "apis[0].lifecycle: \"depricated\" is not a lifecycle (did you mean deprecated?)",
        "\"dana at example.com\" is not an e-mail address",
        "has a scheme, and a host has none (write api.example.com)",
        "\"v1/orders\" does not begin with / (write /v1/orders, without the host)",
        "\"FETCH\" is not a method",
        "no file describes the API orders-v3 (did you mean orders-v2?)",
        "(write the time and the zone too: 2027-01-31T00:00:00Z)",
        "there is no field \"usage_source\" (did you mean usage_sources?)",
        "\"title\" is there twice",
        "title is missing",
        "the API orders-v2 is there twice",
        "this is a text (write a list, also for a single item)",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn the_kind_of_a_mistake_is_typed() {
    let errors = read("a.yaml", YAML).unwrap_err();
    for kind in [
        Kind::BadValue,
        Kind::Dangling,
        Kind::UnknownField,
        Kind::Duplicate,
        Kind::MissingField,
        Kind::WrongType,
    ] {
        assert!(kinds(&errors).contains(&kind), "{kind:?}");
    }
}

#[test]
fn what_comes_after_a_syntax_error_is_not_said_to_be_missing() {
    let text = "apis:\n  - id: orders-v1\n    lifecycle: ancient\n    successor: orders-v2\n  ] \n  - id: orders-v2\n";
    let errors = read("a.yaml", text).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::BadValue, Kind::Syntax], "{errors}");
    let text = "[[apis]]\nid = \"orders-v1\"\nsuccessor = \"orders-v2\"\ntitle = \n";
    let errors = read("a.toml", text).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::Syntax], "{errors}");
    assert_eq!(places(&errors), ["4 "]);
}

#[test]
fn numbers_and_words_that_are_no_texts_are_pointed_out() {
    let text =
        "apis: [{id: a, title: 1.10, labels: {version: 2.0, beta: no, x: yes, y: null, z: true}}]";
    let errors = read("a.yaml", text).unwrap_err();
    let shown = errors.to_string();
    assert!(
        shown.contains("apis[0].title: this is a number (write \"1.10\" in quotes)"),
        "{shown}"
    );
    assert!(
        shown.contains("apis[0].labels.version: this is a number"),
        "{shown}"
    );
    assert!(
        shown.contains("apis[0].labels.y: this is nothing"),
        "{shown}"
    );
    assert!(
        shown.contains("apis[0].labels.z: this is true or false"),
        "{shown}"
    );
    // In YAML 1.2 these are texts.
    assert_eq!(errors.len(), 4, "{shown}");
}

#[test]
fn a_file_that_is_no_catalog_is_told_so() {
    for (name, text) in [
        ("a.yaml", ""),
        ("a.yaml", "# nothing"),
        ("a.yaml", "[]"),
        ("a.yaml", "just a text"),
        ("a.yaml", "{}"),
        ("a.json", "{\"apis\": {}}"),
        ("a.toml", ""),
        ("a.toml", "apis = 1"),
        ("a.yaml", "version: 2\napis: []"),
        ("a.yaml", "apis: []\n---\napis: []"),
    ] {
        let errors = read(name, text).unwrap_err();
        assert_eq!(errors.len(), 1, "{text}: {errors}");
    }
    assert!(read("a.yaml", "apis: []").unwrap().apis.is_empty());
    assert!(read("a.toml", "apis = []").unwrap().apis.is_empty());
    assert!(
        read(
            "a.json",
            "{\"$schema\": \"x\", \"version\": 1, \"apis\": []}"
        )
        .is_ok()
    );
}

#[test]
fn json_is_read_with_all_its_escapes_and_any_line_ends() {
    let text = "{\r\n\t\"apis\": [\r\n\t\t{\"id\": \"a\", \"title\": \"\\/ \\u00e9 \\ud83d\\ude00\",\r\n\"x\":1}]}";
    let errors = read("a.json", text).unwrap_err();
    assert_eq!(places(&errors), ["4 apis[0].x"]);
    let catalog = read("a.json", &text.replace(",\r\n\"x\":1", "")).unwrap();
    assert_eq!(super::api(&catalog, "a").title, "/ é 😀");
    let catalog = read("a.yaml", "\u{feff}apis: [{id: a, title: b}]\r\n").unwrap();
    assert_eq!(catalog.apis.len(), 1);
}

#[test]
fn routes_and_items_that_are_there_twice_are_reported_with_both_places() {
    let text = "apis:
  - id: a
    title: A
    hosts: [a.example, b.example, a.example]
    routes:
      - {method: GET, path: '/a/{id}'}
      - {method: PUT, path: '/a/{id}'}
      - {method: GET, path: '/a/{name}'}
    resources:
      credentials:
        - keyfile:shop:local:ak_1
        - keyfile:shop:local:ak_1
";
    let errors = read("a.yaml", text).unwrap_err();
    assert_eq!(
        places(&errors),
        [
            "4 apis[0].hosts[2]",
            "8 apis[0].routes[2]",
            "12 apis[0].resources.credentials[1]"
        ]
    );
    let others: Vec<usize> = errors
        .iter()
        .filter_map(|e| Some(e.other.as_ref()?.line))
        .collect();
    assert_eq!(others, [4, 6, 11]);
}

#[test]
fn an_error_stays_on_one_line_whatever_the_file_holds() {
    let text = "apis: [{id: \"a\\nb: fake\", title: \"x\\u202ey\", \"evil\\nkey\": 1, lifecycle: \"\\x1b[31m\"}]";
    let errors = read("a\nb.yaml", text).unwrap_err();
    let shown = errors.to_string();
    assert_eq!(shown.lines().count(), errors.len(), "{shown}");
    assert!(
        shown.chars().all(|c| c == '\n' || !c.is_control()),
        "{shown:?}"
    );
}

#[test]
fn an_api_can_not_succeed_itself() {
    let errors = read("a.yaml", "apis: [{id: a, title: A, successor: a}]").unwrap_err();
    assert_eq!(kinds(&errors), [Kind::BadValue]);
}
