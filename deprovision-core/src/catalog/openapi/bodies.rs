//! What the bodies of requests and responses carry.

use std::collections::HashSet;

use super::pointer::{Pointers, address};
use crate::catalog::Vocabulary;
use crate::catalog::tree::{Entry, Node, Value};
use crate::catalog::vocabulary::word;

/// Collects the names of fields, operation by operation.
///
/// Each node of the document is looked at once, from a list instead of by recursion:
/// schemas may refer to each other in circles, and to one schema a thousand times.
/// What is not as OpenAPI has it is passed over: the routes do not depend on it.
pub(super) struct Bodies {
    seen: HashSet<usize>,
    words: HashSet<u64>,
}

/// A node to look at, and as what.
enum Job<'t> {
    /// A request body or a response.
    Body(&'t Node),
    /// A schema with the name that it has, or that of the field that holds it.
    Schema(&'t Node, &'t str),
}

impl Bodies {
    pub(super) fn new() -> Self {
        Self {
            seen: HashSet::new(),
            words: HashSet::new(),
        }
    }

    pub(super) fn vocabulary(self) -> Vocabulary {
        Vocabulary::of_words(self.words)
    }

    /// Takes in what an operation receives and answers.
    pub(super) fn operation<'t>(&mut self, operation: &'t Node, pointers: &mut Pointers<'t>) {
        let mut jobs: Vec<Job<'t>> = Vec::new();
        jobs.extend(operation.get("requestBody").map(Job::Body));
        jobs.extend(values(operation.get("responses")).map(Job::Body));
        while let Some(job) = jobs.pop() {
            let (Job::Body(node) | Job::Schema(node, _)) = job;
            if !self.seen.insert(address(node)) {
                continue;
            }
            if let Some(Value::Text(text)) = node.get("$ref").map(|node| &node.value)
                && let Some((target, name)) = refer(text, pointers)
            {
                jobs.push(match job {
                    Job::Body(_) => Job::Body(target),
                    Job::Schema(..) => Job::Schema(target, name),
                });
            }
            match job {
                Job::Body(body) => {
                    let media = values(body.get("content"));
                    let schemas = media.filter_map(|media| media.get("schema"));
                    jobs.extend(schemas.map(|schema| Job::Schema(schema, "")));
                }
                Job::Schema(schema, name) => self.schema(schema, name, &mut jobs),
            }
        }
    }

    fn schema<'t>(&mut self, schema: &'t Node, name: &'t str, jobs: &mut Vec<Job<'t>>) {
        for entry in entries(schema.get("properties")) {
            self.words.insert(word(name, &entry.key));
            jobs.push(Job::Schema(&entry.value, &entry.key));
        }
        for key in ["items", "additionalProperties"] {
            jobs.extend(schema.get(key).map(|node| Job::Schema(node, name)));
        }
        for key in ["allOf", "anyOf", "oneOf", "prefixItems"] {
            if let Some(Value::List(parts)) = schema.get(key).map(|node| &node.value) {
                jobs.extend(parts.iter().map(|part| Job::Schema(part, name)));
            }
        }
    }
}

/// The target of a reference within the file, and the name that it has there.
fn refer<'t>(text: &'t str, pointers: &mut Pointers<'t>) -> Option<(&'t Node, &'t str)> {
    let pointer = text.strip_prefix("#/")?;
    let name = pointer.rsplit('/').next().unwrap_or(pointer);
    Some((pointers.find(pointer)?, name))
}

fn entries(table: Option<&Node>) -> impl Iterator<Item = &Entry> {
    let entries = match table.map(|node| &node.value) {
        Some(Value::Table(entries)) => entries.as_slice(),
        Some(
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Broken,
        )
        | None => &[],
    };
    entries.iter()
}

fn values(table: Option<&Node>) -> impl Iterator<Item = &Node> {
    entries(table).map(|entry| &entry.value)
}
