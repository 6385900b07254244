//! What can go wrong with a journal.

use std::error::Error;
use std::path::PathBuf;

use crate::id::{RetirementId, WorkerId};
use crate::journal::Version;

/// A boxed cause from the store below.
pub type Cause = Box<dyn Error + Send + Sync + 'static>;

/// The store below the journal failed or holds something it should not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The store did not answer; trying again later may help.
    #[error(
        "the journal is not available ({doing}); try again, and check the store if it stays so"
    )]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// The store's own error.
        #[source]
        source: Cause,
    },
    /// The file is not a journal of ours, or one that ends too early. It was left untouched.
    #[error("{} is not a journal that can be opened: {why}. The file was left untouched; point to another path or restore it from a backup", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// The store's own error, where there is one.
        #[source]
        source: Option<Cause>,
    },
    /// The file is a journal, and another process has it open.
    #[error("{} is open in another process; stop that process or use another path", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is a journal of a newer version than this program knows.
    #[error("{} has format {found}, and this program reads up to {known}; use a newer version", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format in the file.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// An entry can not be read back.
    #[error("entry {version} of {stream} can not be read: {why}")]
    Corrupt {
        /// The stream.
        stream: RetirementId,
        /// The position.
        version: Version,
        /// What is wrong.
        why: String,
    },
    /// What the store holds contradicts itself. Until it is restored, nothing
    /// that depends on it is answered, and nothing is guessed.
    #[error(
        "the journal is damaged ({doing}): {why}; stop the workers, keep the file for inspection and restore it from a backup"
    )]
    Damaged {
        /// What was being done.
        doing: &'static str,
        /// What is wrong.
        why: String,
        /// The store's own error, where there is one.
        #[source]
        source: Option<Cause>,
    },
    /// There is no such stream.
    #[error("there is no retirement {0} in this journal")]
    NoSuchStream(RetirementId),
}

/// An append was refused, failed, or may or may not have happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Someone else appended first. Read again, decide again.
    #[error("{stream} is at version {actual}, not {expected}; read it again and decide again")]
    Conflict {
        /// The stream.
        stream: RetirementId,
        /// The version the caller had seen.
        expected: Version,
        /// The version there is.
        actual: Version,
    },
    /// The worker no longer owns the stream (invariant I-14).
    #[error(
        "[I-14] the lease of epoch {held} on {stream} is over (current epoch {current}); stop working on it"
    )]
    StaleLease {
        /// The stream.
        stream: RetirementId,
        /// The epoch the caller holds.
        held: u64,
        /// The epoch of the present owner.
        current: u64,
    },
    /// The entries do not continue the stream's chain (invariant I-19).
    #[error("[I-19] the entries do not continue the chain of {stream}: {why}")]
    BrokenChain {
        /// The stream.
        stream: RetirementId,
        /// Which link is wrong.
        why: String,
    },
    /// It is not known whether the entries were stored. Read the stream again:
    /// they are there whole or not at all.
    #[error(
        "it is not known whether the append to {stream} was stored; read the stream again before going on"
    )]
    Unknown {
        /// The stream.
        stream: RetirementId,
        /// The store's own error.
        #[source]
        source: Cause,
    },
    /// The store failed, and nothing was stored.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A lease could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Another worker has it, or it ran out.
    #[error(
        "[I-14] {worker} no longer holds the lease of epoch {held} on {stream} (current epoch {current})"
    )]
    Lost {
        /// The stream.
        stream: RetirementId,
        /// Who asked.
        worker: WorkerId,
        /// The epoch the caller holds.
        held: u64,
        /// The newest epoch granted.
        current: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
