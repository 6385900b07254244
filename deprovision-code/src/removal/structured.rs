//! Entries taken out of YAML and JSON, each cut checked against what the text says.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::document::tree::{Kind, Node, Shape};
use crate::document::{json, yaml};

/// A text without some of its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) text: String,
    /// How many lines it lost.
    pub(crate) lines: usize,
}

/// Deletes the settings with these keys from a YAML stream: entries of block
/// mappings, and items of block sequences that are `KEY=value` or have the name `KEY`.
/// Nothing when there is none, or none can be cut surely.
pub(crate) fn cut_yaml(source: &str, keys: &BTreeSet<String>) -> Option<Cut> {
    let documents = yaml::parse(source).ok()?;
    let mut cuts = Vec::new();
    let expected: Vec<Shape> = documents
        .iter()
        .map(|document| prune_yaml(source, document, keys, &mut cuts))
        .collect();
    let cut = apply(source, cuts)?;
    let said = yaml::parse(&cut.text).ok()?;
    (said.iter().map(Node::shape).collect::<Vec<_>>() == expected).then_some(cut)
}

/// Deletes entries of JSON objects: those that `goes` names by the way to the object
/// and the key.
pub(crate) fn cut_json(source: &str, goes: impl Fn(&[&str], &str) -> bool) -> Option<Cut> {
    let document = json::parse(source).ok()?;
    let mut cuts = Vec::new();
    let expected = prune_json(&document, &mut Vec::new(), &goes, &mut cuts);
    let cut = apply(source, cuts)?;
    (json::parse(&cut.text).ok()?.shape() == expected).then_some(cut)
}

fn apply(source: &str, mut cuts: Vec<Range<usize>>) -> Option<Cut> {
    cuts.sort_by_key(|cut| cut.start);
    let mut text = String::with_capacity(source.len());
    let mut done = 0;
    for cut in &cuts {
        text.push_str(source.get(done..cut.start)?);
        done = cut.end;
    }
    text.push_str(source.get(done..)?);
    let lines = source.lines().count().saturating_sub(text.lines().count());
    (!cuts.is_empty()).then_some(Cut { text, lines })
}

fn prune_yaml(
    source: &str,
    node: &Node,
    keys: &BTreeSet<String>,
    cuts: &mut Vec<Range<usize>>,
) -> Shape {
    let has = |text: Option<&str>| text.is_some_and(|text| keys.contains(text));
    match &node.kind {
        Kind::Scalar { .. } | Kind::Alias(_) => node.shape(),
        Kind::Mapping { entries, flow } => {
            let range = |key: &Node, value: &Node| {
                (has(key.scalar()) && !flow && key.anchor == 0 && key.tag.is_none())
                    .then(|| whole_lines(source, key.start, &[key, value], ""))
                    .flatten()
            };
            let ranges: Vec<_> = entries.iter().map(|(k, v)| range(k, v)).collect();
            // Without its last entry, it would be another thing.
            let some_stay = ranges.iter().any(Option::is_none);
            let mut left = Vec::new();
            for ((key, value), range) in entries.iter().zip(ranges) {
                match range {
                    Some(range) if some_stay => cuts.push(range),
                    Some(_) => left.push((key.shape(), value.shape())),
                    None => left.push((key.shape(), prune_yaml(source, value, keys, cuts))),
                }
            }
            Shape::Mapping(left, node.anchor, node.tag.clone())
        }
        Kind::Sequence(items) => {
            let range = |item: &Node| {
                let variable = item
                    .scalar()
                    .map(|text| text.split_once('=').map_or(text, |(key, _)| key));
                let name = item.find("name").and_then(|(_, name)| name.scalar());
                (has(variable) || (has(name) && item.is_mapping()))
                    .then(|| whole_lines(source, item.start, &[item], "-"))
                    .flatten()
            };
            let ranges: Vec<_> = items.iter().map(range).collect();
            let some_stay = ranges.iter().any(Option::is_none);
            let mut left = Vec::new();
            for (item, range) in items.iter().zip(ranges) {
                match range {
                    Some(range) if some_stay => cuts.push(range),
                    Some(_) => left.push(item.shape()),
                    None => left.push(prune_yaml(source, item, keys, cuts)),
                }
            }
            Shape::Sequence(left, node.anchor, node.tag.clone())
        }
    }
}

