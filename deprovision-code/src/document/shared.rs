//! One document in the default version, and the branch that its mark shares with others.

use std::collections::BTreeMap;

use deprovision_core::digest::Digest;
use deprovision_core::provider::{DocumentMark, ErrorKind, Outcome, ProviderError};
use serde::{Deserialize, Serialize};

use crate::change::{BranchState, ChangeName, Ours, Published, publish, retract};
use crate::document::{MarkSettings, marking};
use crate::error::GitError;
use crate::git::{BranchTip, EntryKind, FileEdit, Git, TreeEntry};

/// The trailer that names a marked document and its mark, as JSON.
const DOCUMENT: &str = "Deprovision-Document";

/// A larger file is not read as a document.
const LARGEST: u64 = 64 * 1024 * 1024;

/// How often a mark is tried when somebody else moves the branch meanwhile.
const TRIES: u32 = 5;

/// A document and its mark, as the branch remembers them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    path: String,
    mark: DocumentMark,
}

/// One document in the default version.
pub(crate) struct Place {
    pub(crate) git: Git,
    pub(crate) path: String,
    pub(crate) default: String,
    pub(crate) settings: MarkSettings,
}

/// The document itself.
pub(crate) struct Text {
    pub(crate) entry: TreeEntry,
    pub(crate) bytes: Vec<u8>,
}

impl Place {
    pub(crate) async fn text(&self, operation: &str) -> Result<Text, ProviderError> {
        let wrong = |kind, why: &str| {
            ProviderError::new(
                kind,
                operation,
                format!("{} {why} in {}", self.path, self.default),
            )
        };
        let entry = self.git.file(&self.default, &self.path).await;
        let entry = entry.map_err(|error| error.in_operation(operation))?;
        match entry {
            None => Err(wrong(
                ErrorKind::NotFound,
                "is not there; correct the catalog",
            )),
            Some(entry) if entry.kind == EntryKind::File => {
                let bytes = self.read(&entry).await;
                match bytes.map_err(|error| error.in_operation(operation))? {
                    Some(bytes) => Ok(Text { entry, bytes }),
                    None => Err(wrong(
                        ErrorKind::Invalid,
                        "is larger than 64 MiB, and so no document that people review",
                    )),
                }
            }
            Some(_) => Err(wrong(
                ErrorKind::Invalid,
                "is a link or a submodule; name the file itself",
            )),
        }
    }

    /// Whether a version of the document, if it has one, says the mark.
    pub(crate) async fn says(&self, commit: &str, mark: &DocumentMark) -> Result<bool, GitError> {
        match self.git.file(commit, &self.path).await? {
            Some(entry) if entry.kind == EntryKind::File => {
                let says = |bytes: Vec<u8>| {
                    marking(&self.path, &bytes, mark, self.settings)
                        .is_ok_and(|marked| !marked.changed)
                };
                Ok(self.read(&entry).await?.is_some_and(says))
            }
            Some(_) | None => Ok(false),
        }
    }

    /// The bytes of a file; nothing when it is too large for a document.
    async fn read(&self, entry: &TreeEntry) -> Result<Option<Vec<u8>>, GitError> {
        if self.git.size(&entry.oid).await? > LARGEST {
            return Ok(None);
        }
        self.git.object(&entry.oid).await.map(Some)
    }
}

/// The documents that a commit of ours marks.
pub(crate) fn remembered(commit: &Ours) -> BTreeMap<String, DocumentMark> {
    commit
        .info
        .trailers(DOCUMENT)
        .filter_map(|value| serde_json::from_str::<Remembered>(value).ok())
        .map(|one| (one.path, one.mark))
        .collect()
}

pub(crate) fn extended(name: &ChangeName, tip: &BranchTip) -> Outcome {
    Outcome::not_done(format!(
        "{} at {} holds the work of others; merge or remove it first",
        name.branch(),
        tip.commit
    ))
}

/// Changes the set of marked documents on the branch, and builds it anew on top of
/// the default version. Tries again when somebody else changes it meanwhile.
pub(crate) async fn change_set(
    place: &Place,
    name: &ChangeName,
    operation: &str,
    change: impl Fn(&mut BTreeMap<String, DocumentMark>) + Send + Sync,
) -> Result<Outcome, ProviderError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_change_set(place, name, operation, &change).await {
            Err(error) if *error.kind() == ErrorKind::Conflict && tries < TRIES => {}
            done => return done,
        }
    }
}

