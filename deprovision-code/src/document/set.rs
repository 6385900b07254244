//! Setting keys of a mapping: in the text, and in what the text says.

use crate::document::edits::Edits;
use crate::document::tree::{Kind, Node, Shape};

/// A value to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    True,
    /// Letters alone: plain in YAML.
    Word(&'static str),
    /// Always quoted: a plain date is a timestamp to YAML 1.1, an id may hold `:` or `#`.
    Quoted(String),
    /// A mapping on one line.
    Map(Vec<(&'static str, Literal)>),
    /// A text of which a part is replaced in the source.
    Spliced {
        at: usize,
        old: String,
        new: String,
        value: String,
    },
}

/// Keys to set in one mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetKeys {
    /// Which document, then which entry of each mapping on the way.
    pub(crate) path: Vec<usize>,
    /// In the order in which new ones are written.
    pub(crate) keys: Vec<(&'static str, Literal)>,
    /// Where it can not be done, nobody has to do it.
    pub(crate) optional: bool,
}

impl Literal {
    fn is_said_by(&self, node: &Node) -> bool {
        match (self, &node.kind) {
            (Self::True, Kind::Scalar { value, quoted }) => {
                !quoted && matches!(value.as_str(), "true" | "True" | "TRUE")
            }
            (Self::Word(word), Kind::Scalar { value, .. }) => value == word,
            (Self::Quoted(text), Kind::Scalar { value, .. }) => value == text,
            // What others say there is as good.
            (Self::Map(_), Kind::Mapping { .. } | Kind::Alias(_)) => true,
            (Self::Spliced { value: new, .. }, Kind::Scalar { value, .. }) => value == new,
            (
                Self::True | Self::Word(_) | Self::Quoted(_) | Self::Map(_) | Self::Spliced { .. },
                Kind::Scalar { .. } | Kind::Mapping { .. } | Kind::Sequence(_) | Kind::Alias(_),
            ) => false,
        }
    }

    /// What a new value of it is.
    fn shape(&self, json: bool) -> Shape {
        match self {
            Self::True => Shape::Scalar("true".to_owned(), false, None),
            Self::Word(word) => Shape::Scalar((*word).to_owned(), json, None),
            Self::Quoted(text) | Self::Spliced { value: text, .. } => {
                Shape::Scalar(text.clone(), true, None)
            }
            Self::Map(entries) => {
                let key = |key: &str| Shape::Scalar(key.to_owned(), json, None);
                let entries = entries.iter().map(|(k, v)| (key(k), v.shape(json)));
                Shape::Mapping(entries.collect(), 0, None)
            }
        }
    }

    fn written(&self, json: bool) -> String {
        match self {
            Self::True => "true".to_owned(),
            Self::Word(word) if !json => (*word).to_owned(),
            Self::Word(word) => format!("\"{word}\""),
            // Ids, dates and sentences of ours hold nothing that needs an escape.
            Self::Quoted(text) | Self::Spliced { value: text, .. } => format!("\"{text}\""),
            Self::Map(entries) => {
                let quote = if json { "\"" } else { "" };
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{quote}{key}{quote}: {}", value.written(json)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

/// What of the keys a mapping does not say yet.
pub(crate) fn unsaid(
    mapping: &Node,
    keys: Vec<(&'static str, Literal)>,
) -> Vec<(&'static str, Literal)> {
    keys.into_iter()
        .filter(|(key, value)| {
            mapping
                .find(key)
                .is_none_or(|(_, node)| !value.is_said_by(node))
        })
        .collect()
}

/// The node at a path, and the key that leads to it.
pub(crate) fn node_at<'a>(
    documents: &'a [Node],
    path: &[usize],
) -> Option<(Option<&'a Node>, &'a Node)> {
    let (first, rest) = path.split_first()?;
    let mut found = (None, documents.get(*first)?);
    for index in rest {
        let (key, value) = found.1.entries().get(*index)?;
        found = (Some(key), value);
    }
    Some(found)
}

/// Sets the keys in the text. Why not, when it can not be done safely.
pub(crate) fn set_in_text(
    source: &str,
    documents: &[Node],
    set: &SetKeys,
    json: bool,
    edits: &mut Edits,
) -> Result<(), &'static str> {
    let (parent, mapping) = node_at(documents, &set.path).ok_or("it is not there")?;
    let mut new = Vec::new();
    for (key, value) in &set.keys {
        match mapping.find(key) {
            Some((_, node)) => replace_value(source, node, value, json, edits)?,
            None => new.push((*key, value.written(json))),
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    match &mapping.kind {
        Kind::Mapping { flow: true, .. } => insert_in_flow(source, mapping, &new, json, edits),
        Kind::Mapping { flow: false, .. } => {
            let parent = parent.ok_or("a whole document can not be given keys")?;
            insert_in_block(source, parent, mapping, &new, edits)
        }
        Kind::Scalar { .. } | Kind::Sequence(_) | Kind::Alias(_) => Err("it is not a mapping"),
    }
}

fn replace_value(
    source: &str,
    node: &Node,
    value: &Literal,
    json: bool,
    edits: &mut Edits,
) -> Result<(), &'static str> {
    if let Literal::Spliced { at, old, new, .. } = value {
        edits.replace(*at, old, new);
        return Ok(());
    }
    let Kind::Scalar { value: old, quoted } = &node.kind else {
        return Err("a value stands there that is more than a word");
    };
    const UNSAFE: &str = "a value stands there that can not be replaced safely";
    let text = source.get(node.start..node.end).unwrap_or_default();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    // Nothing but the value may go: no comment, no second line.
    let alone = match (quoted, quote) {
        (true, Some(quote)) => text.len() >= 2 && text.ends_with(quote) && !text.contains('#'),
        (true, None) => false,
        (false, _) => old == text,
    };
    if node.anchor != 0 || node.tag.is_some() || text.is_empty() || text.contains('\n') || !alone {
        return Err(UNSAFE);
    }
    let new = match (quote, value) {
        // A word keeps its quotes.
        (Some(quote), Literal::Word(word)) => format!("{quote}{word}{quote}"),
        (_, _) => value.written(json),
    };
    edits.replace(node.start, text, new);
    Ok(())
}

/// `{a: 1}` becomes `{new: true, a: 1}`, with the white space of its first entry.
fn insert_in_flow(
    source: &str,
    mapping: &Node,
    new: &[(&str, String)],
    json: bool,
    edits: &mut Edits,
) -> Result<(), &'static str> {
    let brace = source
        .get(mapping.start..mapping.end)
        .and_then(|text| text.find('{'))
        .ok_or("its brace is not found")?;
    let inside = mapping.start + brace + 1;
    let quote = if json { "\"" } else { "" };
    let Some((key, value)) = mapping.entries().first() else {
        let entries: Vec<String> = new
            .iter()
            .map(|(name, value)| format!("{quote}{name}{quote}: {value}"))
            .collect();
        edits.insert(inside, entries.join(", "));
        return Ok(());
    };
    let is_space = |text: &&str| text.chars().all(char::is_whitespace);
    let space = source
        .get(inside..key.start)
        .filter(is_space)
        .ok_or("a comment stands before its first key")?;
    let colon = source
        .get(key.end..value.start)
        .filter(|text| json && text.trim() == ":" && !text.contains('\n'))
        .unwrap_or(": ");
    let mut text = String::new();
    for (index, (name, value)) in new.iter().enumerate() {
        let before = match index {
            0 => space,
            _ if space.is_empty() && colon != ":" => " ",
            _ => space,
        };
        text.push_str(&format!("{before}{quote}{name}{quote}{colon}{value},"));
    }
    if space.is_empty() && colon != ":" {
        text.push(' ');
    }
    edits.insert(inside, text);
    Ok(())
}

/// New lines directly below the line of the key that leads to the mapping.
fn insert_in_block(
    source: &str,
    parent: &Node,
    mapping: &Node,
    new: &[(&str, String)],
    edits: &mut Edits,
) -> Result<(), &'static str> {
    let (first, _) = mapping.entries().first().ok_or("it is empty")?;
    let rest = source.get(parent.end..).unwrap_or_default();
    let line_end = parent.end + rest.find('\n').ok_or("it is not on lines of its own")? + 1;
    let line_start = source
        .get(..first.start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let indent = source.get(line_start..first.start).unwrap_or_default();
    if line_start < line_end || !indent.chars().all(|c| c == ' ') {
        return Err("its first key is not on a line of its own");
    }
    let ending = if source[..line_end].ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let lines: String = new
        .iter()
        .map(|(key, value)| format!("{indent}{key}: {value}{ending}"))
        .collect();
    edits.insert(line_end, lines);
    Ok(())
}

/// Sets the keys in what the documents say, without a look at the text.
pub(crate) fn set_in_shape(documents: &mut [Shape], set: &SetKeys, json: bool) -> Option<()> {
    let (first, rest) = set.path.split_first()?;
    let mut shape = documents.get_mut(*first)?;
    for index in rest {
        let Shape::Mapping(entries, ..) = shape else {
            return None;
        };
        shape = &mut entries.get_mut(*index)?.1;
    }
    let Shape::Mapping(entries, ..) = shape else {
        return None;
    };
    let mut new = Vec::new();
    for (key, value) in &set.keys {
        let old = entries
            .iter_mut()
            .find(|(name, _)| matches!(name, Shape::Scalar(name, ..) if name == key));
        match old {
            Some((_, scalar @ Shape::Scalar(..))) => match (value, scalar) {
                // It keeps its style.
                (Literal::Word(word), Shape::Scalar(text, ..)) => (*word).clone_into(text),
                (Literal::Spliced { value, .. }, Shape::Scalar(text, ..)) => {
                    value.clone_into(text);
                }
                (_, scalar) => *scalar = value.shape(json),
            },
            Some(_) => return None,
            None => new.push((
                Shape::Scalar((*key).to_owned(), json, None),
                value.shape(json),
            )),
        }
    }
    entries.splice(0..0, new);
    Some(())
}
