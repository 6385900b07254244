//! YAML 1.2 and JSON to a tree, by the events of `saphyr-parser`.
//!
//! Aliases are refused: a file of a kilobyte could stand for a gigabyte with them.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::json::join_surrogates;
use super::node::{Entry, Node, Parsed, TreeError, Value, too_large};
use super::{MAX_DEPTH, MAX_VALUES, MAX_YAML_BYTES};
use crate::catalog::CatalogErrorKind as Kind;
use crate::catalog::error::quoted;

/// Reads a text. `first_line` is the line that its first line has in its file.
pub(crate) fn parse(text: &str, first_line: usize) -> Parsed {
    if let Some(refused) = too_large(text, MAX_YAML_BYTES) {
        return refused;
    }
    let parsed = build(text, first_line);
    if parsed.partial
        && let Some(joined) = join_surrogates(text)
    {
        return build(&joined, first_line);
    }
    parsed
}

fn build(text: &str, first_line: usize) -> Parsed {
    let offset = first_line.saturating_sub(1);
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let go_on = match event {
            Ok((event, span)) => builder.take(event, span.start.line() + offset),
            Err(error) => {
                builder.stop(TreeError::new(
                    Kind::Syntax,
                    error.marker().line() + offset,
                    format!("this is not YAML: {}", error.info()),
                    "",
                ));
                false
            }
        };
        if !go_on {
            break;
        }
    }
    builder.finish()
}

/// A list or a table that is not complete yet.
enum Open {
    List(usize, Vec<Node>),
    Table(usize, Vec<Entry>, Slot),
}

/// What a table waits for.
enum Slot {
    Key,
    ValueOf(String, usize),
    /// The value of a key that could not be read.
    Lost,
}

#[derive(Default)]
struct Builder {
    parsed: Parsed,
    open: Vec<Open>,
    values: usize,
}

impl Builder {
    /// Takes an event; false when reading must stop.
    fn take(&mut self, event: Event<'_>, line: usize) -> bool {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => true,
            Event::Alias(_) => {
                self.parsed.report(TreeError::new(
                    Kind::Syntax,
                    line,
                    "aliases are not read",
                    "write the value out where the alias is",
                ));
                self.put(Node::new(line, Value::Broken))
            }
            Event::Scalar(text, style, _, tag) => {
                // A key is its text, whatever else it might be: OpenAPI has `200:`.
                if let Some(Open::Table(_, _, slot @ Slot::Key)) = self.open.last_mut() {
                    *slot = Slot::ValueOf(text.into_owned(), line);
                    return true;
                }
                let value = self.scalar(&text, style, tag.as_deref(), line);
                self.put(Node::new(line, value))
            }
            Event::SequenceStart(_, tag) => {
                self.check_tag(tag.as_deref(), "seq", line);
                self.nest(Open::List(line, Vec::new()), line)
            }
            Event::MappingStart(_, tag) => {
                self.check_tag(tag.as_deref(), "map", line);
                self.nest(Open::Table(line, Vec::new(), Slot::Key), line)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
    }

    fn nest(&mut self, open: Open, line: usize) -> bool {
        self.open.push(open);
        if self.open.len() > MAX_DEPTH {
            self.stop(TreeError::new(
                Kind::Limit,
                line,
                format!("lists and tables are nested more than {MAX_DEPTH} deep"),
                "write it flatter",
            ));
            return false;
        }
        true
    }

    fn close(&mut self) -> bool {
        match self.open.pop() {
            Some(Open::List(line, items)) => self.put(Node::new(line, Value::List(items))),
            Some(Open::Table(line, entries, _)) => {
                self.report_twice(&entries);
                self.put(Node::new(line, Value::Table(entries)))
            }
            None => true,
        }
    }

    fn put(&mut self, node: Node) -> bool {
        self.values += 1;
        if self.values > MAX_VALUES {
            self.stop(TreeError::new(
                Kind::Limit,
                node.line,
                format!("the text holds more than {MAX_VALUES} values"),
                "split the file",
            ));
            return false;
        }
        match self.open.last_mut() {
            None => self.parsed.documents.push(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Table(_, entries, slot)) => match std::mem::replace(slot, Slot::Key) {
                Slot::ValueOf(key, line) => entries.push(Entry {
                    key,
                    line,
                    value: node,
                }),
                Slot::Lost => {}
                Slot::Key => {
                    *slot = Slot::Lost;
                    // An alias as a key has been reported already.
                    if node.value != Value::Broken {
                        self.parsed.report(TreeError::new(
                            Kind::Syntax,
                            node.line,
                            format!("{} can not be a key", node.value.describe()),
                            "write a text",
                        ));
                    }
                }
            },
        }
        true
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, line: usize) -> Value {
        if self.check_tag(tag, "str", line) || style != ScalarStyle::Plain {
            return Value::Text(text.to_owned());
        }
        resolve(text)
    }

    /// Whether there is the tag that belongs here; any other one is a mistake.
    fn check_tag(&mut self, tag: Option<&Tag>, allowed: &str, line: usize) -> bool {
        let Some(tag) = tag else { return false };
        let known = tag.is_yaml_core_schema() && tag.suffix == allowed;
        if !known {
            self.parsed.report(TreeError::new(
                Kind::Syntax,
                line,
                format!("the tag {} is not read", quoted(&tag.to_string())),
                "leave the tag out",
            ));
        }
        known
    }

    fn report_twice(&mut self, entries: &[Entry]) {
        let mut sorted: Vec<&Entry> = entries.iter().collect();
        // The sort is stable: of equal keys, the first in the file stays first.
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        for pair in sorted.windows(2) {
            if let [first, second] = pair
                && first.key == second.key
            {
                self.parsed.report(TreeError::new(
                    Kind::Duplicate,
                    second.line,
                    format!(
                        "{} is there twice, first on line {}",
                        quoted(&second.key),
                        first.line
                    ),
                    "leave one of them out",
                ));
            }
        }
    }

    fn stop(&mut self, error: TreeError) {
        self.parsed.partial = true;
        self.parsed.report(error);
    }

    /// What is still open when reading stopped is closed, so that what was read is looked at.
    fn finish(mut self) -> Parsed {
        while !self.open.is_empty() {
            self.close();
        }
        self.parsed
    }
}

/// What a plain scalar is, by the core schema of YAML 1.2.2, section 10.3.2.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    }
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().any(|b| b.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b))
        && unsigned.parse::<f64>().is_ok()
}
