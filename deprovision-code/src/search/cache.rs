//! What is known of blobs that were searched before.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use deprovision_core::digest::Digest;
use deprovision_core::provider::Reference;
use serde::{Deserialize, Serialize};

use crate::error::GitError;
use crate::git::{Git, TreeEntry};
use crate::search::file::{FileSearched, UNREAD};
use crate::search::{MarkerClass, Scanner};

/// Changes with every change of the rules, so that an older answer is not taken for new.
const RULES: &str = concat!(env!("CARGO_PKG_VERSION"), "/1");

/// How many sets of markers are remembered at once: those of one removal and its
/// successor, many times over.
const MOST_SETS: usize = 64;

/// Remembers what searches of commits found, blob by blob, so that the next one reads
/// only what is new.
///
/// A blob is known by its object id, so what is remembered can not be stale; it is
/// remembered for one set of markers, and forgotten with the rules of another version.
/// A file of a cache that is damaged, or that can not be written, only costs time.
#[derive(Debug, Clone, Default)]
pub struct SearchCache {
    folder: Option<PathBuf>,
    sets: Arc<Mutex<BTreeMap<Digest, Arc<Known>>>>,
    /// Who changed files last, as of a commit: by commit and file.
    authors: Arc<Mutex<BTreeMap<String, Authors>>>,
}

/// The last author of each file; nothing for one that has none.
type Authors = BTreeMap<String, Option<String>>;

/// As of so many commits, authors are remembered.
const MOST_COMMITS: usize = 64;

