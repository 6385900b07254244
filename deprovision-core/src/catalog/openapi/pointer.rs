//! References to other places of the same file.

use std::collections::HashMap;

use crate::catalog::tree::{Node, Value};

/// Follows references (`#/components/schemas/Order`, RFC 6901), each large table
/// indexed once: a file may hold thousands of schemas and refer to each many times.
pub(super) struct Pointers<'t> {
    root: &'t Node,
    /// By the address of the node of the table.
    tables: HashMap<usize, HashMap<&'t str, &'t Node>>,
}

/// From how many entries on a table is indexed.
const LARGE: usize = 16;

impl<'t> Pointers<'t> {
    pub(super) fn new(root: &'t Node) -> Self {
        Self {
            root,
            tables: HashMap::new(),
        }
    }

    /// The node that `pointer`, which has lost its `#/`, points to.
    pub(super) fn find(&mut self, pointer: &str) -> Option<&'t Node> {
        let mut node = self.root;
        for part in pointer.split('/') {
            node = self.step(node, &unescape(part))?;
        }
        Some(node)
    }

    fn step(&mut self, node: &'t Node, key: &str) -> Option<&'t Node> {
        match &node.value {
            Value::Table(entries) if entries.len() >= LARGE => self
                .tables
                .entry(address(node))
                .or_insert_with(|| {
                    let entries = entries.iter().rev();
                    entries.map(|e| (e.key.as_str(), &e.value)).collect()
                })
                .get(key)
                .copied(),
            Value::Table(_) => node.get(key),
            Value::List(items) => items.get(key.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Broken => {
                None
            }
        }
    }
}

/// What tells a node from all others of a tree.
pub(super) fn address(node: &Node) -> usize {
    std::ptr::from_ref(node) as usize
}

/// One part of a pointer, out of its two escapings: that of a URI (RFC 3986, section
/// 2.1), then that of a pointer.
fn unescape(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high << 4 | low));
                rest = after.get(2..).unwrap_or_default();
            }
            (_, _, _) => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes)
        .replace("~1", "/")
        .replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tree::parse_yaml;

    #[test]
    fn a_part_is_unescaped_twice() {
        for (part, key) in [
            ("~1orders~1%7Bid%7D", "/orders/{id}"),
            ("a~01", "a~1"),
            ("100%", "100%"),
            ("%zz%C3%A9", "%zzé"),
        ] {
            assert_eq!(unescape(part), key);
        }
    }

    #[test]
    fn large_tables_small_tables_and_lists_are_followed() {
        let many: String = (0..40)
            .map(|n| format!("  k{n}: {{v: [{n}, x]}}\n"))
            .collect();
        let parsed = parse_yaml(&format!("big:\n{many}"), 1);
        let mut pointers = Pointers::new(&parsed.documents[0]);
        let mut find = |text| pointers.find(text).map(|node| node.value.clone());
        assert_eq!(find("big/k7/v/0"), Some(Value::Number("7".to_owned())));
        assert_eq!(find("big/k39/v/0"), Some(Value::Number("39".to_owned())));
        for missing in [
            "big/k40",
            "big/k7/v/2",
            "big/k7/v/x",
            "k7",
            "",
            "big/k7/v/0/a",
        ] {
            assert_eq!(find(missing), None, "{missing}");
        }
    }
}
