//! From a catalog to entities.

use std::collections::{BTreeMap, BTreeSet};

use super::annotations::{api_fields, name_of};
use super::read::{NOBODY, OWNER_LABEL};
use crate::catalog::tree::{Node, Value};
use crate::catalog::words::Word;
use crate::catalog::write::{field, list, table, text, write_yaml};
use crate::catalog::{Api, Catalog, Route};

/// The longest name of an entity, in bytes.
const MAX_NAME: usize = 63;

impl Catalog {
    /// Writes all APIs as entities of Backstage, one document each. Backstage has no
    /// place for most of what we know: it goes into annotations under
    /// `deprovision.dev/`, and the routes into an OpenAPI text in `spec.definition`.
    ///
    /// Read back, the catalog is the same but for the order of the routes.
    #[must_use]
    pub fn to_backstage(&self) -> String {
        let mut taken = BTreeSet::new();
        let entities: Vec<String> = self
            .apis
            .values()
            .map(|api| write_yaml(&entity(api, &mut taken)))
            .collect();
        entities.join("---\n")
    }
}

fn entity(api: &Api, taken: &mut BTreeSet<(String, String)>) -> Node {
    let (namespace, name) = name(api, taken);
    let exact = match namespace.as_str() {
        "default" => name == api.id.as_str(),
        namespace => format!("{namespace}/{name}") == api.id.as_str(),
    };
    let mut metadata = vec![("name", text(name))];
    if namespace != "default" {
        metadata.push(("namespace", text(namespace)));
    }
    metadata.push(("title", text(&api.title)));
    let annotations: Vec<(String, Node)> = api_fields()
        .into_iter()
        .filter(|name| match *name {
            "id" => !exact,
            // These have a place of their own in the entity.
            "lifecycle" | "routes" => false,
            _ => true,
        })
        .filter_map(|name| Some((name_of(name), annotation(field(api, name)?))))
        .collect();
    if !annotations.is_empty() {
        metadata.push(("annotations", table(annotations)));
    }
    table([
        ("apiVersion", text("backstage.io/v1alpha1")),
        ("kind", text("API")),
        ("metadata", table(metadata)),
        (
            "spec",
            table([
                ("type", text("openapi")),
                ("lifecycle", text(api.lifecycle.word())),
                ("owner", text(owner(api))),
                ("definition", text(write_yaml(&definition(api)))),
            ]),
        ),
    ])
}

/// A text as it is, anything else as YAML.
fn annotation(node: Node) -> Node {
    match &node.value {
        Value::Text(_) => node,
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Broken => text(write_yaml(&node)),
    }
}

/// What Backstage shows as the owner; the truth is in the annotation.
fn owner(api: &Api) -> String {
    let person = api.owner.as_ref().map(|owner| owner.person.as_str());
    match (person, api.labels.get(OWNER_LABEL)) {
        (Some(person), _) if is_reference(person) => person.to_owned(),
        (Some(person), _) => format!("user:default/{}", fitting(person)),
        (None, Some(label)) if is_reference(label) => label.clone(),
        (None, _) => NOBODY.to_owned(),
    }
}

fn is_reference(text: &str) -> bool {
    text.split([':', '/']).all(is_name) && text.matches([':', '/']).count() <= 2
}

/// The namespace and name of the entity: those of the id where they fit, else like
/// it, and not yet taken (Backstage compares names without case).
fn name(api: &Api, taken: &mut BTreeSet<(String, String)>) -> (String, String) {
    let id = api.id.as_str();
    let (namespace, name) = match id.split_once('/') {
        Some((namespace, name))
            if is_name(namespace) && is_name(name) && namespace != "default" =>
        {
            (namespace.to_owned(), name.to_owned())
        }
        Some(_) | None => ("default".to_owned(), fitting(id)),
    };
    let mut free = name.clone();
    let mut count = 1_usize;
    while !taken.insert((namespace.to_lowercase(), free.to_lowercase())) {
        count += 1;
        let ending = format!("-{count}");
        let kept = MAX_NAME.saturating_sub(ending.len()).min(name.len());
        free = format!("{}{ending}", name[..kept].trim_end_matches(['-', '_', '.']));
    }
    (namespace, free)
}

/// A name by Backstage's rule: letters and digits, parted by single `-`, `_` or `.`.
fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text
            .split(['-', '_', '.'])
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn fitting(text: &str) -> String {
    if is_name(text) {
        return text.to_owned();
    }
    let parts: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let mut name = parts.join("-");
    name.truncate(MAX_NAME);
    name.truncate(name.trim_end_matches('-').len());
    name
}

/// The routes as an OpenAPI description.
fn definition(api: &Api) -> Node {
    let mut paths: BTreeMap<&str, Vec<(String, Node)>> = BTreeMap::new();
    for route in &api.routes {
        let method = route.method.word().to_lowercase();
        paths
            .entry(route.path.as_str())
            .or_default()
            .push((method, operation(route)));
    }
    let version = api.labels.get("version").map(String::as_str);
    table([
        ("openapi", text("3.1.0")),
        (
            "info",
            table([
                ("title", text(&api.title)),
                ("version", text(version.unwrap_or(api.id.as_str()))),
            ]),
        ),
        (
            "paths",
            table(paths.into_iter().map(|(path, item)| (path, table(item)))),
        ),
    ])
}

fn operation(route: &Route) -> Node {
    let mut fields = Vec::new();
    if let Some(id) = &route.operation_id {
        fields.push(("operationId", text(id)));
    }
    if route.deprecated {
        fields.push(("deprecated", Node::new(0, Value::Bool(true))));
    }
    if let Some(sunset) = route.sunset {
        fields.push(("x-sunset", text(sunset)));
    }
    let parameters: Vec<Node> = route
        .path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| {
            table([
                ("name", text(name)),
                ("in", text("path")),
                ("required", Node::new(0, Value::Bool(true))),
                ("schema", table([("type", text("string"))])),
            ])
        })
        .collect();
    if !parameters.is_empty() {
        fields.push(("parameters", list(parameters)));
    }
    table(fields)
}
