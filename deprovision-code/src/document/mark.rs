//! Putting a mark into a document, and making sure that it did only that.

use deprovision_core::provider::DocumentMark;
use deprovision_core::time::Timestamp;

use crate::document::edits::Edits;
use crate::document::set::{SetKeys, set_in_shape, set_in_text};
use crate::document::settings::MarkSettings;
use crate::document::tree::{Kind, Node, Shape};
use crate::document::undo::MarkUndo;
use crate::document::{asyncapi, backstage, changelog, json, markdown, openapi, yaml};

/// A document that says its mark, as far as it can.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarkedDocument {
    /// The whole document.
    pub bytes: Vec<u8>,
    /// Whether it had to be changed.
    pub changed: bool,
    /// What a person has to mark, and why.
    pub left: Vec<String>,
    /// What this document describes in other places, which carry marks of their own.
    pub elsewhere: Vec<String>,
    /// What [`MarkSettings`] ask for and could not be written. Nobody has to do it.
    pub notes: Vec<String>,
    /// Takes the mark out again.
    pub undo: MarkUndo,
}

/// Why a document can not be marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} can not be marked: {reason}; mark it by hand")]
pub struct MarkRefused {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// What a document has to say and does not say yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    pub(crate) sets: Vec<SetKeys>,
    pub(crate) left: Vec<String>,
    pub(crate) elsewhere: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// Marks a document; `path` tells its kind: OpenAPI, Swagger or AsyncAPI (`.yaml`,
/// `.yml`, `.json`), a Backstage entity (`.yaml`, `.yml`), a changelog (`CHANGELOG.md`,
/// `CHANGES.md`, `HISTORY.md`, `NEWS.md`), any other page in Markdown (`.md`,
/// `.markdown`).
///
/// Everything that the mark does not concern stays byte for byte. The result is
/// read again and has to say what the original said, and the mark, and nothing
/// else. Marking twice is marking once.
///
/// ```
/// use deprovision_code::mark_document;
/// use deprovision_core::{id::ApiId, provider::DocumentMark};
///
/// let page = b"# Orders v1\nHow to order.\n";
/// let mark = DocumentMark::Deprecated {
///     api: ApiId::parse("orders-v1")?,
///     sunset: Some("2027-01-31T00:00:00Z".parse()?),
///     successor: None,
/// };
/// let marked = mark_document("docs/orders.md", page, &mark)?;
/// assert!(String::from_utf8(marked.bytes.clone())?.contains("ends on 2027-01-31"));
/// assert_eq!(marked.undo.take_back("docs/orders.md", &marked.bytes)?, page);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`MarkRefused`] when the document is of another kind, is damaged, or could not
/// be marked without a change of something else.
pub fn mark_document(
    path: &str,
    bytes: &[u8],
    mark: &DocumentMark,
) -> Result<MarkedDocument, MarkRefused> {
    mark_document_with(path, bytes, mark, MarkSettings::new())
}

/// The same, saying more.
///
/// # Errors
/// As [`mark_document`].
pub fn mark_document_with(
    path: &str,
    bytes: &[u8],
    mark: &DocumentMark,
    settings: MarkSettings,
) -> Result<MarkedDocument, MarkRefused> {
    marking(path, bytes, mark, settings).map_err(|reason| MarkRefused {
        path: path.to_owned(),
        reason,
    })
}

const LFS_POINTER: &str = "version https://git-lfs.github.com/spec/";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The same, with the reason alone.
pub(crate) fn marking(
    path: &str,
    bytes: &[u8],
    mark: &DocumentMark,
    settings: MarkSettings,
) -> Result<MarkedDocument, String> {
    let (before, text) = match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (BYTE_ORDER_MARK, rest),
        None => (b"".as_slice(), bytes),
    };
    let source = std::str::from_utf8(text)
        .map_err(|error| format!("it is not UTF-8 after byte {}", error.valid_up_to()))?;
    if source.starts_with(LFS_POINTER) {
        return Err("it is a pointer of Git LFS: its text is in another place".to_owned());
    }
    let (edits, wanted) = edits_for(path, source, mark, settings)?;
    let edited = edits.apply(source).ok_or(DOUBT)?;
    // Everything else stays byte for byte, and there is nothing left to do.
    if edits.take_back(&edited).as_deref() != Some(source) {
        return Err(DOUBT.to_owned());
    }
    if !edits.is_empty() && !edits_for(path, &edited, mark, settings)?.0.is_empty() {
        return Err(DOUBT.to_owned());
    }
    Ok(MarkedDocument {
        changed: !edits.is_empty(),
        bytes: [before, edited.as_bytes()].concat(),
        undo: MarkUndo::of(&edits, &edited, before.len()),
        left: wanted.left,
        elsewhere: wanted.elsewhere,
        notes: wanted.notes,
    })
}

