//! TOML 1.0 to a tree, by the spanned tables of `toml`.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{Entry, Node, Parsed, TreeError, Value, too_large};
use super::{MAX_DEPTH, MAX_TOML_BYTES, MAX_VALUES};
use crate::catalog::CatalogErrorKind as Kind;

/// Up to which size all syntax errors of a text are collected, in bytes. The parser
/// keeps some 600 bytes for each, and every second byte can be one.
const MAX_RECOVERED_BYTES: usize = 128 << 10;

/// Reads a text.
pub(crate) fn parse(text: &str) -> Parsed {
    if let Some(refused) = too_large(text, MAX_TOML_BYTES) {
        return refused;
    }
    let lines = Lines::of(text);
    let (table, errors) = match DeTable::parse(text) {
        Ok(table) => (table, Vec::new()),
        Err(first) if text.len() > MAX_RECOVERED_BYTES => {
            return Parsed::refuse(TreeError::new(
                Kind::Syntax,
                first.span().map_or(1, |span| lines.at(span.start)),
                format!("this is not TOML: {}", first.message()),
                "in a text as large as this, only the first mistake of this kind is shown",
            ));
        }
        Err(_) => DeTable::parse_recoverable(text),
    };
    let mut parsed = Parsed::default();
    let mut broken = BTreeSet::new();
    for error in errors {
        let line = error.span().map_or(1, |span| lines.at(span.start));
        if error.message() == "duplicate key" {
            let key = error
                .span()
                .and_then(|span| text.get(span))
                .unwrap_or("a key");
            parsed.report(TreeError::new(
                Kind::Duplicate,
                line,
                format!("{} is there twice", crate::catalog::error::quoted(key)),
                "leave one of them out",
            ));
        } else {
            parsed.partial = true;
            broken.insert(line);
            parsed.report(TreeError::new(
                Kind::Syntax,
                line,
                format!("this is not TOML: {}", error.message()),
                "",
            ));
        }
    }
    let mut converter = Converter {
        lines: &lines,
        broken,
        values: 0,
        parsed,
    };
    let root = converter.table(table.get_ref(), 1, 0);
    converter.parsed.documents.push(Node::new(1, root));
    converter.parsed
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        Self(newlines.map(|(at, _)| at).collect())
    }

    fn at(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|newline| *newline < offset)
    }
}

struct Converter<'l> {
    lines: &'l Lines,
    /// Lines with a syntax error: what the parser made up for them is not the author's.
    broken: BTreeSet<usize>,
    values: usize,
    parsed: Parsed,
}

impl Converter<'_> {
    /// Recursion is bounded: the parser nests no deeper than 80 a key and 80 a value,
    /// and this stops at [`MAX_DEPTH`].
    fn table(&mut self, table: &DeTable<'_>, line: usize, depth: usize) -> Value {
        if self.too_deep(line, depth) {
            return Value::Broken;
        }
        let mut entries = Vec::new();
        for (key, value) in table {
            let line = self.lines.at(key.span().start);
            let value = self.node(value, line, depth);
            entries.push(Entry {
                key: key.get_ref().to_string(),
                line,
                value,
            });
        }
        Value::Table(entries)
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>, key_line: usize, depth: usize) -> Node {
        self.values += 1;
        if self.values == MAX_VALUES {
            self.parsed.partial = true;
            self.parsed.report(TreeError::new(
                Kind::Limit,
                key_line,
                format!("the text holds more than {MAX_VALUES} values"),
                "split the file",
            ));
        }
        if self.values >= MAX_VALUES {
            return Node::new(key_line, Value::Broken);
        }
        let line = self.lines.at(value.span().start);
        let value = match value.get_ref() {
            _ if self.broken.contains(&line) => Value::Broken,
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => Value::Number(number.to_string()),
            DeValue::Float(number) => Value::Number(number.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            // The reader of times wants a text, and TOML's own form is RFC 3339.
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Array(_) if self.too_deep(line, depth) => Value::Broken,
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.node(item, line, depth + 1))
                    .collect(),
            ),
            DeValue::Table(table) => self.table(table, line, depth + 1),
        };
        Node::new(line, value)
    }

    fn too_deep(&mut self, line: usize, depth: usize) -> bool {
        let deep = depth >= MAX_DEPTH;
        if deep {
            self.parsed.partial = true;
            self.parsed.report(TreeError::new(
                Kind::Limit,
                line,
                format!("lists and tables are nested more than {MAX_DEPTH} deep"),
                "write it flatter",
            ));
        }
        deep
    }
}
