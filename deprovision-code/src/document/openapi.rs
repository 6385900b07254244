//! OpenAPI 3.0 and 3.1 and Swagger 2 descriptions.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::provider::DocumentMark;

use crate::document::mark::{Wanted, date};
use crate::document::sentence::{Put, put, sentence};
use crate::document::set::{Literal, SetKeys, node_at, unsaid};
use crate::document::settings::MarkSettings;
use crate::document::tree::{Kind, Node};
use crate::git::printable;

const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Whether a document is an OpenAPI description.
pub(crate) fn is_openapi(document: &Node) -> bool {
    document.find("openapi").is_some() || document.find("swagger").is_some()
}

/// What a description has to say: `deprecated` (and the sunset) at every operation, or
/// at the one of the mark, and the mark of the whole in `info`.
pub(crate) fn wanted(
    source: &str,
    document: &Node,
    mark: &DocumentMark,
    settings: MarkSettings,
) -> Result<Wanted, String> {
    let (operation, info) = keys(mark);
    let mut marking = Marking {
        source,
        document,
        operation,
        sentence: sentence(mark).filter(|_| settings.descriptions),
        headers: headers(document, mark, settings),
        uses: BTreeMap::new(),
        wanted: Wanted::default(),
        seen: BTreeSet::new(),
    };
    document.count_aliases(&mut marking.uses);
    if let DocumentMark::OperationDeprecated { method, path, .. } = mark {
        marking.one(&method.name().to_ascii_lowercase(), path)?;
        return Ok(marking.wanted);
    }
    match document.find("info") {
        Some((index, node)) if node.is_mapping() => marking.wanted.set(vec![0, index], node, info),
        Some(_) | None => {
            let why = "info: it is not a mapping".to_owned();
            marking.wanted.left.push(why);
        }
    }
    for list in ["paths", "webhooks"] {
        marking.all(list);
    }
    Ok(marking.wanted)
}

struct Marking<'a> {
    source: &'a str,
    document: &'a Node,
    operation: Keys,
    sentence: Option<String>,
    headers: Keys,
    /// How often each anchor is used.
    uses: BTreeMap<usize, usize>,
    wanted: Wanted,
    /// The operations and responses that are done: several places may refer to one.
    seen: BTreeSet<Vec<usize>>,
}

impl<'a> Marking<'a> {
    /// Every operation of `paths` or `webhooks`.
    fn all(&mut self, list: &str) {
        let Some((paths, node)) = self.document.find(list) else {
            return;
        };
        if !node.is_mapping() && node.scalar() != Some("") {
            self.wanted
                .left
                .push(format!("{list}: it is not a mapping"));
        }
        for (index, (path, item)) in node.entries().iter().enumerate() {
            let path = printable(path.scalar().unwrap_or_default().as_bytes());
            if path.starts_with("x-") {
                continue;
            }
            if path == "<<" || !item.is_mapping() {
                let why = "its operations are not written here, but where an alias points";
                self.wanted.left.push(format!("{list} {path}: {why}"));
                continue;
            }
            self.item(&path, &[0, paths, index], item);
            match self.referred(item) {
                Some(Ok((place, target))) => self.item(&path, &place, target),
                Some(Err(())) => self
                    .wanted
                    .elsewhere
                    .push(format!("the path {path} is described in another place")),
                None => {}
            }
        }
    }

    fn item(&mut self, path: &str, place: &[usize], item: &'a Node) {
        for (at, (method, value)) in item.entries().iter().enumerate() {
            let method = method.scalar().unwrap_or_default();
            if method == "<<" {
                let why = "it stands where an alias points";
                self.wanted.left.push(format!("{method} {path}: {why}"));
            } else if METHODS.contains(&method) {
                match self.can_not_be_marked(value) {
                    Some(why) => self.wanted.left.push(format!("{method} {path}: {why}")),
                    None => self.mark([place, &[at]].concat(), value, true),
                }
            }
        }
    }

