//! A tree as TOML: lists of tables at the top as `[[name]]`, everything below on
//! one line each.

use std::fmt::Write;

use crate::catalog::error::is_deceptive;
use crate::catalog::tree::{Node, Value};

pub(super) fn write(root: &Node) -> String {
    let mut out = String::new();
    let mut tables = String::new();
    let Value::Table(entries) = &root.value else {
        return out;
    };
    for entry in entries {
        match &entry.value.value {
            Value::List(items) if !items.is_empty() => {
                for item in items {
                    tables.push_str("\n[[");
                    key(&mut tables, &entry.key);
                    tables.push_str("]]\n");
                    fields(&mut tables, item);
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Broken => field(&mut out, &entry.key, &entry.value),
        }
    }
    out + &tables
}

fn fields(out: &mut String, node: &Node) {
    if let Value::Table(entries) = &node.value {
        for entry in entries {
            field(out, &entry.key, &entry.value);
        }
    }
}

fn field(out: &mut String, name: &str, node: &Node) {
    key(out, name);
    out.push_str(" = ");
    match &node.value {
        // A list of tables is read more easily with a line for each.
        Value::List(items) if items.iter().any(|i| matches!(i.value, Value::Table(_))) => {
            out.push_str("[\n");
            for item in items {
                out.push_str("  ");
                value(out, item);
                out.push_str(",\n");
            }
            out.push(']');
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Broken => value(out, node),
    }
    out.push('\n');
}

fn value(out: &mut String, node: &Node) {
    match &node.value {
        // TOML has no null; a tree that is written holds none.
        Value::Null | Value::Broken => out.push_str("\"\""),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number),
        Value::Text(text) => string(out, text),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                value(out, item);
            }
            out.push(']');
        }
        Value::Table(entries) => {
            out.push_str("{ ");
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                key(out, &entry.key);
                out.push_str(" = ");
                value(out, &entry.value);
            }
            out.push_str(" }");
        }
    }
}

fn key(out: &mut String, name: &str) {
    let bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare {
        out.push_str(name);
    } else {
        string(out, name);
    }
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || is_deceptive(c) => {
                // Writing to a text does not fail; all of these are below U+10000.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
