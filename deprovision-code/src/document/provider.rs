//! Documents in registered repositories: observed, and marked on a branch.

use std::collections::BTreeSet;
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

use crate::change::{BranchState, ChangeName, Selection, reversal_proposed, revert_merged};
use crate::document::shared::{Place, change_set, extended, remembered};
use crate::document::{MarkSettings, MarkedDocument, marking};
use crate::error::GitError;
use crate::git::BranchTip;
use crate::registry::{GitRepositories, Repository};

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
    settings: MarkSettings,
}

impl GitDocuments {
    /// Over these repositories.
    #[must_use]
    pub fn new(repositories: Arc<GitRepositories>) -> Self {
        Self {
            repositories,
            settings: MarkSettings::new(),
        }
    }

    /// Saying more, or less, in documents that can.
    #[must_use]
    pub fn marking(mut self, settings: MarkSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Why not, when the repository has no default version.
    async fn place(
        &self,
        id: &DocumentId,
        time: Option<&WritePermit>,
        operation: &str,
    ) -> Result<Result<Place, String>, ProviderError> {
        let (repository, path) = id.in_repository().map_err(|error| {
            let advice = "write git:<account>:local:<repository>/<path>";
            let why = format!("{id} names no document; {advice}");
            ProviderError::new(ErrorKind::Invalid, operation, why).with_source(error)
        })?;
        let Repository { git, branch, .. } = self.repositories.find(&repository, operation)?;
        let git = match time {
            Some(permit) => git.within(permit.call_timeout().to_duration()),
            None => git.clone(),
        };
        let default = git.commit_of(branch).await;
        let default = default.map_err(|error| error.in_operation(operation))?;
        Ok(match default {
            Some(default) => Ok(Place {
                git,
                path: path.to_owned(),
                default,
                settings: self.settings,
            }),
            None => Err(format!("the branch {branch} of {repository} has no commit")),
        })
    }
}

/// The branch of a mark.
pub(crate) fn change_name(
    mark: &DocumentMark,
    operation: &str,
) -> Result<ChangeName, ProviderError> {
    match mark {
        DocumentMark::Deprecated { api, .. } => Ok(ChangeName::new(api, "documents-deprecated")),
        DocumentMark::Retired { api, .. } => Ok(ChangeName::new(api, "documents-retired")),
        // Another operation of the same document is another change.
        DocumentMark::OperationDeprecated {
            api, method, path, ..
        } => {
            let digest = Digest::of_bytes(format!("{method} {path}").as_bytes()).to_hex();
            let short = digest.get(..12).unwrap_or(&digest);
            Ok(ChangeName::new(
                api,
                format!("operation-{short}-deprecated"),
            ))
        }
        _ => Err(ProviderError::new(
            ErrorKind::Unsupported,
            operation,
            "documents and their operations can be marked deprecated, documents retired",
        )),
    }
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
        let marked = marking(&place.path, &text.bytes, mark, self.settings).ok();
        let merged = marked
            .as_ref()
            .is_some_and(|m| !m.changed && m.left.is_empty());
        let state = if merged {
            let reversal = reversal_proposed(&place.git, &name, &place.default, Some(&place.path));
            match reversal.await.map_err(failed)? {
                Some(at) => ChangeState::Reverting { at },
                None => ChangeState::Merged {
                    at: place.default.clone(),
                },
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
        match marking(&place.path, &text.bytes, mark, self.settings) {
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
