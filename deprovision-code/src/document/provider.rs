//! Documents in registered repositories: observed, and marked on a branch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::digest::Digest;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    ChangeState, DocumentMark, DocumentObserver, DocumentState, DocumentUpdater, ErrorKind,
    Outcome, ProviderError,
};
use deprovision_core::resource::DocumentId;
use serde::{Deserialize, Serialize};

use crate::change::{
    BranchState, ChangeName, Ours, Published, Selection, publish, retract, revert_merged,
};
use crate::document::id::parts;
use crate::document::{MarkedDocument, marking};
use crate::error::GitError;
use crate::git::{BranchTip, EntryKind, FileEdit, Git, TreeEntry};
use crate::registry::{GitRepositories, Repository};

/// The trailer that names a marked document and its mark, as JSON.
const DOCUMENT: &str = "Deprovision-Document";

/// How often a mark is tried when somebody else moves the branch meanwhile.
const TRIES: u32 = 5;

/// Marks documents in registered repositories, by a change on a branch.
///
/// A document's id is `git:<account>:local:<repository>/<path>`. All documents of
/// one repository that get the same mark of one API share the branch
/// `deprovision/<api>/documents-deprecated` or `documents-retired`; each is
/// observed on its own. What [`mark_document`](crate::mark_document) says of kinds
/// and edits holds here.
#[derive(Debug)]
pub struct GitDocuments {
    repositories: Arc<GitRepositories>,
}

/// A document and its mark, as the branch remembers them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    path: String,
    mark: DocumentMark,
}

impl GitDocuments {
    /// Over these repositories.
    #[must_use]
    pub fn new(repositories: Arc<GitRepositories>) -> Self {
        Self { repositories }
    }
}

/// One document in the default version.
struct Place {
    git: Git,
    path: String,
    default: String,
}

/// The document itself.
struct Text {
    entry: TreeEntry,
    bytes: Vec<u8>,
}

impl GitDocuments {
    /// Why not, when the repository has no default version.
    async fn place(
        &self,
        id: &DocumentId,
        time: Option<&WritePermit>,
        operation: &str,
    ) -> Result<Result<Place, String>, ProviderError> {
        let (repository, path) = parts(id, operation)?;
        let Repository { git, branch, .. } = self.repositories.find(&repository, operation)?;
        let git = match time {
            Some(permit) => git.within(permit.call_timeout().to_duration()),
            None => git.clone(),
        };
        let default = git.commit_of(branch).await;
        let default = default.map_err(|error| error.in_operation(operation))?;
        Ok(match default {
            Some(default) => Ok(Place { git, path, default }),
            None => Err(format!("the branch {branch} of {repository} has no commit")),
        })
    }
}

impl Place {
    async fn text(&self, operation: &str) -> Result<Text, ProviderError> {
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
                let bytes = self.git.object(&entry.oid).await;
                let bytes = bytes.map_err(|error| error.in_operation(operation))?;
                Ok(Text { entry, bytes })
            }
            Some(_) => Err(wrong(
                ErrorKind::Invalid,
                "is a link or a submodule; name the file itself",
            )),
        }
    }

    /// Whether a version of the document, if it has one, says the mark.
    async fn says(&self, commit: &str, mark: &DocumentMark) -> Result<bool, GitError> {
        match self.git.file(commit, &self.path).await? {
            Some(entry) if entry.kind == EntryKind::File => {
                let bytes = self.git.object(&entry.oid).await?;
                Ok(marking(&self.path, &bytes, mark).is_ok_and(|marked| !marked.changed))
            }
            Some(_) | None => Ok(false),
        }
    }
}

fn change_name(mark: &DocumentMark, operation: &str) -> Result<ChangeName, ProviderError> {
    match mark {
        DocumentMark::Deprecated { api, .. } => Ok(ChangeName::new(api, "documents-deprecated")),
        DocumentMark::Retired { api, .. } => Ok(ChangeName::new(api, "documents-retired")),
        _ => Err(ProviderError::new(
            ErrorKind::Unsupported,
            operation,
            "documents can be marked deprecated or retired",
        )),
    }
}

/// The documents that a commit of ours marks.
fn remembered(commit: &Ours) -> BTreeMap<String, DocumentMark> {
    commit
        .info
        .trailers(DOCUMENT)
        .filter_map(|value| serde_json::from_str::<Remembered>(value).ok())
        .map(|one| (one.path, one.mark))
        .collect()
}

#[async_trait]
impl DocumentObserver for GitDocuments {
    async fn document(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
    ) -> Result<Observation<DocumentState>, ProviderError> {
        const OPERATION: &str = "look at a document";
        let failed = |error: GitError| error.in_operation(OPERATION);
        let place = match self.place(id, None, OPERATION).await? {
            Ok(place) => place,
            Err(why) => return Ok(Observation::unknown(why)),
        };
        let name = change_name(mark, OPERATION)?;
        let text = place.text(OPERATION).await?;
        // What can not be marked does not say it.
        let marked = marking(&place.path, &text.bytes, mark).ok();
        let merged = marked
            .as_ref()
            .is_some_and(|m| !m.changed && m.left.is_empty());
        let state = if merged {
            ChangeState::Merged {
                at: place.default.clone(),
            }
        } else {
            let state = name
                .state(&place.git, &place.default)
                .await
                .map_err(failed)?;
            let (tip, stale) = match state {
                BranchState::Absent | BranchState::Foreign { .. } => (None, false),
                BranchState::Ours { tip, commit } => (Some(tip), commit.base != place.default),
                BranchState::Extended { tip } => (Some(tip), false),
            };
            proposed(&place, mark, &name, tip, stale, marked.as_ref())
                .await
                .map_err(failed)?
        };
        let now = self.repositories.now();
        let state = DocumentState::new(state);
        let elsewhere = marked.map(|marked| marked.elsewhere).unwrap_or_default();
        Ok(if elsewhere.is_empty() {
            Observation::complete(state, now)
        } else {
            Observation::partial(state, now, elsewhere.join("; "))
        })
    }
}

