//! YAML with places, from the events of `saphyr-parser`.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::document::tree::{DEEPEST, Kind, Node};

/// A node whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    tag: Option<String>,
    children: Vec<Node>,
    /// A mapping, and written in braces.
    mapping: Option<bool>,
}

/// The documents of a YAML stream.
pub(crate) fn parse(source: &str) -> Result<Vec<Node>, String> {
    // The parser counts characters; an edit needs bytes.
    let mut offsets: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
    offsets.push(source.len());
    let byte = |index: usize| offsets.get(index).copied().unwrap_or(source.len());
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut parser = Parser::new_from_str(source);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = error.marker();
            format!("line {}: {}", at.line(), error.info())
        })?;
        let (start, end) = (byte(span.start.index()), byte(span.end.index()));
        let node = match event {
            Event::Scalar(value, style, anchor, tag) => Node {
                start: scalar_start(source, start, style),
                end: scalar_end(source, start, end, style),
                anchor,
                tag: tag_name(tag),
                kind: Kind::Scalar {
                    value: value.into_owned(),
                    quoted: style != ScalarStyle::Plain,
                },
            },
            Event::Alias(anchor) => Node {
                start,
                end,
                anchor: 0,
                tag: None,
                kind: Kind::Alias(anchor),
            },
            Event::SequenceStart(anchor, tag) => {
                push(&mut open, start, anchor, tag, None)?;
                continue;
            }
            Event::MappingStart(anchor, tag) => {
                let flow = source[start..end].trim_end().ends_with('{');
                push(&mut open, start, anchor, tag, Some(flow))?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(done) = open.pop() else {
                    return Err("a collection ends that has not begun".to_owned());
                };
                close(done, end)?
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => documents.push(node),
        }
    }
    Ok(documents)
}

fn push(
    open: &mut Vec<Open>,
    start: usize,
    anchor: usize,
    tag: Option<Cow<'_, Tag>>,
    mapping: Option<bool>,
) -> Result<(), String> {
    if open.len() >= DEEPEST {
        return Err(format!("it is nested more than {DEEPEST} levels deep"));
    }
    open.push(Open {
        start,
        anchor,
        tag: tag_name(tag),
        children: Vec::new(),
        mapping,
    });
    Ok(())
}

fn close(done: Open, end: usize) -> Result<Node, String> {
    let kind = match done.mapping {
        None => Kind::Sequence(done.children),
        Some(flow) => {
            let mut entries = Vec::with_capacity(done.children.len() / 2);
            let mut children = done.children.into_iter();
            while let Some(key) = children.next() {
                let Some(value) = children.next() else {
                    return Err("a key has no value".to_owned());
                };
                entries.push((key, value));
            }
            Kind::Mapping { entries, flow }
        }
    };
    Ok(Node {
        start: done.start,
        end,
        anchor: done.anchor,
        tag: done.tag,
        kind,
    })
}

/// The parser lets a block scalar begin with its text; here it begins with `|` or `>`.
fn scalar_start(source: &str, start: usize, style: ScalarStyle) -> usize {
    let sign = match style {
        ScalarStyle::Literal => '|',
        ScalarStyle::Folded => '>',
        ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => return start,
    };
    let mut end = start;
    while let Some(line_end) = source[..end].trim_end_matches(' ').strip_suffix('\n') {
        let begin = line_end.rfind('\n').map_or(0, |at| at + 1);
        let line = &line_end[begin..];
        if line.trim().is_empty() {
            end = begin;
            continue;
        }
        let header = line.split(" #").next().unwrap_or(line).trim_end();
        let header =
            header.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        return match header.ends_with(sign) {
            true => begin + header.len() - 1,
            false => start,
        };
    }
    start
}

/// The parser takes a comment behind a quoted scalar for a part of it.
fn scalar_end(source: &str, start: usize, end: usize, style: ScalarStyle) -> usize {
    let text = &source[start..end];
    let mut chars = text.char_indices().skip(1).peekable();
    match style {
        ScalarStyle::SingleQuoted => {
            while let Some((at, c)) = chars.next() {
                // Two quotes stand for one.
                if c == '\'' && chars.next_if(|(_, next)| *next == '\'').is_none() {
                    return start + at + 1;
                }
            }
            end
        }
        ScalarStyle::DoubleQuoted => {
            while let Some((at, c)) = chars.next() {
                match c {
                    '\\' => {
                        chars.next();
                    }
                    '"' => return start + at + 1,
                    _ => {}
                }
            }
            end
        }
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => end,
    }
}

fn tag_name(tag: Option<Cow<'_, Tag>>) -> Option<String> {
    tag.map(|tag| tag.to_string())
}
