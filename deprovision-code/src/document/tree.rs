//! YAML and JSON as a tree in which everything knows its place in the source.

use std::collections::BTreeMap;

/// How deep a document may be nested.
pub(crate) const DEEPEST: usize = 100;

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its first byte in the source.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
    pub(crate) kind: Kind,
    /// The number of its anchor; 0 is none.
    pub(crate) anchor: usize,
    pub(crate) tag: Option<String>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar {
        value: String,
        quoted: bool,
    },
    Mapping {
        entries: Vec<(Node, Node)>,
        flow: bool,
    },
    Sequence(Vec<Node>),
    Alias(usize),
}

/// A node without its place: what a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Scalar(String, bool, Option<String>),
    Mapping(Vec<(Shape, Shape)>, usize, Option<String>),
    Sequence(Vec<Shape>, usize, Option<String>),
    Alias(usize),
}

impl Node {
    pub(crate) fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            Kind::Mapping { entries, .. } => entries,
            Kind::Scalar { .. } | Kind::Sequence(_) | Kind::Alias(_) => &[],
        }
    }

    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.kind, Kind::Mapping { .. })
    }

    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { value, .. } => Some(value),
            Kind::Mapping { .. } | Kind::Sequence(_) | Kind::Alias(_) => None,
        }
    }

    /// The place and the value of a key.
    pub(crate) fn find(&self, key: &str) -> Option<(usize, &Node)> {
        self.entries()
            .iter()
            .enumerate()
            .find(|(_, (name, _))| name.scalar() == Some(key))
            .map(|(index, (_, value))| (index, value))
    }

    pub(crate) fn shape(&self) -> Shape {
        match &self.kind {
            Kind::Scalar { value, quoted } => {
                Shape::Scalar(value.clone(), *quoted, self.tag.clone())
            }
            Kind::Mapping { entries, .. } => Shape::Mapping(
                entries
                    .iter()
                    .map(|(k, v)| (k.shape(), v.shape()))
                    .collect(),
                self.anchor,
                self.tag.clone(),
            ),
            Kind::Sequence(items) => Shape::Sequence(
                items.iter().map(Node::shape).collect(),
                self.anchor,
                self.tag.clone(),
            ),
            Kind::Alias(anchor) => Shape::Alias(*anchor),
        }
    }

    /// How often each anchor is used.
    pub(crate) fn count_aliases(&self, uses: &mut BTreeMap<usize, usize>) {
        match &self.kind {
            Kind::Scalar { .. } => {}
            Kind::Alias(anchor) => *uses.entry(*anchor).or_default() += 1,
            Kind::Sequence(items) => items.iter().for_each(|item| item.count_aliases(uses)),
            Kind::Mapping { entries, .. } => entries.iter().for_each(|(key, value)| {
                key.count_aliases(uses);
                value.count_aliases(uses);
            }),
        }
    }
}
