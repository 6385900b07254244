//! What stands under `deprovision.dev/` in the annotations of an entity.

use crate::catalog::error::quoted;
use crate::catalog::read::{API_FIELDS, Field, Problems, Table};
use crate::catalog::suggest;
use crate::catalog::tree::{Node, Parsed, Value, parse_yaml};
use crate::catalog::{CatalogErrorKind as Kind, Place};

/// The prefix of our annotations.
pub(super) const PREFIX: &str = "deprovision.dev/";

/// How the value of an annotation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    /// As the text of the field.
    Text,
    /// As YAML.
    Yaml,
    /// As YAML, where a single text is a list of one.
    Texts,
}

fn reading(field: &str) -> As {
    match field {
        "id" | "lifecycle" | "successor" | "sunset" | "url" | "documentation" | "criticality" => {
            As::Text
        }
        "hosts" | "usage_sources" | "markers" | "caller_ids" => As::Texts,
        _ => As::Yaml,
    }
}

/// The name of the annotation for a field.
pub(super) fn name_of(field: &str) -> String {
    format!("{PREFIX}{}", field.replace('_', "-"))
}

/// The fields of an API that an annotation can hold.
pub(super) fn api_fields() -> Vec<&'static str> {
    API_FIELDS
        .iter()
        .copied()
        .filter(|name| *name != "title")
        .collect()
}

/// The annotations of one entity, read into trees.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    fields: Vec<(&'static str, Node, Place)>,
    pub(super) partial: bool,
}

impl Annotations {
    /// Reads those that are known, and reports those that are not.
    pub(super) fn read(metadata: &Table<'_>, known: &[&'static str], p: &mut Problems) -> Self {
        let mut read = Self::default();
        let Some(table) = metadata.get("annotations").and_then(|f| f.open_table(p)) else {
            return read;
        };
        for (key, field) in table.iter() {
            let Some(short) = key.strip_prefix(PREFIX) else {
                continue;
            };
            let Some(name) = known.iter().find(|name| name_of(name) == key) else {
                p.add(
                    Kind::UnknownField,
                    &field.place,
                    format!("there is no annotation {}", quoted(key)),
                    hint(short, known),
                );
                continue;
            };
            read.add(name, field, p);
        }
        read
    }

    fn add(&mut self, name: &'static str, field: &Field<'_>, p: &mut Problems) {
        let as_what = reading(name);
        if as_what == As::Text {
            self.fields
                .push((name, field.node.clone(), field.place.clone()));
            return;
        }
        let Some(text) = field.text(p, "a text that holds YAML") else {
            return;
        };
        let parsed = embedded(text, field, p);
        self.partial |= parsed.partial;
        let Some(mut node) = parsed.documents.into_iter().next() else {
            return;
        };
        if as_what == As::Texts
            && let Value::Text(_) = node.value
        {
            node = Node::new(node.line, Value::List(vec![node]));
        }
        self.fields.push((name, node, field.place.clone()));
    }

    /// As a table from which fields are read.
    pub(super) fn table(&self, place: &Place) -> Table<'_> {
        let mut table = Table::new(place.clone());
        for (name, node, place) in &self.fields {
            table.insert(name, Field::new(node, place.clone()));
        }
        table
    }
}

fn hint(short: &str, known: &[&'static str]) -> String {
    match suggest::nearest(short, known) {
        Some(near) => format!("did you mean {}?", name_of(near)),
        None => {
            let names: Vec<String> = known.iter().map(|name| name_of(name)).collect();
            format!("write one of {}", names.join(", "))
        }
    }
}

/// Reads a text that is the value of a field as YAML, with the lines of the file.
pub(super) fn embedded(text: &str, field: &Field<'_>, p: &mut Problems) -> Parsed {
    let parsed = parse_yaml(text, field.node.line);
    p.add_tree(&field.place.file, &field.place.field, &parsed.errors);
    parsed
}
