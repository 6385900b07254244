//! Cuts GitHub's description of its REST API down to the operations that we use, as the
//! fake for tests checks against it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{Failure, Places, peers};

/// What is for people alone, and makes nine tenths of the description.
const PROSE: &[&str] = &[
    "description",
    "example",
    "examples",
    "externalDocs",
    "summary",
    "tags",
    "x-github",
    "x-multi-segment",
];

/// Where the cut description is kept, below the root of the workspace.
const FOLDER: &str = "deprovision-github-fake/description";

/// Fetches the description, cuts it, and writes what is left, with its licence.
pub(crate) fn update(places: &Places) -> Result<(), Failure> {
    let package = peers::github(places)?;
    let folder = places.root.join(FOLDER);
    let operations = read(&folder.join("operations.txt"))?;
    let whole: Value = serde_json::from_str(&read(&package.join("generated/api.github.com.json"))?)
        .map_err(|error| format!("GitHub's description can not be read: {error}"))?;
    let cut = cut(&whole, &operations)?;
    // One line a key of the upper levels: a change can be reviewed.
    let text = serde_json::to_string_pretty(&cut)
        .map_err(|error| format!("the description can not be written: {error}"))?;
    write(&folder.join("github.json"), &(text + "\n"))?;
    write(&folder.join("LICENSE"), &read(&package.join("LICENSE"))?)?;
    println!(
        "{}: {} operations",
        folder.display(),
        operations.lines().count()
    );
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("{} can not be read: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| format!("{} can not be written: {error}", path.display()))
}

/// The operations, and what they refer to.
fn cut(whole: &Value, operations: &str) -> Result<Value, Failure> {
    let mut paths = Map::new();
    for line in operations.lines() {
        let (method, path) = line
            .split_once(' ')
            .ok_or_else(|| format!("{line:?} is no operation: write `GET /path`"))?;
        let method = method.to_ascii_lowercase();
        let operation = &whole["paths"][path][&method];
        if operation.is_null() {
            return Err(format!("GitHub's description has no {line}"));
        }
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[&method] = without_prose(operation);
    }
    let mut components = Map::new();
    let mut wanted = references(&Value::Object(paths.clone()));
    let mut done = BTreeSet::new();
    while let Some(pointer) = wanted.pop_first() {
        if !done.insert(pointer.clone()) {
            continue;
        }
        let found = whole
            .pointer(&pointer)
            .ok_or_else(|| format!("GitHub's description has no {pointer}"))?;
        let found = without_prose(found);
        wanted.extend(references(&found));
        let mut parts = pointer.split('/').skip(2);
        if let (Some(kind), Some(name)) = (parts.next(), parts.next()) {
            let kind = components.entry(kind).or_insert_with(|| json!({}));
            kind[name] = found;
        }
    }
    Ok(json!({
        "openapi": whole["openapi"],
        "info": { "title": whole["info"]["title"], "version": whole["info"]["version"],
                  "license": whole["info"]["license"] },
        "paths": paths,
        "components": components,
    }))
}

fn without_prose(value: &Value) -> Value {
    fn strip(value: &Value, names: bool) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    // Below `properties` and the like the keys are names, as `description` is.
                    .filter(|(key, _)| names || !PROSE.contains(&key.as_str()))
                    .map(|(key, member)| {
                        let named = !names
                            && matches!(
                                key.as_str(),
                                "properties" | "responses" | "content" | "schemas"
                            );
                        (key.clone(), strip(member, named))
                    })
                    .collect(),
            ),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| strip(item, false)).collect())
            }
            other => other.clone(),
        }
    }
    strip(value, false)
}

/// Every `$ref` in it, as a JSON pointer.
fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(pointer) = members.get("$ref").and_then(Value::as_str) {
                found.insert(pointer.trim_start_matches('#').to_owned());
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn an_operation_is_kept_with_what_it_refers_to_and_without_prose() {
        let whole = json!({
            "openapi": "3.0.3",
            "info": { "title": "t", "version": "1", "license": {} },
            "paths": { "/a": {
                "get": { "summary": "s", "responses": { "200": { "$ref": "#/components/responses/r" } } },
                "post": {},
            } },
            "components": {
                "responses": { "r": { "description": "d", "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/s" }, "examples": {} } } } },
                "schemas": {
                    "s": { "description": "d", "properties": { "description": { "type": "string", "description": "d" } } },
                    "unused": {},
                },
            },
        });
        let cut = cut(&whole, "GET /a\n").unwrap();
        assert_eq!(
            cut["paths"]["/a"],
            json!({ "get": { "responses": { "200": { "$ref": "#/components/responses/r" } } } })
        );
        assert_eq!(
            cut["components"]["schemas"],
            json!({ "s": { "properties": { "description": { "type": "string" } } } })
        );
        assert!(super::cut(&whole, "GET /b\n").is_err());
    }
}
