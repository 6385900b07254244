//! Entities and references to them.

use std::sync::Arc;

use crate::catalog::error::quoted;
use crate::catalog::read::{Field, Problems, Table, values};
use crate::catalog::tree::{Parsed, Value};
use crate::catalog::{CatalogErrorKind as Kind, Place};

/// The kinds of entities that say something to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntityKind {
    Api,
    Component,
    Person,
}

/// One entity.
#[derive(Debug)]
pub(crate) struct Entity<'t> {
    pub(super) kind: EntityKind,
    /// `kind:namespace/name`, in lower case as Backstage compares it.
    pub(super) reference: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) metadata: Table<'t>,
    pub(super) spec: Option<Table<'t>>,
    /// Part of its file could not be read.
    pub(super) partial: bool,
}

/// Finds the entities of a file.
pub(crate) fn collect<'t>(
    file: &Arc<str>,
    parsed: &'t Parsed,
    entities: &mut Vec<Entity<'t>>,
    p: &mut Problems,
) {
    for document in &parsed.documents {
        // An empty document is what `---` at the end of a file leaves.
        if document.value == Value::Null {
            continue;
        }
        let root = Field::new(document, Place::new(file, document.line, ""));
        if let Some(entity) = root
            .open_table(p)
            .and_then(|table| entity(&table, parsed.partial, p))
        {
            entities.push(entity);
        }
    }
}

fn entity<'t>(root: &Table<'t>, partial: bool, p: &mut Problems) -> Option<Entity<'t>> {
    let version = root
        .required("apiVersion", p, "write apiVersion: backstage.io/v1alpha1")
        .and_then(|f| f.text(p, "backstage.io/v1alpha1"));
    let kind = root
        .required("kind", p, "write kind: API")
        .and_then(|f| f.text(p, "API"))?;
    if !version?.starts_with("backstage.io/") {
        return None;
    }
    let lower = kind.to_lowercase();
    let kind = match lower.as_str() {
        "api" => EntityKind::Api,
        "component" => EntityKind::Component,
        "user" | "group" => EntityKind::Person,
        _ => return None,
    };
    let metadata = root
        .required("metadata", p, "write metadata: with a name")
        .and_then(|f| f.open_table(p))?;
    let name = metadata
        .required("name", p, "write the name of the entity")
        .and_then(|f| values::line(f, p, "orders-v1"))?;
    let namespace = match metadata.get("namespace") {
        Some(field) => values::line(field, p, "default")?,
        None => "default".to_owned(),
    };
    let spec = root
        .required("spec", p, "write spec: with type, lifecycle and owner")
        .and_then(|f| f.open_table(p));
    Some(Entity {
        kind,
        reference: format!("{lower}:{namespace}/{name}").to_lowercase(),
        place: metadata
            .get("name")
            .map_or_else(|| root.place.clone(), |f| f.place.clone()),
        namespace,
        name,
        metadata,
        spec,
        partial,
    })
}

/// The full reference that `[kind:][namespace/]name` stands for, in lower case.
pub(super) fn reference(
    field: &Field<'_>,
    default_kind: &str,
    namespace: &str,
    p: &mut Problems,
) -> Option<String> {
    let text = field.text(p, "group:default/platform")?;
    let (kind, rest) = text.split_once(':').unwrap_or((default_kind, text));
    let (namespace, name) = rest.split_once('/').unwrap_or((namespace, rest));
    let fits = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if !(fits(kind) && fits(namespace) && fits(name)) {
        p.add(
            Kind::BadValue,
            &field.place,
            format!("{} is not a reference to an entity", quoted(text)),
            "write kind:namespace/name, for example group:default/platform",
        );
        return None;
    }
    Some(format!("{kind}:{namespace}/{name}").to_lowercase())
}