/// The whole lines that hold nothing but these nodes, after the given mark.
fn whole_lines(source: &str, at: usize, nodes: &[&Node], mark: &str) -> Option<Range<usize>> {
    let start = source.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    if source.get(start..at)?.trim() != mark {
        return None;
    }
    let mut last = at;
    for node in nodes {
        last = last.max(last_byte(source, node, last)?);
    }
    let rest = source.get(last..)?;
    let end = rest.find('\n').map_or(source.len(), |end| last + end + 1);
    let after = source.get(last..end)?;
    let nothing = after.trim().is_empty()
        || (after.starts_with([' ', '\t']) && after.trim_start().starts_with('#'));
    // The last line of a file without its end: the line before it keeps its own.
    nothing.then_some(start..end)
}

/// The byte after the last of a node whose scalars all stand on single lines, and
/// that nothing refers to.
fn last_byte(source: &str, node: &Node, from: usize) -> Option<usize> {
    if node.anchor != 0 || node.tag.is_some() {
        return None;
    }
    match &node.kind {
        Kind::Scalar { .. } => {
            let text = source.get(node.start..node.end)?;
            match (text.is_empty(), text.contains('\n')) {
                // Nothing stands there: its place is that of what comes next.
                (true, _) => source.get(from..)?.starts_with(':').then_some(from + 1),
                (false, true) => None,
                (false, false) => Some(node.end),
            }
        }
        Kind::Alias(_) => None,
        Kind::Sequence(items) => {
            let open = source.get(node.start..)?.starts_with('[');
            let mut last = from;
            for item in items.iter().filter(|_| !open) {
                last = last_byte(source, item, last)?;
            }
            (!open && !items.is_empty()).then_some(last)
        }
        Kind::Mapping { entries, flow } => {
            let mut last = from;
            for (key, value) in entries.iter().filter(|_| !flow) {
                last = last_byte(source, key, last)?;
                last = last_byte(source, value, last)?;
            }
            (!flow && !entries.is_empty()).then_some(last)
        }
    }
}

fn prune_json<'a>(
    node: &'a Node,
    way: &mut Vec<&'a str>,
    goes: &impl Fn(&[&str], &str) -> bool,
    cuts: &mut Vec<Range<usize>>,
) -> Shape {
    match &node.kind {
        Kind::Scalar { .. } | Kind::Alias(_) => node.shape(),
        Kind::Sequence(items) => {
            let items = items.iter().map(|item| prune_json(item, way, goes, cuts));
            Shape::Sequence(items.collect(), node.anchor, node.tag.clone())
        }
        Kind::Mapping { entries, .. } => {
            let mut left = Vec::new();
            let mut kept: Option<&Node> = None;
            let mut open: Option<usize> = None;
            for (key, value) in entries {
                let name = key.scalar().unwrap_or_default();
                if goes(way, name) {
                    // With the comma and the space that stand before it, or after it
                    // when nothing stays before it.
                    open.get_or_insert(kept.map_or(key.start, |kept| kept.end));
                    continue;
                }
                if let Some(from) = open.take() {
                    match kept {
                        Some(before) => cuts.push(from..gap_end(before, key, entries)),
                        None => cuts.push(from..key.start),
                    }
                }
                way.push(name);
                left.push((key.shape(), prune_json(value, way, goes, cuts)));
                way.pop();
                kept = Some(value);
            }
            if let (Some(from), Some((_, last))) = (open, entries.last()) {
                cuts.push(from..last.end);
            }
            Shape::Mapping(left, node.anchor, node.tag.clone())
        }
    }
}