    /// The one operation of the mark.
    fn one(&mut self, method: &str, path: &str) -> Result<(), String> {
        let none = || format!("it has no operation {} {path}", method.to_ascii_uppercase());
        let (paths, node) = self.document.find("paths").ok_or_else(none)?;
        let (index, item) = node.find(path).ok_or_else(none)?;
        let (at, value) = match item.find(method) {
            Some(found) => found,
            None if item.find("$ref").is_some() || item.find("<<").is_some() => {
                return Err(format!("{path} is described in another place"));
            }
            None => return Err(none()),
        };
        if let Some(why) = self.can_not_be_marked(value) {
            return Err(format!("{method} {path}: {why}"));
        }
        self.mark(vec![0, paths, index, at], value, false);
        Ok(())
    }

    fn can_not_be_marked(&self, operation: &Node) -> Option<&'static str> {
        let shared = self.uses.contains_key(&operation.anchor);
        match operation.kind {
            Kind::Alias(_) => Some("it stands where an alias points"),
            Kind::Mapping { .. } if shared => Some("an alias points to it"),
            Kind::Mapping { .. } => None,
            Kind::Scalar { .. } | Kind::Sequence(_) => Some("it is not a mapping"),
        }
    }

    /// Marks one operation. With the `whole` API, the responses that operations share
    /// are marked too.
    fn mark(&mut self, place: Vec<usize>, operation: &'a Node, whole: bool) {
        if !self.seen.insert(place.clone()) {
            return;
        }
        let mut keys = self.operation.clone();
        if let Some(sentence) = &self.sentence {
            match operation.find("description") {
                None => keys.push(("description", Literal::Quoted(sentence.clone()))),
                Some((_, node)) => match put(self.source, node, sentence) {
                    Ok(Put::Said) => {}
                    Ok(Put::Edit {
                        at,
                        old,
                        new,
                        value,
                    }) => keys.push((
                        "description",
                        Literal::Spliced {
                            at,
                            old,
                            new,
                            value,
                        },
                    )),
                    Err(why) => self.note(node, why),
                },
            }
        }
        self.wanted.set(place.clone(), operation, keys);
        if !self.headers.is_empty() {
            self.responses(&place, operation, whole);
        }
    }

    fn responses(&mut self, place: &[usize], operation: &'a Node, whole: bool) {
        let Some((at, responses)) = operation.find("responses") else {
            return;
        };
        for (index, (code, response)) in responses.entries().iter().enumerate() {
            if code.scalar().is_none_or(|code| code.starts_with("x-")) {
                continue;
            }
            let (place, response) = match self.referred(response) {
                None => ([place, &[at, index]].concat(), response),
                Some(Ok(target)) if whole => target,
                Some(Ok(_)) => {
                    self.note(response, "its response is shared with other operations");
                    continue;
                }
                Some(Err(())) => {
                    self.note(response, "its response is described in another place");
                    continue;
                }
            };
            if !self.seen.insert(place.clone()) {
                continue;
            }
            if let Some(why) = self.can_not_be_marked(response) {
                self.note(response, why);
                continue;
            }
            match response.find("headers") {
                Some((headers, node)) if node.is_mapping() && node.find("$ref").is_none() => {
                    let place = [place.as_slice(), &[headers]].concat();
                    self.wanted
                        .set_if_possible(place, node, self.headers.clone());
                }
                Some((_, node)) => self.note(node, "its headers are written in another place"),
                None => {
                    let keys = vec![("headers", Literal::Map(self.headers.clone()))];
                    self.wanted.set_if_possible(place, response, keys);
                }
            }
        }
    }

    /// What a `$ref` points to: a node of this document, or (an error) another place.
    fn referred(&self, node: &'a Node) -> Option<Result<(Vec<usize>, &'a Node), ()>> {
        let (_, target) = node.find("$ref")?;
        let found = || {
            let way = target.scalar()?.strip_prefix("#/")?;
            let mut place = vec![0];
            for part in way.split('/') {
                let name = part.replace("~1", "/").replace("~0", "~");
                let (_, here) = node_at(std::slice::from_ref(self.document), &place)?;
                place.push(here.find(&name)?.0);
            }
            let (_, found) = node_at(std::slice::from_ref(self.document), &place)?;
            // One step is enough: what refers on is another place.
            (found.is_mapping() && found.find("$ref").is_none()).then_some((place, found))
        };
        Some(found().ok_or(()))
    }

    fn note(&mut self, node: &Node, why: &str) {
        let line = self.source[..node.start].matches('\n').count() + 1;
        self.wanted.notes.push(format!("line {line}: {why}"));
    }
}

