//! What is written is read back as it was.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{id, read};
use crate::catalog::read::values::shape;
use crate::catalog::words::Word;
use crate::catalog::{Api, Catalog, Contact, Face, Resources, Route, Stakeholder};
use crate::id::ApiId;
use crate::time::Timestamp;

fn word<T: Word + std::fmt::Debug>() -> impl Strategy<Value = T> {
    select(T::ALL.to_vec())
}

fn an_id() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "no",
            "null",
            "0x1f",
            "1e3",
            "default/x",
            "a/b",
            "A",
            "ORDERS",
            "orders",
            "2027-01-31",
            "a:b#c"
        ])
        .prop_map(str::to_owned),
        "[A-Za-z0-9][A-Za-z0-9._@:+#-]{0,70}",
    ]
}

/// A text of one line that tempts every reader: words, numbers, quotes, Unicode.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "yes",
            "No",
            "null",
            "~",
            "1.10",
            "0o17",
            "1_000",
            "12:30:45",
            "2027-01-31",
            "<<",
            "=",
            "- a",
            "a: b",
            "a #b",
            "#a",
            " a",
            "a ",
            "'",
            "\"",
            "\\",
            "{a}",
            "[a]",
            "!a",
            "&a",
            "*a",
            "%a",
            "@a",
            "`a",
            "|",
            ">",
            "?",
            "a:",
            ":a",
            ".inf",
            "---",
            "...",
            "\u{202e}x",
            "\u{feff}x",
            "é",
            "😀",
            "NaN",
            "true",
        ])
        .prop_map(str::to_owned),
        "[^\\p{Cc}]{0,30}[^\\p{Cc}\\s]",
    ]
}

fn contact() -> impl Strategy<Value = Contact> {
    (
        "[a-z][a-z0-9@._:/-]{0,8}[a-z]",
        "[a-z!#$%&'*+=?^_`{|}~.-]{1,9}@[a-z0-9]{1,9}",
        proptest::option::of("[A-Z][a-z]{1,5}/[A-Z][a-z_]{1,5}"),
        proptest::option::of("[a-z]{2}(-[A-Z]{2})?"),
    )
        .prop_filter_map("an id", |(person, email, zone, language)| {
            let mut contact = Contact::new(person.parse().ok()?, email.parse().ok()?);
            contact.time_zone = zone.and_then(|zone| zone.parse().ok());
            contact.language = language.and_then(|language| language.parse().ok());
            Some(contact)
        })
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0_i64..8_000_000_000, 0_i32..3)
        .prop_map(|(s, n)| Timestamp::new(s, n * 500_000_000 / 2).unwrap())
}

fn route() -> impl Strategy<Value = Route> {
    let path = "(/[a-zA-Z0-9_.~%:é-]{1,9}x|/\\{[a-zA-Z_ -]{1,9}\\}){1,4}/?"
        .prop_filter("a path", |p| {
            crate::catalog::read::values::check_path(p).is_ok()
        });
    (word(), path, of(line()), any::<bool>(), of(instant())).prop_map(
        |(method, path, operation_id, deprecated, sunset)| Route {
            operation_id,
            deprecated,
            sunset,
            ..Route::new(method, path)
        },
    )
}

fn locators<T: std::str::FromStr + std::fmt::Debug>() -> impl Strategy<Value = Vec<T>> {
    btree_set(
        "[a-z][a-z0-9._-]{0,5}:[a-z0-9.]{1,5}:[a-z-]{1,5}:[^\\p{Cc}]{1,20}",
        0..3,
    )
    .prop_map(|texts| texts.iter().filter_map(|text| text.parse().ok()).collect())
}

fn resources() -> impl Strategy<Value = Resources> {
    (
        locators(),
        locators(),
        locators(),
        locators(),
        locators(),
        locators(),
        locators(),
    )
        .prop_map(
            |(access_paths, issuers, credentials, grants, datasets, documents, repositories)| {
                Resources {
                    access_paths,
                    issuers,
                    credentials,
                    grants,
                    datasets,
                    documents,
                    repositories,
                }
            },
        )
}

