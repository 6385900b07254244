//! A value on its way from the tree to the model: it knows where it is, and asking
//! it for the wrong thing is reported and gives nothing.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::Problems;
use crate::catalog::error::quoted;
use crate::catalog::suggest;
use crate::catalog::tree::{Node, Value};
use crate::catalog::words::Word;
use crate::catalog::{CatalogErrorKind as Kind, Place};

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Field<'t> {
    pub(crate) node: &'t Node,
    pub(crate) place: Place,
}

impl<'t> Field<'t> {
    pub(crate) fn new(node: &'t Node, place: Place) -> Self {
        Self { node, place }
    }

    /// A text; `example` is what could stand there.
    pub(crate) fn text(&self, problems: &mut Problems, example: &str) -> Option<&'t str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            Value::Number(written) => {
                problems.wrong_type(&self.place, self.node, &format!("\"{written}\" in quotes"));
                None
            }
            Value::Broken => None,
            Value::Bool(_) | Value::Null | Value::List(_) | Value::Table(_) => {
                problems.wrong_type(
                    &self.place,
                    self.node,
                    &format!("a text, for example {example}"),
                );
                None
            }
        }
    }

    /// A text that its own type parses; the error of the type says what to write.
    pub(crate) fn parsed<T>(&self, problems: &mut Problems, example: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(problems, example)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                problems.add(
                    Kind::BadValue,
                    &self.place,
                    error.to_string(),
                    format!("for example {example}"),
                );
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Word>(&self, problems: &mut Problems) -> Option<T> {
        let words = T::words();
        let text = self.text(problems, words.first().copied().unwrap_or_default())?;
        let value = T::of(text);
        if value.is_none() {
            problems.add(
                Kind::BadValue,
                &self.place,
                format!("{} is not {}", quoted(text), T::WHAT),
                suggest::hint(text, &words),
            );
        }
        value
    }

    /// True or false.
    pub(crate) fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        match &self.node.value {
            Value::Bool(value) => Some(*value),
            Value::Broken => None,
            Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Table(_) => {
                problems.wrong_type(&self.place, self.node, "true or false, without quotes");
                None
            }
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self, problems: &mut Problems) -> Vec<Field<'t>> {
        match &self.node.value {
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, node)| {
                    let path = format!("{}[{index}]", self.place.field);
                    Field::new(node, Place::new(&self.place.file, node.line, path))
                })
                .collect(),
            Value::Broken => Vec::new(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Table(_) => {
                problems.wrong_type(&self.place, self.node, "a list, also for a single item");
                Vec::new()
            }
        }
    }

    /// A table with any keys.
    pub(crate) fn open_table(&self, problems: &mut Problems) -> Option<Table<'t>> {
        match &self.node.value {
            Value::Table(entries) => {
                let mut table = Table::new(self.place.clone());
                for entry in entries {
                    let path = join(&self.place.field, &entry.key);
                    // The line of the key: a value may begin further down.
                    let place = Place::new(&self.place.file, entry.line, path);
                    table.insert(&entry.key, Field::new(&entry.value, place));
                }
                Some(table)
            }
            Value::Broken => None,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                problems.wrong_type(&self.place, self.node, "a table of names and values");
                None
            }
        }
    }

    /// A table that has these fields and no others.
    pub(crate) fn table(&self, problems: &mut Problems, known: &[&str]) -> Option<Table<'t>> {
        let table = self.open_table(problems)?;
        for (key, field) in &table.fields {
            if !known.contains(key) {
                problems.add(
                    Kind::UnknownField,
                    &field.place,
                    format!("there is no field {}", quoted(key)),
                    suggest::hint(key, known),
                );
            }
        }
        Some(table)
    }
}

/// Fields by name; of a name that is there twice, the first.
#[derive(Debug, Clone)]
pub(crate) struct Table<'t> {
    pub(crate) place: Place,
    fields: BTreeMap<&'t str, Field<'t>>,
}

impl<'t> Table<'t> {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            fields: BTreeMap::new(),
        }
    }

    pub(crate) fn insert(&mut self, key: &'t str, field: Field<'t>) {
        self.fields.entry(key).or_insert(field);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Field<'t>> {
        self.fields.get(name)
    }

    /// A field that must be there.
    pub(crate) fn required(
        &self,
        name: &str,
        problems: &mut Problems,
        hint: &str,
    ) -> Option<&Field<'t>> {
        let field = self.get(name);
        if field.is_none() {
            let place = Place {
                field: join(&self.place.field, name),
                ..self.place.clone()
            };
            problems.missing(&place, name, hint);
        }
        field
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'t str, &Field<'t>)> {
        self.fields.iter().map(|(key, field)| (*key, field))
    }
}

/// `a.b`, or `a["b c"]` where the key could be misread.
fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && key.len() <= 80
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-$".contains(c));
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{}]", quoted(key)),
    }
}
