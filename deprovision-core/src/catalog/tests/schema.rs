//! The published schema says what the reader says.

use proptest::prelude::*;
use serde_json::Value;

use super::read;
use super::round_trip::catalog;
use crate::catalog::read::{API_FIELDS, FILE_FIELDS, schema_fields};
use crate::catalog::words::Word;
use crate::catalog::{Criticality, FaceKind, Lifecycle, Method, SCHEMA};

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn keys(table: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = table
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

#[test]
fn the_schema_has_the_fields_that_the_reader_knows() {
    let schema = schema();
    assert_eq!(keys(&schema["properties"]), sorted(FILE_FIELDS));
    let defs = &schema["$defs"];
    assert_eq!(keys(&defs["api"]["properties"]), sorted(API_FIELDS));
    for (name, fields) in schema_fields() {
        assert_eq!(keys(&defs[name]["properties"]), sorted(&fields), "{name}");
    }
    // Nothing may be written anywhere that is not described.
    for (name, def) in defs.as_object().unwrap() {
        if def["type"] == "object" {
            assert_eq!(def["additionalProperties"], false, "{name}");
        }
    }
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn the_schema_has_the_words_that_the_reader_knows() {
    let defs = &schema()["$defs"];
    assert_eq!(
        defs["api"]["properties"]["lifecycle"]["enum"],
        Value::from(Lifecycle::words())
    );
    assert_eq!(
        defs["api"]["properties"]["criticality"]["enum"],
        Value::from(Criticality::words())
    );
    assert_eq!(
        defs["route"]["properties"]["method"]["enum"],
        Value::from(Method::words())
    );
    assert_eq!(
        defs["face"]["properties"]["kind"]["enum"],
        Value::from(FaceKind::words())
    );
    assert_eq!(
        defs["api"]["properties"]["lifecycle"]["default"],
        Lifecycle::default().word()
    );
    assert_eq!(
        defs["api"]["properties"]["criticality"]["default"],
        Criticality::default().word()
    );
}

/// Whole examples of each table, each of whose fields is left out in turn: the
/// reader must miss exactly those that the schema requires.
#[test]
fn what_the_schema_requires_the_reader_misses() {
    let full = serde_json::json!({
        "apis": [{
            "id": "a", "title": "A",
            "owner": {"person": "p", "email": "p@example.com"},
            "stakeholders": [{"contact": {"person": "p", "email": "p@example.com"}, "role": "r"}],
            "routes": [{"method": "GET", "path": "/", "operation_id": "o", "deprecated": true}],
            "faces": [{"kind": "stage", "name": "s"}],
        }]
    });
    assert!(read("a.json", &full.to_string()).is_ok());
    let defs = schema()["$defs"].clone();
    let mut tried = 0;
    for (pointer, def) in [
        ("", &schema()),
        ("/apis/0", &defs["api"]),
        ("/apis/0/owner", &defs["contact"]),
        ("/apis/0/stakeholders/0", &defs["stakeholder"]),
        ("/apis/0/routes/0", &defs["route"]),
        ("/apis/0/faces/0", &defs["face"]),
    ] {
        let names: Vec<String> = full
            .pointer(pointer)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        for name in names {
            let mut less = full.clone();
            less.pointer_mut(pointer)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(&name);
            let required = def["required"]
                .as_array()
                .unwrap()
                .contains(&Value::from(name.as_str()));
            assert_eq!(
                read("a.json", &less.to_string()).is_err(),
                required,
                "{pointer} {name}"
            );
            assert_eq!(
                check(&schema(), &schema(), &less).is_err(),
                required,
                "{pointer} {name}"
            );
            tried += 1;
        }
    }
    assert_eq!(tried, 17);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_the_reader_gives_the_schema_allows(catalog in catalog()) {
        let apis: Vec<_> = catalog.apis.values().collect();
        let json = serde_json::json!({ "version": 1, "apis": apis });
        prop_assert_eq!(check(&schema(), &schema(), &json), Ok(()));
    }
}

#[test]
fn what_the_schema_forbids_the_reader_forbids() {
    for json in [
        r#"{"apis": 1}"#,
        r#"{"apis": [], "version": 2}"#,
        r#"{"apis": [], "other": 1}"#,
        r#"{"apis": [{"id": "a", "title": ""}]}"#,
        r#"{"apis": [{"id": "a", "title": 1}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "lifecycle": "old"}]}"#,
        r#"{"apis": [{"id": "a b", "title": "A"}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "sunset": "2027-01-31"}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "documentation": "/docs"}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "hosts": ["https://a"]}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "owner": {"person": "p", "email": "p"}}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "resources": {"grants": ["x"]}}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "hosts": ["a", "a"]}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "labels": {"": "x"}}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "routes": [{"method": "get", "path": "/"}]}]}"#,
        r#"{"apis": [{"id": "a", "title": "A", "routes": [{"method": "GET", "path": "/", "deprecated": "no"}]}]}"#,
    ] {
        let value: Value = serde_json::from_str(json).unwrap();
        assert!(
            check(&schema(), &schema(), &value).is_err(),
            "schema: {json}"
        );
        assert!(read("a.json", json).is_err(), "reader: {json}");
    }
}

/// The part of JSON Schema that ours uses.
fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let fail = |why: &str| Err(format!("{why}: {value} by {schema}"));
    for (keyword, rule) in schema.as_object().unwrap() {
        let ok = match keyword.as_str() {
            "$ref" => {
                let target = root.pointer(&rule.as_str().unwrap()[1..]).unwrap();
                check(root, target, value)?;
                true
            }
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                other => panic!("the test does not know the type {other}"),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "required" => value.as_object().is_none_or(|table| {
                rule.as_array()
                    .unwrap()
                    .iter()
                    .all(|name| table.contains_key(name.as_str().unwrap()))
            }),
            "properties" | "additionalProperties" => {
                let none = serde_json::Map::new();
                let known = schema["properties"].as_object().unwrap_or(&none);
                for (name, value) in value.as_object().into_iter().flatten() {
                    match (known.get(name), keyword.as_str()) {
                        (Some(rule), "properties") => check(root, rule, value)?,
                        (None, "additionalProperties") if rule.is_object() => {
                            check(root, rule, value)?
                        }
                        (None, "additionalProperties") => return fail("a field too many"),
                        _ => {}
                    }
                }
                true
            }
            "propertyNames" => {
                for name in value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name)
                {
                    check(root, rule, &Value::from(name.as_str()))?;
                }
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    check(root, rule, item)?;
                }
                true
            }
            "uniqueItems" => value.as_array().is_none_or(|items| {
                items
                    .iter()
                    .enumerate()
                    .all(|(at, item)| !items[..at].contains(item))
            }),
            "pattern" => value.as_str().is_none_or(|text| {
                let pattern = regex_lite::Regex::new(rule.as_str().unwrap()).unwrap();
                pattern.is_match(text)
            }),
            "minLength" => value
                .as_str()
                .is_none_or(|t| t.chars().count() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => value
                .as_str()
                .is_none_or(|t| t.chars().count() as u64 <= rule.as_u64().unwrap()),
            "description" | "default" | "title" | "$schema" | "$id" | "$defs" => true,
            other => panic!("the test does not know the keyword {other}"),
        };
        if !ok {
            return fail(keyword);
        }
    }
    Ok(())
}
