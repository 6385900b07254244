//! What was ever there: every version of every file in the history, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deprovision_core::id::ApiId;
use deprovision_core::provider::{Marker, PastReference, VersionSeen};

use crate::error::GitError;
use crate::git::{EntryKind, Git, TreeEntry, printable};
use crate::search::Scanner;
use crate::search::file::FileSearched;
use crate::search::find::search_blobs;

/// What the history holds.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) references: Vec<PastReference>,
    /// What could not be looked at.
    pub(crate) missing: Vec<String>,
}

/// Searches the history of all branches and tags.
pub(crate) async fn search_history(git: &Git, scanner: &Arc<Scanner>) -> Result<Past, GitError> {
    let mut past = Past::default();
    if git.is_shallow().await? {
        past.missing.push(
            "older history is not in this clone; fetch it with git fetch --unshallow".to_owned(),
        );
    }
    let blobs = git.all_blobs().await?;
    let entries = blobs.into_iter().map(|oid| TreeEntry {
        kind: EntryKind::File,
        mode: String::new(),
        oid,
        path: Vec::new(),
    });
    let entries: Vec<TreeEntry> = entries.collect();
    let known = search_blobs(git, entries.clone(), scanner).await?;
    let mut holding: BTreeMap<String, BTreeSet<(ApiId, Marker)>> = BTreeMap::new();
    let mut unread: BTreeMap<&'static str, usize> = BTreeMap::new();
    for entry in &entries {
        match known.get(entry) {
            Some(FileSearched::Text(references)) if !references.is_empty() => {
                let markers = references
                    .iter()
                    .map(|(reference, _)| (reference.api.clone(), reference.marker.clone()));
                holding.insert(entry.oid.clone(), markers.collect());
            }
            Some(FileSearched::Unread(why)) => *unread.entry(why).or_default() += 1,
            Some(FileSearched::Elsewhere) => {
                *unread.entry("it is in Git LFS").or_default() += 1;
            }
            Some(FileSearched::Text(_) | FileSearched::Binary) | None => {}
        }
    }
    let unread = unread.into_iter();
    past.missing
        .extend(unread.map(|(why, count)| format!("{count} versions of files: {why}")));
    let objects: BTreeSet<String> = holding.keys().cloned().collect();
    if objects.is_empty() {
        return Ok(past);
    }
    let mut found: BTreeMap<Key, Stay> = BTreeMap::new();
    let none = BTreeSet::new();
    for change in git.changes_of(&objects).await? {
        let before = holding.get(&change.before).unwrap_or(&none);
        let after = holding.get(&change.after).unwrap_or(&none);
        for (api, marker) in before.symmetric_difference(after) {
            let key = (change.path.clone(), api.clone(), marker.clone());
            let stay = found.entry(key).or_default();
            if after.contains(&(api.clone(), marker.clone())) {
                stay.bring(&change.version);
            } else {
                stay.take(&change.version);
            }
        }
    }
    for tip in git.branch_tips().await? {
        for entry in git.files(&tip).await? {
            for (api, marker) in holding.get(&entry.oid).unwrap_or(&none) {
                let key = (entry.path.clone(), api.clone(), marker.clone());
                if let Some(stay) = found.get_mut(&key) {
                    stay.removed = None;
                }
            }
        }
    }
    let references = found.into_iter().filter_map(|((path, api, marker), stay)| {
        // What only a shallow clone's edge brought was taken, and never brought.
        let added = stay.added.or_else(|| stay.removed.clone())?;
        let mut reference = PastReference::new(printable(&path), api, marker, added);
        reference.removed = stay.removed;
        Some(reference)
    });
    past.references = references.collect();
    Ok(past)
}

/// A marker in a file.
type Key = (Vec<u8>, ApiId, Marker);

/// From when to when a marker was in a file.
#[derive(Debug, Default)]
struct Stay {
    added: Option<VersionSeen>,
    removed: Option<VersionSeen>,
}

impl Stay {
    /// The oldest version counts. Versions come newest first: of two in the same second,
    /// the later one is the older.
    fn bring(&mut self, version: &VersionSeen) {
        if self
            .added
            .as_ref()
            .is_none_or(|added| version.at <= added.at)
        {
            self.added = Some(version.clone());
        }
    }

    /// The newest version counts.
    fn take(&mut self, version: &VersionSeen) {
        if self
            .removed
            .as_ref()
            .is_none_or(|removed| version.at > removed.at)
        {
            self.removed = Some(version.clone());
        }
    }
}