fn an_api() -> impl Strategy<Value = Api> {
    let facts = (
        line(),
        word(),
        of(contact()),
        word(),
        of(instant()),
        of(Just("https://docs.example.com/a?b#c")),
    );
    let people = (
        btree_set((contact(), "[a-z]{1,9}"), 0..3),
        btree_map(an_id(), contact(), 0..3),
    );
    let faces = (
        btree_set(
            "[a-z0-9]{1,9}(\\.[a-z0-9_]{1,9}){0,2}(:[1-9][0-9]{0,3})?",
            0..3,
        ),
        vec(route(), 0..4),
        btree_set((word(), line()), 0..3),
    );
    let rest = (
        resources(),
        btree_set(line(), 0..3),
        btree_set(line(), 0..3),
        btree_map(line(), line(), 0..3),
    );
    (facts, people, faces, rest).prop_map(|(facts, people, faces, rest)| {
        let mut api = Api::new(id("replaced"), facts.0);
        (api.lifecycle, api.owner, api.criticality, api.sunset) =
            (facts.1, facts.2, facts.3, facts.4);
        api.documentation = facts.5.map(str::to_owned);
        api.url.clone_from(&api.documentation);
        api.stakeholders = people
            .0
            .into_iter()
            .map(|(who, role)| Stakeholder::new(who, role.parse().unwrap()))
            .collect();
        api.consumers = people
            .1
            .into_iter()
            .map(|(id, who)| (id.parse().unwrap(), who))
            .collect();
        api.hosts = faces.0.into_iter().collect();
        api.routes = faces.1;
        api.routes
            .sort_by_key(|route| (route.method, shape(&route.path)));
        api.routes
            .dedup_by_key(|route| (route.method, shape(&route.path)));
        api.faces = faces
            .2
            .into_iter()
            .map(|(kind, name)| Face::new(kind, name))
            .collect();
        (api.resources, api.labels) = (rest.0, rest.3);
        api.usage_sources = rest.1.into_iter().collect();
        api.markers = rest.2.into_iter().collect();
        api
    })
}

/// Any catalog that the reader could have given.
pub(super) fn catalog() -> impl Strategy<Value = Catalog> {
    (btree_map(an_id(), an_api(), 0..4), any::<bool>()).prop_map(|(apis, chained)| {
        let ids: Vec<ApiId> = apis.keys().map(|text| id(text)).collect();
        let apis = apis.into_values().enumerate().map(|(index, api)| Api {
            id: ids[index].clone(),
            successor: ids.get(index + 1).filter(|_| chained).cloned(),
            ..api
        });
        Catalog::new(apis.collect::<Vec<_>>())
    })
}

#[track_caller]
fn reread(name: &str, text: &str) -> Catalog {
    read(name, text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_as_yaml_is_read_as_it_was(catalog in catalog()) {
        let text = catalog.to_yaml();
        prop_assert_eq!(reread("c.yaml", &text), catalog, "{}", text);
    }

    #[test]
    fn what_is_written_as_toml_is_read_as_it_was(catalog in catalog()) {
        let text = catalog.to_toml();
        prop_assert_eq!(reread("c.toml", &text), catalog, "{}", text);
    }

    #[test]
    fn what_is_written_for_backstage_is_read_as_it_was(catalog in catalog()) {
        let text = catalog.to_backstage();
        let mut back = if catalog.apis.is_empty() { Catalog::default() } else { reread("c.yaml", &text) };
        let mut sorted = catalog;
        for api in back.apis.values_mut().chain(sorted.apis.values_mut()) {
            api.routes.sort();
        }
        prop_assert_eq!(back, sorted, "{}", text);
    }
}

#[test]
fn the_writer_leaves_out_what_serde_leaves_out() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    for _ in 0..20 {
        let catalog = catalog().new_tree(&mut runner).unwrap().current();
        let apis: Vec<&Api> = catalog.apis.values().collect();
        let json = serde_json::json!({ "version": 1, "apis": apis }).to_string();
        assert_eq!(reread("c.json", &json), catalog);
        let written: toml::Table = toml::from_str(&catalog.to_toml()).unwrap();
        let apis = serde_json::to_value(apis).unwrap();
        let written = written
            .get("apis")
            .map_or(serde_json::json!([]), |v| serde_json::to_value(v).unwrap());
        assert_eq!(written, apis);
    }
}

#[test]
fn what_is_written_is_pleasant_to_read() {
    let text = "version: 1
apis:
  - id: orders-v1
    title: \"Orders, version 1\"
    lifecycle: deprecated
    owner:
      person: dana@example.com
      email: dana@example.com
    hosts:
      - api.example.com
    routes:
      - method: GET
        path: /v1/orders/{id}
        operation_id: getOrder
        deprecated: true
    resources:
      credentials:
        - keyfile:shop:local:ak_1
    sunset: \"2027-01-31T00:00:00Z\"
    criticality: medium
    labels:
      version: \"1.10\"
";
    let catalog = read("c.yaml", text).unwrap();
    assert_eq!(catalog.to_yaml(), text);
    assert_eq!(
        catalog.to_toml(),
        r#"version = 1

[[apis]]
id = "orders-v1"
title = "Orders, version 1"
lifecycle = "deprecated"
owner = { person = "dana@example.com", email = "dana@example.com" }
hosts = ["api.example.com"]
routes = [
  { method = "GET", path = "/v1/orders/{id}", operation_id = "getOrder", deprecated = true },
]
resources = { credentials = ["keyfile:shop:local:ak_1"] }
sunset = "2027-01-31T00:00:00Z"
criticality = "medium"
labels = { version = "1.10" }
"#
    );
}
