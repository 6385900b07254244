//! Backstage entities: `catalog-info.yaml`.

use deprovision_core::id::ApiId;
use deprovision_core::provider::DocumentMark;

use crate::document::mark::Wanted;
use crate::document::set::Literal;
use crate::document::tree::Node;

const SUNSET: &str = "deprovision.dev/sunset";
const SUCCESSOR: &str = "deprovision.dev/successor";

/// Whether a document is an entity.
pub(crate) fn is_entity(document: &Node) -> bool {
    document.find("apiVersion").is_some() && document.find("kind").is_some()
}

/// `spec.lifecycle` of the entity of kind `API` that has the API's name (its id is
/// `name`, `namespace/name` or `api:namespace/name`), and the annotations that a catalog
/// of ours reads.
pub(crate) fn wanted(documents: &[Node], mark: &DocumentMark) -> Result<Wanted, String> {
    let (api, lifecycle, sunset, successor) = match mark {
        DocumentMark::Deprecated {
            api,
            sunset,
            successor,
        } => (api, "deprecated", *sunset, successor),
        DocumentMark::Retired { api, successor, .. } => (api, "retired", None, successor),
        DocumentMark::OperationDeprecated { .. } => {
            return Err("an entity has no operations".to_owned());
        }
        _ => return Err("it can not carry a mark of this kind".to_owned()),
    };
    let mut matching = documents
        .iter()
        .enumerate()
        .filter(|(_, document)| is_the_api(document, api));
    let Some((index, entity)) = matching.next() else {
        return Err(format!("it has no entity of kind API that is named {api}"));
    };
    if matching.next().is_some() {
        return Err(format!(
            "it has two entities of kind API that are named {api}"
        ));
    }
    let mut wanted = Wanted::default();
    match entity.find("spec") {
        Some((at, spec)) if spec.is_mapping() => {
            let keys = vec![("lifecycle", Literal::Word(lifecycle))];
            wanted.set(vec![index, at], spec, keys);
        }
        Some(_) | None => return Err(format!("the entity {api} has no mapping `spec`")),
    }
    let mut annotations = Vec::new();
    // An annotation holds an instant: the day alone would be refused.
    annotations.extend(sunset.map(|at| (SUNSET, Literal::Quoted(at.to_string()))));
    annotations.extend(
        successor
            .iter()
            .map(|id| (SUCCESSOR, Literal::Quoted(id.to_string()))),
    );
    if let (Some((at, metadata)), false) = (entity.find("metadata"), annotations.is_empty()) {
        match metadata.find("annotations") {
            Some((inner, node)) => wanted.set(vec![index, at, inner], node, annotations),
            None => {
                let keys = vec![("annotations", Literal::Map(annotations))];
                wanted.set(vec![index, at], metadata, keys);
            }
        }
    }
    Ok(wanted)
}

fn is_the_api(document: &Node, api: &ApiId) -> bool {
    let text = |node: &Node, key| {
        let (_, value) = node.find(key)?;
        value.scalar().map(str::to_owned)
    };
    if !is_entity(document) || text(document, "kind").as_deref() != Some("API") {
        return false;
    }
    let Some((_, metadata)) = document.find("metadata") else {
        return false;
    };
    let Some(name) = text(metadata, "name") else {
        return false;
    };
    let namespace = text(metadata, "namespace").unwrap_or_else(|| "default".to_owned());
    let id = api.as_str();
    id == name || id.strip_prefix("api:").unwrap_or(id) == format!("{namespace}/{name}")
}