type Keys = Vec<(&'static str, Literal)>;

/// What is set at every operation, and what in `info`.
fn keys(mark: &DocumentMark) -> (Keys, Keys) {
    let mut operation = vec![("deprecated", Literal::True)];
    match mark {
        DocumentMark::Deprecated { sunset, .. }
        | DocumentMark::OperationDeprecated { sunset, .. } => {
            operation.extend(sunset.map(|at| ("x-sunset", Literal::Quoted(date(at)))));
        }
        _ => {}
    }
    if let DocumentMark::OperationDeprecated {
        successor: Some(successor),
        ..
    } = mark
    {
        operation.push(("x-successor", Literal::Quoted(successor.to_string())));
    }
    (operation, about(mark))
}

/// What `info` says of the whole API.
pub(crate) fn about(mark: &DocumentMark) -> Keys {
    let mut info = Vec::new();
    let successor = match mark {
        DocumentMark::Deprecated { successor, .. } => {
            info.push(("x-lifecycle", Literal::Word("deprecated")));
            successor
        }
        DocumentMark::Retired {
            retired_at,
            successor,
            ..
        } => {
            info.push(("x-lifecycle", Literal::Word("retired")));
            info.push(("x-retired", Literal::Quoted(date(*retired_at))));
            successor
        }
        _ => &None,
    };
    if let Some(successor) = successor {
        info.push(("x-successor", Literal::Quoted(successor.to_string())));
    }
    info
}

/// The headers that the responses name.
fn headers(document: &Node, mark: &DocumentMark, settings: MarkSettings) -> Keys {
    let sunset = match mark {
        DocumentMark::Deprecated { sunset, .. }
        | DocumentMark::OperationDeprecated { sunset, .. } => sunset.is_some(),
        // Nothing answers any more.
        _ => return Vec::new(),
    };
    if !settings.headers {
        return Vec::new();
    }
    let text = ("type", Literal::Word("string"));
    let header = |what: &str| {
        let what = ("description", Literal::Quoted(what.to_owned()));
        Literal::Map(match document.find("swagger") {
            Some(_) => vec![what, text.clone()],
            None => vec![what, ("schema", Literal::Map(vec![text.clone()]))],
        })
    };
    let mut headers = vec![(
        "Deprecation",
        header("Since when it is deprecated (RFC 9745)."),
    )];
    if sunset {
        headers.push(("Sunset", header("When it ends (RFC 8594).")));
    }
    headers
}

impl Wanted {
    /// Wants keys in a mapping, as far as they are not there yet.
    pub(crate) fn set(&mut self, path: Vec<usize>, mapping: &Node, keys: Keys) {
        self.want(path, mapping, keys, false);
    }

    /// The same, for what nobody has to do by hand where it can not be done.
    pub(crate) fn set_if_possible(&mut self, path: Vec<usize>, mapping: &Node, keys: Keys) {
        self.want(path, mapping, keys, true);
    }

    fn want(&mut self, path: Vec<usize>, mapping: &Node, keys: Keys, optional: bool) {
        let keys = unsaid(mapping, keys);
        if !keys.is_empty() {
            self.sets.push(SetKeys {
                path,
                keys,
                optional,
            });
        }
    }
}
