//! The search itself: every blob of a commit, once.

use std::collections::BTreeSet;
use std::sync::Arc;

use deprovision_core::provider::Reference;
use tokio::sync::mpsc;

use crate::error::GitError;
use crate::git::{EntryKind, Git, TreeEntry, printable};
use crate::search::kind::kind_of;
use crate::search::text::Text;
use crate::search::{MarkerClass, Scanner};

/// A blob longer than this is not read; the answer is partial then.
const LARGEST: u64 = 64 * 1024 * 1024;

/// How many blobs wait for the searching thread at most.
const WAITING: usize = 8;

/// A file with references in it.
#[derive(Debug, Clone)]
pub(crate) struct FoundFile {
    pub(crate) entry: TreeEntry,
    pub(crate) references: Vec<(Reference, MarkerClass)>,
}

/// What a search brought back.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In git's order of paths.
    pub(crate) files: Vec<FoundFile>,
    /// What could not be read.
    pub(crate) missing: Vec<String>,
}

impl Found {
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.files
            .iter()
            .flat_map(|file| file.references.iter().map(|(reference, _)| reference))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// Searches a commit, but not the files in `left_out`.
pub(crate) async fn search(
    git: &Git,
    commit: &str,
    scanner: &Arc<Scanner>,
    left_out: &BTreeSet<Vec<u8>>,
) -> Result<Found, GitError> {
    let mut missing = Vec::new();
    let mut entries = Vec::new();
    for entry in git.files(commit).await? {
        if left_out.contains(&entry.path) {
            continue;
        }
        match entry.kind {
            EntryKind::File if entry.size <= LARGEST => entries.push(entry),
            EntryKind::File => missing.push(format!(
                "{} is larger than {} MiB",
                printable(&entry.path),
                LARGEST / (1024 * 1024)
            )),
            EntryKind::Submodule => missing.push(format!(
                "{} is a submodule; register its repository on its own",
                printable(&entry.path)
            )),
            // What it points to is in the tree itself or outside the repository.
            EntryKind::Symlink => {}
        }
    }
    let oids: Vec<String> = entries.iter().map(|entry| entry.oid.clone()).collect();
    let (sender, mut receiver) = mpsc::channel::<(usize, Vec<u8>)>(WAITING);
    let scanner = scanner.clone();
    let searching = tokio::task::spawn_blocking(move || {
        let mut files = Vec::new();
        while let Some((index, blob)) = receiver.blocking_recv() {
            let Some(entry) = entries.get(index) else {
                continue;
            };
            match search_blob(&scanner, entry, &blob) {
                Ok(references) if references.is_empty() => {}
                Ok(references) => files.push(FoundFile {
                    entry: entry.clone(),
                    references,
                }),
                Err(why) => missing.push(format!("{}: {why}", printable(&entry.path))),
            }
        }
        Found { files, missing }
    });
    let lost = |error: String| GitError::Io {
        command: "cat-file".to_owned(),
        source: std::io::Error::other(error),
    };
    let mut objects = git.open(oids)?;
    let mut index = 0;
    while let Some(blob) = objects.next().await? {
        sender
            .send((index, blob))
            .await
            .map_err(|_| lost("the search ended early".to_owned()))?;
        index += 1;
    }
    drop(sender);
    searching.await.map_err(|error| lost(error.to_string()))
}

fn search_blob(
    scanner: &Scanner,
    entry: &TreeEntry,
    blob: &[u8],
) -> Result<Vec<(Reference, MarkerClass)>, &'static str> {
    let text = Text::of(blob);
    if let Text::Unreadable(why) = text {
        return Err(why);
    }
    let Some(bytes) = text.searchable() else {
        return Ok(Vec::new());
    };
    let hits = scanner.hits(&bytes);
    if hits.is_empty() {
        return Ok(Vec::new());
    }
    let file = printable(&entry.path);
    let mut references = Vec::with_capacity(hits.len());
    let (mut line, mut line_start, mut at) = (1_u64, 0, 0);
    for hit in hits {
        for (offset, byte) in bytes[at..hit.start].iter().enumerate() {
            if *byte == b'\n' {
                line += 1;
                line_start = at + offset + 1;
            }
        }
        at = hit.start;
        let rest = &bytes[line_start..];
        let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let this = &rest[..end];
        let inside = hit.start - line_start;
        references.push((
            Reference::new(
                file.clone(),
                line,
                text.column(this, inside),
                hit.marker.clone(),
                kind_of(&file, this, inside),
            ),
            hit.class,
        ));
    }
    Ok(references)
}

/// Whether a file was copied in or generated: found like any other, but not edited.
pub(crate) fn is_vendored(path: &[u8]) -> bool {
    const FOLDERS: &[&[u8]] = &[
        b"vendor",
        b"vendored",
        b"node_modules",
        b"third_party",
        b"third-party",
        b"external",
        b"generated",
        b"gen",
        b"dist",
        b"__generated__",
    ];
    let mut parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    parts.pop();
    parts
        .iter()
        .any(|part| FOLDERS.contains(&part.to_ascii_lowercase().as_slice()))
}
