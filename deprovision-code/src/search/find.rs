//! The search of a commit: every blob once, and not again what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deprovision_core::provider::{Provenance, Reference};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::GitError;
use crate::git::{EntryKind, Git, TreeEntry, printable};
use crate::search::cache::{Known, SearchCache};
use crate::search::file::{FileSearched, LARGEST, search_file, too_large};
use crate::search::{MarkerClass, Scanner};

/// How many blobs wait for a searching thread at most.
const WAITING: usize = 32;

/// A file with references in it.
#[derive(Debug, Clone)]
pub(crate) struct FoundFile {
    pub(crate) entry: TreeEntry,
    pub(crate) references: Vec<(Reference, MarkerClass)>,
}

impl FoundFile {
    /// Where its text comes from: the same for all its references.
    pub(crate) fn provenance(&self) -> Provenance {
        let first = self.references.first();
        first.map_or_else(Provenance::default, |(reference, _)| reference.provenance)
    }
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
    cache: &SearchCache,
) -> Result<Found, GitError> {
    let mut known = cache.open(scanner).await;
    let mut missing = Vec::new();
    let mut entries = Vec::new();
    for entry in git.files(commit).await? {
        if left_out.contains(&entry.path) {
            continue;
        }
        match entry.kind {
            EntryKind::File => entries.push(entry),
            EntryKind::Submodule => missing.push(format!(
                "{} is a submodule; register its repository on its own",
                printable(&entry.path)
            )),
            // What it points to is in the tree itself or outside the repository.
            EntryKind::Symlink => {}
        }
    }
    let unknown = entries.iter().filter(|entry| known.get(entry).is_none());
    let unknown: Vec<TreeEntry> = unknown.cloned().collect();
    if !unknown.is_empty() {
        let mut all = Known::clone(&known);
        all.extend(search_blobs(git, unknown, scanner).await?);
        known = Arc::new(all);
        cache.keep(known.clone()).await;
    }
    let mut files = Vec::new();
    let mut elsewhere = Vec::new();
    for entry in entries {
        match known.get(&entry) {
            Some(FileSearched::Text(references)) if references.is_empty() => {}
            Some(FileSearched::Text(references)) => files.push(FoundFile {
                references: references.clone(),
                entry,
            }),
            Some(FileSearched::Unread(why)) => {
                missing.push(format!("{}: {why}", printable(&entry.path)));
            }
            Some(FileSearched::Elsewhere) => elsewhere.push(printable(&entry.path)),
            Some(FileSearched::Binary) => {}
            None => missing.push(format!("{} was not searched", printable(&entry.path))),
        }
    }
    missing.extend(in_lfs(&elsewhere));
    Ok(Found { files, missing })
}

/// What is said about files that Git LFS keeps.
pub(crate) fn in_lfs(files: &[String]) -> Option<String> {
    let some: Vec<&str> = files.iter().take(5).map(String::as_str).collect();
    let more = match files.len().saturating_sub(some.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!some.is_empty()).then(|| {
        format!(
            "{}{more}: in Git LFS, only a pointer is here; look at the files themselves",
            some.join(", ")
        )
    })
}

/// Reads and searches blobs, as many at once as there are processors: each reader has a
/// git of its own, as unpacking takes the time.
pub(crate) async fn search_blobs(
    git: &Git,
    entries: Vec<TreeEntry>,
    scanner: &Arc<Scanner>,
) -> Result<Known, GitError> {
    let oids: BTreeSet<&str> = entries.iter().map(|entry| entry.oid.as_str()).collect();
    let sizes = Arc::new(git.sizes(&oids).await?);
    let readers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = entries.len().div_ceil(readers.min(8)).max(64);
    let mut tasks = JoinSet::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let after = rest.split_off(share.min(rest.len()));
        let (git, scanner, sizes) = (git.clone(), scanner.clone(), sizes.clone());
        tasks.spawn(async move { search_share(&git, rest, scanner, &sizes).await });
        rest = after;
    }
    let mut known = Known::default();
    while let Some(done) = tasks.join_next().await {
        known.extend(done.map_err(lost)??);
    }
    Ok(known)
}

async fn search_share(
    git: &Git,
    entries: Vec<TreeEntry>,
    scanner: Arc<Scanner>,
    sizes: &BTreeMap<String, u64>,
) -> Result<Known, GitError> {
    let mut known = Known::default();
    let size = |entry: &TreeEntry| sizes.get(&entry.oid).copied().unwrap_or(0);
    let (small, large): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| size(entry) <= LARGEST);
    for entry in large {
        known.insert(&entry, FileSearched::Unread(too_large()));
    }
    let oids: Vec<String> = small.iter().map(|entry| entry.oid.clone()).collect();
    let (sender, mut receiver) = mpsc::channel::<(usize, Vec<u8>)>(WAITING);
    let searching = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        while let Some((index, blob)) = receiver.blocking_recv() {
            if let Some(entry) = small.get(index) {
                let searched = search_file(&scanner, &entry.path, &blob, &mut found);
                known.insert(entry, searched);
            }
        }
        known
    });
    let mut objects = git.open(oids)?;
    let mut index = 0;
    while let Some(blob) = objects.next().await? {
        sender
            .send((index, blob))
            .await
            .map_err(|_| lost("the search ended early"))?;
        index += 1;
    }
    drop(sender);
    searching.await.map_err(lost)
}

fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GitError {
    GitError::Io {
        command: "cat-file".to_owned(),
        source: std::io::Error::other(error),
    }
}
