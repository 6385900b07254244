//! Work in a clone: what an adapter of a code host hands to whoever knows code.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::provider::{
    ChangeObserver, ChangeProposer, CodeSearch, DocumentMark, DocumentObserver, DocumentUpdater,
    ProviderError, Removal,
};
use crate::resource::RepositoryId;

/// A clone of a repository on this machine, made by the adapter of its host.
///
/// It has the default branch and our own branches as the host has them, and nothing of
/// the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalClone {
    /// The organisation or the user that it belongs to.
    pub account: String,
    /// Its name there.
    pub name: String,
    /// Where the clone is.
    pub directory: PathBuf,
    /// The branch that counts.
    pub default_branch: String,
}

impl LocalClone {
    /// A clone.
    #[must_use]
    pub fn new(
        account: impl Into<String>,
        name: impl Into<String>,
        directory: impl Into<PathBuf>,
        default_branch: impl Into<String>,
    ) -> Self {
        Self {
            account: account.into(),
            name: name.into(),
            directory: directory.into(),
            default_branch: default_branch.into(),
        }
    }
}

/// A clone as a repository of its own, with what can be done in it.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenedClone {
    /// What the clone is called by those below.
    pub repository: RepositoryId,
    /// Finds references.
    pub search: Arc<dyn CodeSearch>,
    /// Reads how far a change has come, as far as the clone knows.
    pub observer: Arc<dyn ChangeObserver>,
    /// Makes and removes branches in the clone.
    pub proposer: Arc<dyn ChangeProposer>,
    /// Reads how far the mark of a document has come, as far as the clone knows. Documents
    /// are those of the repository above ([`RepositoryId::document`]).
    pub document_observer: Arc<dyn DocumentObserver>,
    /// Makes and removes branches in the clone that mark documents.
    pub document_updater: Arc<dyn DocumentUpdater>,
}

impl OpenedClone {
    /// One adapter for code, and one for documents.
    #[must_use]
    pub fn new<C, D>(repository: RepositoryId, code: Arc<C>, documents: Arc<D>) -> Self
    where
        C: CodeSearch + ChangeObserver + ChangeProposer + 'static,
        D: DocumentObserver + DocumentUpdater + 'static,
    {
        Self {
            repository,
            search: code.clone(),
            observer: code.clone(),
            proposer: code,
            document_observer: documents.clone(),
            document_updater: documents,
        }
    }
}

impl fmt::Debug for OpenedClone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedClone")
            .field("repository", &self.repository)
            .finish_non_exhaustive()
    }
}

/// The branches of one change: of a removal, or of a mark in documents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeBranches {
    /// The one that changes something.
    pub change: String,
    /// The one that takes back what was merged of it.
    pub reversal: String,
}

impl ChangeBranches {
    /// Two branches.
    #[must_use]
    pub fn new(change: impl Into<String>, reversal: impl Into<String>) -> Self {
        Self {
            change: change.into(),
            reversal: reversal.into(),
        }
    }
}

/// Opens clones for work.
///
/// An adapter of a code host fetches and publishes; what is searched for and what a
/// change holds is decided in the clone, so that it is the same for every host.
///
/// # Behaviour
/// What every implementation keeps:
/// - A change is a branch in the clone, below `deprovision/`; the adapter publishes what
///   moved. The names are the same whoever opens the clone, and whenever.
/// - Nothing is remembered but what the clone holds: it may be made anew at any time.
#[async_trait]
pub trait CloneWorkshop: Send + Sync {
    /// Opens a clone as it is now.
    async fn open(&self, clone: &LocalClone) -> Result<OpenedClone, ProviderError>;

    /// The branches of a removal, whether they are there or not.
    fn branches(&self, removal: &Removal) -> ChangeBranches;

    /// The branches of a mark, whether they are there or not. All documents of a repository
    /// that get the same mark share them: a branch changes those that are marked and
    /// nothing else.
    ///
    /// # Errors
    /// [`ProviderError`] of kind `Unsupported` for a mark that can not be made.
    fn branches_of_mark(&self, mark: &DocumentMark) -> Result<ChangeBranches, ProviderError>;
}
