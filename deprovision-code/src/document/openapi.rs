//! OpenAPI 3 and Swagger 2 descriptions.

use std::collections::BTreeMap;

use deprovision_core::provider::DocumentMark;

use crate::document::mark::{Wanted, date};
use crate::document::set::{Literal, SetKeys, unsaid};
use crate::document::tree::{Kind, Node};
use crate::git::printable;

const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Whether a document is an OpenAPI description.
pub(crate) fn is_openapi(document: &Node) -> bool {
    document.find("openapi").is_some() || document.find("swagger").is_some()
}

/// `deprecated` (and the sunset) at every operation, and the mark in `info`.
pub(crate) fn wanted(document: &Node, mark: &DocumentMark) -> Wanted {
    let mut wanted = Wanted::default();
    let (operation, info) = keys(mark);
    match document.find("info") {
        Some((index, node)) if node.is_mapping() => wanted.set(vec![0, index], node, info),
        Some(_) | None => wanted.left.push("info: it is not a mapping".to_owned()),
    }
    let mut uses = BTreeMap::new();
    document.count_aliases(&mut uses);
    let Some((paths, node)) = document.find("paths") else {
        return wanted;
    };
    if !node.is_mapping() && node.scalar() != Some("") {
        wanted.left.push("paths: it is not a mapping".to_owned());
    }
    for (index, (path, item)) in node.entries().iter().enumerate() {
        let path = printable(path.scalar().unwrap_or_default().as_bytes());
        if path.starts_with("x-") {
            continue;
        }
        if path == "<<" || !item.is_mapping() {
            let why = "its operations are not written here, but where an alias points";
            wanted.left.push(format!("paths {path}: {why}"));
            continue;
        }
        if item.find("$ref").is_some() {
            wanted
                .elsewhere
                .push(format!("the path {path} is described in another place"));
        }
        for (at, (method, value)) in item.entries().iter().enumerate() {
            let method = method.scalar().unwrap_or_default();
            let shared = uses.contains_key(&value.anchor);
            if method == "<<" || (METHODS.contains(&method) && (!value.is_mapping() || shared)) {
                let why = match value.kind {
                    Kind::Alias(_) => "it stands where an alias points",
                    Kind::Mapping { .. } if shared => "an alias points to it",
                    Kind::Mapping { .. } | Kind::Scalar { .. } | Kind::Sequence(_) => {
                        "it is not a mapping"
                    }
                };
                wanted.left.push(format!("{method} {path}: {why}"));
            } else if METHODS.contains(&method) {
                wanted.set(vec![0, paths, index, at], value, operation.clone());
            }
        }
    }
    wanted
}

type Keys = Vec<(&'static str, Literal)>;

/// What is set at every operation, and what in `info`.
fn keys(mark: &DocumentMark) -> (Keys, Keys) {
    let quoted = |text: String| Literal::Quoted(text);
    let mut operation = vec![("deprecated", Literal::True)];
    let mut info = Vec::new();
    let successor = match mark {
        DocumentMark::Deprecated {
            sunset, successor, ..
        } => {
            operation.extend(sunset.map(|at| ("x-sunset", quoted(date(at)))));
            info.push(("x-lifecycle", Literal::Word("deprecated")));
            successor
        }
        DocumentMark::Retired {
            retired_at,
            successor,
            ..
        } => {
            info.push(("x-lifecycle", Literal::Word("retired")));
            info.push(("x-retired", quoted(date(*retired_at))));
            successor
        }
        _ => &None,
    };
    if let Some(successor) = successor {
        info.push(("x-successor", quoted(successor.to_string())));
    }
    (operation, info)
}

impl Wanted {
    /// Wants keys in a mapping, as far as they are not there yet.
    pub(crate) fn set(&mut self, path: Vec<usize>, mapping: &Node, keys: Keys) {
        let keys = unsaid(mapping, keys);
        if !keys.is_empty() {
            self.sets.push(SetKeys { path, keys });
        }
    }
}
