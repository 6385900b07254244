//! A tree as YAML, in block style.

use std::fmt::Write;

use crate::catalog::error::is_deceptive;
use crate::catalog::tree::{Entry, Node, Value};

/// Writes a document, with a line break at its end.
pub(crate) fn write(node: &Node) -> String {
    let mut out = String::new();
    match &node.value {
        Value::Table(entries) if !entries.is_empty() => table(&mut out, entries, 0, false),
        Value::List(items) if !items.is_empty() => list(&mut out, items, 0),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Broken => {
            inline(&mut out, node, 0);
            out.push('\n');
        }
    }
    out
}

fn margin(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// `begun` says that the first line has its margin already.
fn table(out: &mut String, entries: &[Entry], indent: usize, begun: bool) {
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 || !begun {
            margin(out, indent);
        }
        scalar(out, &entry.key);
        out.push(':');
        match &entry.value.value {
            Value::Table(entries) if !entries.is_empty() => {
                out.push('\n');
                table(out, entries, indent + 2, false);
            }
            Value::List(items) if !items.is_empty() => {
                out.push('\n');
                list(out, items, indent + 2);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Broken => {
                out.push(' ');
                inline(out, &entry.value, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn list(out: &mut String, items: &[Node], indent: usize) {
    for item in items {
        margin(out, indent);
        out.push_str("- ");
        match &item.value {
            Value::Table(entries) if !entries.is_empty() => table(out, entries, indent + 2, true),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Broken => {
                inline(out, item, indent + 2);
                out.push('\n');
            }
        }
    }
}

/// A value on the rest of a line; a text of several lines continues at the margin.
fn inline(out: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::Null | Value::Broken => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number),
        Value::Text(text) if is_block(text) => block(out, text, indent),
        Value::Text(text) => scalar(out, text),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                inline(out, item, indent);
            }
            out.push(']');
        }
        Value::Table(_) => out.push_str("{}"),
    }
}

/// Whether a text can be written as a literal block: lines that end in one line
/// break, and nothing that would be changed by it.
fn is_block(text: &str) -> bool {
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(|c| c == '\n' || is_shown(c))
}

fn block(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    for line in text.lines() {
        out.push('\n');
        if !line.is_empty() {
            margin(out, indent);
            out.push_str(line);
        }
    }
}

fn is_shown(c: char) -> bool {
    !c.is_control() && !is_deceptive(c) && c != '\u{fffe}' && c != '\u{ffff}'
}

/// A text that no reader of YAML 1.1 or 1.2 takes for anything else.
fn scalar(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_shown(c) => out.push(c),
            c => {
                let number = u32::from(c);
                // Writing to a text does not fail.
                let _ = match number {
                    0..=0xff => write!(out, "\\x{number:02x}"),
                    0x100..=0xffff => write!(out, "\\u{number:04x}"),
                    _ => write!(out, "\\U{number:08x}"),
                };
            }
        }
    }
    out.push('"');
}

/// Whether a text needs no quotes: it begins with a letter or a slash, holds no
/// character that YAML gives a meaning, and is no word that YAML 1.1 knows.
fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
    ];
    let inner = |c: char| c.is_ascii_alphanumeric() || "/_.-@+{}:$".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && !text.ends_with(':')
        && text.len() <= 512
        && text
            .split(' ')
            .all(|word| word.chars().all(inner) && !word.is_empty() && !word.ends_with(':'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}
