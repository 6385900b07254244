//! AsyncAPI 2 and 3 descriptions.
//!
//! `deprecated` stands where the official schema of the version has it: at the
//! channels of 2.x, at the messages of both. Elsewhere (operations, the channels of
//! 3.x) it would be refused, and `x-deprecated` says it.

use std::collections::BTreeMap;

use deprovision_core::provider::DocumentMark;

use crate::document::mark::{Wanted, date};
use crate::document::openapi::about;
use crate::document::set::Literal;
use crate::document::tree::{Kind, Node};

/// Whether a document is an AsyncAPI description.
pub(crate) fn is_asyncapi(document: &Node) -> bool {
    document.find("asyncapi").is_some()
}

type Keys = Vec<(&'static str, Literal)>;

/// What a description has to say.
pub(crate) fn wanted(document: &Node, mark: &DocumentMark) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    if matches!(mark, DocumentMark::OperationDeprecated { .. }) {
        return Err("it has no HTTP operations".to_owned());
    }
    let version = document.find("asyncapi").and_then(|(_, v)| v.scalar());
    let channels_have_it = match version.and_then(|v| v.split('.').next()) {
        Some("2") => true,
        Some("3") => false,
        Some(_) | None => return Err("its version is neither 2 nor 3".to_owned()),
    };
    match document.find("info") {
        Some((index, node)) if node.is_mapping() => wanted.set(vec![0, index], node, about(mark)),
        Some(_) | None => wanted.left.push("info: it is not a mapping".to_owned()),
    }
    let mut uses = BTreeMap::new();
    document.count_aliases(&mut uses);
    let official = with_sunset("deprecated", mark);
    let own = with_sunset("x-deprecated", mark);
    let channel = if channels_have_it { &official } else { &own };
    each(document, &["channels"], &uses, channel, &mut wanted);
    each(document, &["operations"], &uses, &own, &mut wanted);
    let message = vec![("deprecated", Literal::True)];
    each(
        document,
        &["components", "messages"],
        &uses,
        &message,
        &mut wanted,
    );
    if let Some((channels, node)) = document.find("channels") {
        for (index, (_, channel)) in node.entries().iter().enumerate() {
            if let Some((at, messages)) = channel.find("messages") {
                let place = vec![0, channels, index, at];
                entries(place, messages, &uses, &message, &mut wanted);
            }
        }
    }
    Ok(wanted)
}

fn with_sunset(key: &'static str, mark: &DocumentMark) -> Keys {
    let mut keys = vec![(key, Literal::True)];
    if let DocumentMark::Deprecated {
        sunset: Some(at), ..
    } = mark
    {
        keys.push(("x-sunset", Literal::Quoted(date(*at))));
    }
    keys
}

/// Wants the keys in each entry of the mapping at a way.
fn each(
    document: &Node,
    way: &[&str],
    uses: &BTreeMap<usize, usize>,
    keys: &Keys,
    wanted: &mut Wanted,
) {
    let mut place = vec![0];
    let mut node = document;
    for name in way {
        let Some((index, found)) = node.find(name) else {
            return;
        };
        place.push(index);
        node = found;
    }
    entries(place, node, uses, keys, wanted);
}

fn entries(
    place: Vec<usize>,
    node: &Node,
    uses: &BTreeMap<usize, usize>,
    keys: &Keys,
    wanted: &mut Wanted,
) {
    for (index, (name, entry)) in node.entries().iter().enumerate() {
        let name = name.scalar().unwrap_or_default();
        if name.starts_with("x-") {
            continue;
        }
        let shared = uses.contains_key(&entry.anchor);
        match entry.kind {
            // It is marked where it is written, when that is here.
            Kind::Mapping { .. } if entry.find("$ref").is_some() => {
                let target = entry.find("$ref").and_then(|(_, target)| target.scalar());
                if !target.is_some_and(|target| target.starts_with("#/")) {
                    let name = crate::git::printable(name.as_bytes());
                    wanted
                        .elsewhere
                        .push(format!("{name} is described in another place"));
                }
            }
            Kind::Mapping { .. } if !shared => {
                wanted.set([place.as_slice(), &[index]].concat(), entry, keys.clone());
            }
            Kind::Mapping { .. } | Kind::Scalar { .. } | Kind::Sequence(_) | Kind::Alias(_) => {
                let name = crate::git::printable(name.as_bytes());
                wanted.left.push(format!(
                    "{name}: it is not written here, or shared by an alias"
                ));
            }
        }
    }
}