impl SearchCache {
    /// As long as this value and its clones live.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Also in files below this folder, for the next process. The folder is made when
    /// it is needed.
    ///
    /// The files hold file names and markers: as secret as the repositories. Whoever
    /// can write there decides what is found.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
            ..Self::default()
        }
    }

    pub(crate) async fn open(&self, scanner: &Scanner) -> Arc<Known> {
        let set = *scanner.fingerprint();
        if let Some(known) = self.lock().get(&set) {
            return known.clone();
        }
        let mut known = None;
        if let Some(path) = self.path_of(&set) {
            let read = tokio::task::spawn_blocking(move || read(&path)).await;
            known = read.ok().flatten().filter(|known| known.set == Some(set));
        }
        let known = Arc::new(known.unwrap_or_else(|| Known {
            set: Some(set),
            ..Known::default()
        }));
        self.remember(set, known.clone());
        known
    }

    pub(crate) async fn keep(&self, known: Arc<Known>) {
        let Some(set) = known.set else {
            return;
        };
        self.remember(set, known.clone());
        if let Some((folder, path)) = self.folder.clone().zip(self.path_of(&set)) {
            // What can not be kept is searched again.
            let _ = tokio::task::spawn_blocking(move || write(&folder, &path, &known)).await;
        }
    }

    /// Who changed these files last, as of a commit. The history is walked only for files
    /// that were not asked for before: in a long one, that takes longer than the search.
    pub(crate) async fn last_authors(
        &self,
        git: &Git,
        commit: &str,
        files: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, GitError> {
        let mut known = self.authors().get(commit).cloned().unwrap_or_default();
        let new: BTreeSet<String> = files
            .iter()
            .filter(|file| !known.contains_key(*file))
            .cloned()
            .collect();
        if !new.is_empty() {
            let mut found = git.last_authors(commit, &new).await?;
            for file in new {
                let author = found.remove(&file);
                known.insert(file, author);
            }
            let mut all = self.authors();
            if all.len() >= MOST_COMMITS && !all.contains_key(commit) {
                all.pop_first();
            }
            all.insert(commit.to_owned(), known.clone());
        }
        known.retain(|file, _| files.contains(file));
        let named = known.into_iter();
        Ok(named
            .filter_map(|(file, author)| Some((file, author?)))
            .collect())
    }

    fn authors(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Authors>> {
        self.authors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, set: Digest, known: Arc<Known>) {
        let mut sets = self.lock();
        if sets.len() >= MOST_SETS && !sets.contains_key(&set) {
            sets.pop_first();
        }
        sets.insert(set, known);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, Arc<Known>>> {
        // Whole values are put in: one that panicked elsewhere left nothing half done.
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path_of(&self, set: &Digest) -> Option<PathBuf> {
        let name = format!("references-{}.json", set.to_hex());
        self.folder.as_ref().map(|folder| folder.join(name))
    }
}

/// What is known of blobs, for one set of markers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    set: Option<Digest>,
    /// Texts without a marker. What they are called does not matter.
    clean: HashSet<String>,
    binary: HashSet<String>,
    /// The others, by object and path: what a reference is depends on the name.
    others: HashMap<String, BTreeMap<Vec<u8>, FileSearched>>,
}

static CLEAN: FileSearched = FileSearched::Text(Vec::new());
static BINARY: FileSearched = FileSearched::Binary;

impl Known {
    pub(crate) fn get(&self, entry: &TreeEntry) -> Option<&FileSearched> {
        if self.clean.contains(&entry.oid) {
            return Some(&CLEAN);
        }
        if let Some(paths) = self.others.get(&entry.oid) {
            return paths.get(&entry.path);
        }
        self.binary.contains(&entry.oid).then_some(&BINARY)
    }

    pub(crate) fn insert(&mut self, entry: &TreeEntry, searched: FileSearched) {
        match searched {
            FileSearched::Text(references) if references.is_empty() => {
                self.clean.insert(entry.oid.clone());
            }
            FileSearched::Binary => {
                self.binary.insert(entry.oid.clone());
            }
            searched @ (FileSearched::Text(_)
            | FileSearched::Unread(_)
            | FileSearched::Elsewhere) => {
                let paths = self.others.entry(entry.oid.clone()).or_default();
                paths.insert(entry.path.clone(), searched);
            }
        }
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.clean.extend(more.clean);
        self.binary.extend(more.binary);
        for (oid, paths) in more.others {
            self.others.entry(oid).or_default().extend(paths);
        }
    }
}

/// How it stands in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    rules: String,
    set: Digest,
    clean: Vec<String>,
    binary: Vec<String>,
    others: Vec<KeptFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptFile {
    oid: String,
    path: Vec<u8>,
    searched: KeptSearch,
}

#[derive(Debug, Serialize, Deserialize)]
enum KeptSearch {
    References(Vec<(Reference, MarkerClass)>),
    Unread(usize),
    Elsewhere,
}

/// The digest of the rest comes first.
fn read(path: &Path) -> Option<Known> {
    let bytes = std::fs::read(path).ok()?;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (digest, rest) = (&bytes[..end], &bytes[end + 1..]);
    if Digest::of_bytes(rest).to_hex().as_bytes() != digest {
        return None;
    }
    let kept: Kept = serde_json::from_slice(rest).ok()?;
    if kept.rules != RULES {
        return None;
    }
    let mut known = Known {
        set: Some(kept.set),
        clean: kept.clean.into_iter().collect(),
        binary: kept.binary.into_iter().collect(),
        others: HashMap::new(),
    };
    for file in kept.others {
        let searched = match file.searched {
            KeptSearch::References(references) => FileSearched::Text(references),
            KeptSearch::Unread(why) => FileSearched::Unread(UNREAD.get(why).copied()?),
            KeptSearch::Elsewhere => FileSearched::Elsewhere,
        };
        let paths = known.others.entry(file.oid).or_default();
        paths.insert(file.path, searched);
    }
    Some(known)
}

fn write(folder: &Path, path: &Path, known: &Known) -> Option<()> {
    let mut others = Vec::new();
    for (oid, paths) in &known.others {
        for (path, searched) in paths {
            let searched = match searched {
                FileSearched::Text(references) => KeptSearch::References(references.clone()),
                FileSearched::Unread(why) => {
                    KeptSearch::Unread(UNREAD.iter().position(|known| known == why)?)
                }
                FileSearched::Elsewhere => KeptSearch::Elsewhere,
                FileSearched::Binary => continue,
            };
            others.push(KeptFile {
                oid: oid.clone(),
                path: path.clone(),
                searched,
            });
        }
    }
    let kept = Kept {
        rules: RULES.to_owned(),
        set: known.set?,
        clean: known.clean.iter().cloned().collect(),
        binary: known.binary.iter().cloned().collect(),
        others,
    };
    let rest = serde_json::to_vec(&kept).ok()?;
    let mut bytes = Digest::of_bytes(&rest).to_hex().into_bytes();
    bytes.push(b'\n');
    bytes.extend(rest);
    std::fs::create_dir_all(folder).ok()?;
    let file = tempfile::NamedTempFile::new_in(folder).ok()?;
    std::fs::write(file.path(), bytes).ok()?;
    // Whole or not at all, for whoever reads at the same time.
    file.persist(path).ok()?;
    Some(())
}
