//! The tree itself.

use crate::catalog::CatalogErrorKind;

/// A value and the line it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

impl Node {
    pub(crate) fn new(line: usize, value: Value) -> Self {
        Self { line, value }
    }

    /// The value of a key of a table; the first one when the key is there twice.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries
                .iter()
                .find(|entry| entry.key == key)
                .map(|entry| &entry.value),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Broken => None,
        }
    }
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// What could not be read and has been reported already.
    Broken,
}

impl Value {
    /// What it is, for a sentence.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Broken => "something that can not be read",
        }
    }
}

/// A key of a table with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) value: Node,
}

/// A mistake in the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeError {
    pub(crate) kind: CatalogErrorKind,
    pub(crate) line: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl TreeError {
    pub(crate) fn new(
        kind: CatalogErrorKind,
        line: usize,
        message: impl Into<String>,
        hint: &str,
    ) -> Self {
        Self {
            kind,
            line,
            message: message.into(),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        }
    }
}

/// What could be read of a text.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) documents: Vec<Node>,
    pub(crate) errors: Vec<TreeError>,
    /// Some of the text could not be read: what is absent here may be present there.
    pub(crate) partial: bool,
}

impl Parsed {
    /// How many mistakes in a text are kept; a hostile one could hold millions.
    const MAX_ERRORS: usize = 200;

    pub(crate) fn refuse(error: TreeError) -> Self {
        Self {
            documents: Vec::new(),
            errors: vec![error],
            partial: true,
        }
    }

    pub(crate) fn report(&mut self, error: TreeError) {
        if self.errors.len() < Self::MAX_ERRORS {
            self.errors.push(error);
        } else {
            self.partial = true;
        }
    }
}

/// The size of a text against its budget, looked at before anything is parsed.
pub(crate) fn too_large(text: &str, limit: usize) -> Option<Parsed> {
    (text.len() > limit).then(|| {
        Parsed::refuse(TreeError::new(
            CatalogErrorKind::Limit,
            1,
            format!(
                "the text has {} bytes, and at most {limit} are read",
                text.len()
            ),
            "split the file",
        ))
    })
}