/// Where the entry before a key ends: what follows, the comma and the space, stays.
fn gap_end(_kept: &Node, key: &Node, entries: &[(Node, Node)]) -> usize {
    entries
        .iter()
        .take_while(|(other, _)| other.start < key.start)
        .last()
        .map_or(key.start, |(_, value)| value.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> BTreeSet<String> {
        BTreeSet::from(["OLD_URL".to_owned(), "OLD_KEY".to_owned()])
    }

    fn yaml_without(source: &str) -> Option<String> {
        cut_yaml(source, &keys()).map(|cut| cut.text)
    }

    fn json_without(source: &str) -> Option<String> {
        cut_json(source, |_, key| keys().contains(key)).map(|cut| cut.text)
    }

    #[test]
    fn a_setting_goes_with_its_line_and_nothing_else() {
        for (source, expected) in [
            (
                "env:\n  A: 1 # a\n  OLD_URL: x # gone\n  B: 2\n",
                "env:\n  A: 1 # a\n  B: 2\n",
            ),
            ("A: 1\r\nOLD_URL: 'x'\r\n# b\r\nB: 2", "A: 1\r\n# b\r\nB: 2"),
            ("OLD_URL:\nA: 1\n", "A: 1\n"),
            (
                "e:\n  - A=1\n  - OLD_URL=x\n  - \"OLD_KEY\"\n",
                "e:\n  - A=1\n",
            ),
            (
                "e:\n- name: A\n- name: OLD_KEY\n  valueFrom:\n    secretKeyRef:\n      key: k\n- name: B\n",
                "e:\n- name: A\n- name: B\n",
            ),
            (
                "a:\n  OLD_URL: x\n  b:\n    c: d\ne:\n  f: g\n",
                "a:\n  b:\n    c: d\ne:\n  f: g\n",
            ),
        ] {
            assert_eq!(yaml_without(source).as_deref(), Some(expected), "{source}");
        }
    }

    #[test]
    fn what_can_not_be_cut_surely_stays() {
        for source in [
            "e:\n  OLD_URL: x\n",
            "{A: 1, OLD_URL: 2}\n",
            "A: 1\nOLD_URL: |\n  x\n",
            "A: 1\nOLD_URL: &u x\nB: *u\n",
            "- OLD_URL: 1\n  A: 2\n",
            "e:\n  - OLD_URL\n",
            "A: [\n",
            "A: 1\n",
        ] {
            assert_eq!(yaml_without(source), None, "{source}");
        }
    }

    #[test]
    fn an_entry_of_an_object_goes_with_one_comma() {
        for (source, expected) in [
            ("{\n  \"OLD_URL\": 1,\n  \"a\": 2\n}", "{\n  \"a\": 2\n}"),
            (
                "{\n  \"a\": 2,\n  \"OLD_URL\": [1, 2]\n}\n",
                "{\n  \"a\": 2\n}\n",
            ),
            ("{\"a\":1,\"OLD_URL\":2,\"b\":3}", "{\"a\":1,\"b\":3}"),
            ("{\"OLD_URL\":1,\"OLD_KEY\":2}", "{}"),
            (
                "{\"OLD_URL\":1,\"a\":{\"OLD_KEY\":2 ,\n\"b\":3},\"OLD_KEY\":1}",
                "{\"a\":{\"b\":3}}",
            ),
            (
                "{\"a\":1,\"OLD_URL\":1,\"OLD_KEY\":{},\"b\":[{\"OLD_KEY\":1}]}",
                "{\"a\":1,\"b\":[{}]}",
            ),
        ] {
            assert_eq!(json_without(source).as_deref(), Some(expected), "{source}");
        }
        assert_eq!(json_without("{\"a\": \"OLD_URL\"}"), None);
    }

    proptest! {
        #[test]
        fn any_text_keeps_what_is_not_cut(
            yaml in "(A|OLD_URL|e|- )(: |=|:\n  |\n)[a-z#'\"&*{}\\[\\], \n-]{0,12}(\nOLD_KEY: [a-z\n|>-]{0,6}\nB: 1\n)?",
            json in "\\{(\"(a|OLD_URL|OLD_KEY)\" ?: ?(1|\\{\\}|\\[\"OLD_URL\"\\])[ \n]?,){0,3}\"[bO]\": ?2\\}",
        ) {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            if let Some(cut) = cut_yaml(&yaml, &keys()) {
                let mut rest = lines(&yaml).into_iter();
                // What is left is there in its order.
                let all_there = lines(&cut.text).iter().all(|line| rest.any(|other| &other == line));
                prop_assert!(all_there, "{:?} of {:?}", cut.text, yaml);
            }
            let text = json_without(&json);
            prop_assert_eq!(text.is_some(), json.contains("\"OLD_URL\" :") || json.contains("\"OLD_URL\":") || json.contains("\"OLD_KEY\""));
        }
    }
}