async fn proposed(
    place: &Place,
    mark: &DocumentMark,
    name: &ChangeName,
    tip: Option<BranchTip>,
    stale: bool,
    marked: Option<&MarkedDocument>,
) -> Result<ChangeState, GitError> {
    let Some(tip) = tip else {
        return Ok(ChangeState::Absent);
    };
    let spent = place.git.is_ancestor(&tip.commit, &place.default).await?;
    if spent || !place.says(&tip.commit, mark).await? {
        return Ok(ChangeState::Absent);
    }
    let mut left = marked.map(|marked| marked.left.clone()).unwrap_or_default();
    if stale {
        left.push(format!(
            "the default branch has changed since: mark again, on top of {}",
            place.default
        ));
    }
    Ok(ChangeState::Proposed {
        at: name.branch(),
        left,
    })
}

#[async_trait]
impl DocumentUpdater for GitDocuments {
    async fn mark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "mark a document";
        let place = match self.place(id, Some(permit), OPERATION).await? {
            Ok(place) => place,
            Err(why) => return Ok(Outcome::not_done(why)),
        };
        let name = change_name(mark, OPERATION)?;
        let text = place.text(OPERATION).await?;
        match marking(&place.path, &text.bytes, mark) {
            Err(why) => {
                let path = &place.path;
                return Ok(Outcome::not_done(format!(
                    "{path} can not be marked: {why}"
                )));
            }
            Ok(marked) if !marked.changed && marked.left.is_empty() => {
                let default = &place.default;
                return Ok(Outcome::done(format!("{default} says it already")));
            }
            Ok(marked) if !marked.changed => {
                return Ok(Outcome::not_done(marked.left.join("; ")));
            }
            Ok(_) => {}
        }
        change_set(&place, &name, OPERATION, |documents| {
            documents.insert(place.path.clone(), mark.clone());
        })
        .await
    }

    async fn unmark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "take a mark back";
        let failed = |error: GitError| error.in_operation(OPERATION);
        let place = match self.place(id, Some(permit), OPERATION).await? {
            Ok(place) => place,
            Err(why) => return Ok(Outcome::not_done(why)),
        };
        let name = change_name(mark, OPERATION)?;
        let state = name
            .state(&place.git, &place.default)
            .await
            .map_err(failed)?;
        match state {
            BranchState::Absent | BranchState::Foreign { .. } => {}
            BranchState::Extended { tip } => {
                if place.says(&tip.commit, mark).await.map_err(failed)? {
                    return Ok(extended(&name, &tip));
                }
            }
            BranchState::Ours { tip, commit } => {
                let merged = place.git.is_ancestor(&tip.commit, &place.default).await;
                if !merged.map_err(failed)? && remembered(&commit).contains_key(&place.path) {
                    let outcome = change_set(&place, &name, OPERATION, |documents| {
                        documents.remove(&place.path);
                    })
                    .await?;
                    if !matches!(outcome, Outcome::Done { .. }) {
                        return Ok(outcome);
                    }
                }
            }
        }
        let files = Selection::Files(BTreeSet::from([place.path.clone()]));
        revert_merged(&place.git, &name, &place.default, files, OPERATION).await
    }
}

fn extended(name: &ChangeName, tip: &BranchTip) -> Outcome {
    Outcome::not_done(format!(
        "{} at {} holds the work of others; merge or remove it first",
        name.branch(),
        tip.commit
    ))
}

/// Changes the set of marked documents on the branch, and builds it anew on top of
/// the default version. Tries again when somebody else changes it meanwhile.
async fn change_set(
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
    let mut left = Vec::new();
    for (path, mark) in documents {
        let one = Place {
            git: place.git.clone(),
            path: path.clone(),
            default: place.default.clone(),
        };
        let text = match one.text(operation).await {
            Ok(text) => text,
            // Another document of the branch was deleted or moved since.
            Err(error) if *error.kind() == ErrorKind::NotFound && path != place.path => continue,
            Err(error) => return Err(error),
        };
        match marking(&path, &text.bytes, &mark) {
            Ok(marked) if marked.changed => {
                left.extend(marked.left.iter().map(|left| format!("{path}: {left}")));
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
    set.fingerprint = Digest::of_bytes(set.trailers.as_bytes()).to_hex();
    if !left.is_empty() {
        set.text.push_str("\nLeft to be done by hand:\n");
        for left in left {
            set.text.push_str(&format!("- {left}\n"));
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
