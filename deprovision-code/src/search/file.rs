//! One file: from its bytes to its references.

use std::collections::BTreeMap;

use deprovision_core::id::ApiId;
use deprovision_core::provider::{Confidence, Reference};

use crate::git::printable;
use crate::search::confidence::{confidence_of, raised};
use crate::search::kind::Kinds;
use crate::search::needles::Occurrence;
use crate::search::provenance::provenance_of;
use crate::search::text::Text;
use crate::search::{MarkerClass, Scanner};

/// A file longer than this is not read; the answer is partial then.
pub(crate) const LARGEST: u64 = 64 * 1024 * 1024;

/// All reasons why a file is not read.
pub(crate) const UNREAD: &[&str] = &["it is larger than 64 MiB", "it is UTF-32"];

pub(crate) fn too_large() -> &'static str {
    UNREAD.first().copied().unwrap_or_default()
}

/// A reference with the class of its marker.
pub(crate) type Found = (Reference, MarkerClass);

/// What a search of one file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileSearched {
    /// It was read; these are its references.
    Text(Vec<Found>),
    /// It is no text.
    Binary,
    /// It could not be read, and why.
    Unread(&'static str),
    /// It stands for one that is kept elsewhere: a pointer of Git LFS.
    Elsewhere,
}

/// Searches one file. `path` is relative to the repository, with `/`.
pub(crate) fn search_file(
    scanner: &Scanner,
    path: &[u8],
    bytes: &[u8],
    found: &mut Vec<Occurrence>,
) -> FileSearched {
    if is_lfs_pointer(bytes) {
        return if is_picture_or_archive(path) {
            FileSearched::Binary
        } else {
            FileSearched::Elsewhere
        };
    }
    let text = Text::of(bytes);
    if let Text::Unreadable(why) = text {
        return FileSearched::Unread(why);
    }
    let Some(bytes) = text.searchable() else {
        return FileSearched::Binary;
    };
    let hits = scanner.hits_with(&bytes, found);
    if hits.is_empty() {
        return FileSearched::Text(Vec::new());
    }
    let file = printable(path);
    let provenance = provenance_of(path, &bytes);
    let mut kinds = Kinds::new(&file, &bytes);
    let mut references: Vec<Found> = Vec::with_capacity(hits.len());
    let (mut line, mut line_start, mut at) = (1_u64, 0, 0);
    for hit in hits {
        for end in memchr::memchr_iter(b'\n', &bytes[at..hit.start]) {
            line += 1;
            line_start = at + end + 1;
        }
        at = hit.start;
        let column = text.column(&bytes[line_start..], hit.start - line_start);
        let kind = kinds.kind(hit.start, hit.end);
        let marker = hit.marker.clone();
        let mut reference = Reference::new(hit.api.clone(), &*file, line, column, marker, kind);
        reference.provenance = provenance;
        reference.confidence = confidence_of(hit.class, kind, &bytes, hit.start, hit.end);
        references.push((reference, hit.class));
    }
    raise(&mut references);
    FileSearched::Text(references)
}

fn raise(references: &mut [Found]) {
    let mut best: BTreeMap<ApiId, Confidence> = BTreeMap::new();
    if references.len() < 2 {
        return;
    }
    for (reference, _) in references.iter() {
        let best = best.entry(reference.api.clone()).or_insert(Confidence::Low);
        *best = reference.confidence.max(*best);
    }
    for (reference, _) in references {
        let best = best.get(&reference.api).copied().unwrap_or_default();
        reference.confidence = raised(reference.confidence, best);
    }
}

/// <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>: shorter than 1024 bytes,
/// the version first, the other keys in the order of the alphabet.
fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024
        && bytes.starts_with(b"version https://git-lfs.github.com/spec/v1\n")
        && memchr::memmem::find(bytes, b"\noid sha256:").is_some()
}

/// Files that Git LFS keeps, and that would be skipped as binary if they were here.
fn is_picture_or_archive(path: &[u8]) -> bool {
    const ENDS: &[&str] = &[
        ".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".psd", ".tif", ".tiff", ".bmp", ".mp3",
        ".mp4", ".mov", ".avi", ".mkv", ".webm", ".wav", ".ogg", ".flac", ".pdf", ".zip", ".gz",
        ".tgz", ".bz2", ".xz", ".zst", ".7z", ".jar", ".war", ".exe", ".dll", ".so", ".dylib",
        ".a", ".lib", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".bin", ".fbx", ".glb",
    ];
    let path = path.to_ascii_lowercase();
    ENDS.iter().any(|end| path.ends_with(end.as_bytes()))
}