const DOUBT: &str = "the result would not say exactly what it said before and the mark";

fn edits_for(
    path: &str,
    source: &str,
    mark: &DocumentMark,
    settings: MarkSettings,
) -> Result<(Edits, Wanted), String> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    match name.rsplit_once('.') {
        Some((stem, "md" | "markdown")) if changelog::is_changelog(stem) => {
            Ok((changelog::edits(source, mark)?, Wanted::default()))
        }
        Some((_, "md" | "markdown")) => Ok((markdown::edits(source, mark)?, Wanted::default())),
        Some((_, "json")) => structured(source, mark, settings, true),
        Some((_, "yaml" | "yml")) => structured(source, mark, settings, false),
        _ => Err("its name does not end with .yaml, .yml, .json, .md or .markdown".to_owned()),
    }
}

fn structured(
    source: &str,
    mark: &DocumentMark,
    settings: MarkSettings,
    json: bool,
) -> Result<(Edits, Wanted), String> {
    let documents = read(source, json)?;
    let mut wanted = match documents.as_slice() {
        [document] if openapi::is_openapi(document) => {
            openapi::wanted(source, document, mark, settings)?
        }
        [document] if asyncapi::is_asyncapi(document) => asyncapi::wanted(document, mark)?,
        many if many.iter().any(backstage::is_entity) => backstage::wanted(many, mark)?,
        _ => {
            let kinds = "an OpenAPI or AsyncAPI description nor a Backstage entity";
            return Err(format!("it is neither {kinds}"));
        }
    };
    // What lies deeper comes first: a new key moves what follows it in its mapping.
    wanted
        .sets
        .sort_by_key(|set| std::cmp::Reverse(set.path.len()));
    let mut edits = Edits::default();
    let mut expected: Vec<Shape> = documents.iter().map(Node::shape).collect();
    for set in &wanted.sets {
        let before = edits.clone();
        match set_in_text(source, &documents, set, json, &mut edits) {
            Ok(()) => set_in_shape(&mut expected, set, json).ok_or(DOUBT)?,
            Err(why) => {
                edits = before;
                let left = format!("{}: {why}", line_of(source, &documents, set));
                match set.optional {
                    true => wanted.notes.push(left),
                    false => wanted.left.push(left),
                }
            }
        }
    }
    let edited = edits.apply(source).ok_or(DOUBT)?;
    let said: Vec<Shape> = read(&edited, json)?.iter().map(Node::shape).collect();
    if said == expected {
        Ok((edits, wanted))
    } else {
        Err(DOUBT.to_owned())
    }
}

fn read(source: &str, json: bool) -> Result<Vec<Node>, String> {
    let documents = if json {
        vec![json::parse(source)?]
    } else {
        yaml::parse(source)?
    };
    for document in &documents {
        has_no_key_twice(source, document)?;
    }
    Ok(documents)
}

/// With a key that stands twice, readers differ in what the document says.
fn has_no_key_twice(source: &str, node: &Node) -> Result<(), String> {
    let mut keys = std::collections::BTreeSet::new();
    for (key, value) in node.entries() {
        if let Some(name) = key.scalar()
            && name != "<<"
            && !keys.insert(name)
        {
            return Err(format!(
                "line {}: the key {name:?} stands twice",
                line_number(source, key.start)
            ));
        }
        has_no_key_twice(source, value)?;
    }
    if let Kind::Sequence(items) = &node.kind {
        for item in items {
            has_no_key_twice(source, item)?;
        }
    }
    Ok(())
}

fn line_of(source: &str, documents: &[Node], set: &SetKeys) -> String {
    let place = crate::document::set::node_at(documents, &set.path);
    let at = place.map_or(0, |(key, node)| key.map_or(node.start, |key| key.start));
    format!("line {}", line_number(source, at))
}

fn line_number(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}

/// The day of a moment, in UTC.
pub(crate) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