async fn try_change_set(
    place: &Place,
    name: &ChangeName,
    operation: &str,
    change: &(impl Fn(&mut BTreeMap<String, DocumentMark>) + Send + Sync),
) -> Result<Outcome, ProviderError> {
    let failed = |error: GitError| error.in_operation(operation);
    let git = &place.git;
    let mut documents = BTreeMap::new();
    let mut current = None;
    let seen = match name.state(git, &place.default).await.map_err(failed)? {
        BranchState::Absent => None,
        BranchState::Ours { tip, commit } => {
            if !git
                .is_ancestor(&tip.commit, &place.default)
                .await
                .map_err(failed)?
            {
                documents = remembered(&commit);
                current = Some((commit.base, commit.fingerprint));
            }
            Some(tip)
        }
        BranchState::Extended { tip } => return Ok(extended(name, &tip)),
        BranchState::Foreign { tip } => return Err(BranchState::foreign(name, &tip, operation)),
    };
    change(&mut documents);
    let set = build(place, documents, operation).await?;
    let Some(tip) = &seen else {
        return publish_set(place, name, &set, None, operation).await;
    };
    if set.edits.is_empty() {
        return retract(git, name, tip, operation).await;
    }
    if current == Some((place.default.clone(), set.fingerprint.clone())) {
        return Ok(Outcome::done(format!(
            "{} at {}",
            name.branch(),
            tip.commit
        )));
    }
    publish_set(place, name, &set, Some(tip), operation).await
}

/// The documents of a branch, marked anew.
#[derive(Default)]
struct MarkedSet {
    edits: Vec<FileEdit>,
    text: String,
    trailers: String,
    fingerprint: String,
}

async fn build(
    place: &Place,
    documents: BTreeMap<String, DocumentMark>,
    operation: &str,
) -> Result<MarkedSet, ProviderError> {
    let mut set = MarkedSet::default();
    let (mut left, mut notes) = (Vec::new(), Vec::new());
    for (path, mark) in documents {
        let one = Place {
            git: place.git.clone(),
            path: path.clone(),
            default: place.default.clone(),
            settings: place.settings,
        };
        let text = match one.text(operation).await {
            Ok(text) => text,
            // Another document of the branch was deleted or moved since.
            Err(error) if *error.kind() == ErrorKind::NotFound && path != place.path => continue,
            Err(error) => return Err(error),
        };
        match marking(&path, &text.bytes, &mark, place.settings) {
            Ok(marked) if marked.changed => {
                left.extend(marked.left.iter().map(|left| format!("{path}: {left}")));
                notes.extend(marked.notes.iter().map(|note| format!("{path}: {note}")));
                let remembered = Remembered { path, mark };
                let json = serde_json::to_string(&remembered).map_err(|error| {
                    ProviderError::new(ErrorKind::Invalid, operation, "the mark can not be kept")
                        .with_source(error)
                })?;
                set.trailers.push_str(&format!("{DOCUMENT}: {json}\n"));
                set.edits.push(FileEdit {
                    path: text.entry.path,
                    mode: text.entry.mode,
                    bytes: marked.bytes,
                });
            }
            Ok(_) | Err(_) => {}
        }
    }
    let said = format!("{:?}\n{}", place.settings, set.trailers);
    set.fingerprint = Digest::of_bytes(said.as_bytes()).to_hex();
    for (title, lines) in [
        ("Left to be done by hand:", left),
        ("Not written, and not needed:", notes),
    ] {
        if !lines.is_empty() {
            set.text.push_str(&format!("\n{title}\n"));
        }
        for line in lines {
            set.text.push_str(&format!("- {line}\n"));
        }
    }
    Ok(set)
}

async fn publish_set(
    place: &Place,
    name: &ChangeName,
    set: &MarkedSet,
    seen: Option<&BranchTip>,
    operation: &str,
) -> Result<Outcome, ProviderError> {
    let change = Published {
        name,
        base: &place.default,
        edits: &set.edits,
        text: &format!("{}\n{}", name.subject(), set.text),
        trailers: &set.trailers,
        fingerprint: &set.fingerprint,
    };
    publish(&place.git, &change, seen, operation).await
}
