//! What can go wrong below, and the only place that maps redb's errors to ours.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use deprovision_core::id::RetirementId;
use deprovision_core::journal::{Cause, JournalError, Version};

/// Why an operation on the file failed. One fault can end many waiting
/// operations, so it can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    /// redb's own error.
    #[error("the store failed")]
    Store(#[source] Arc<redb::Error>),
    /// The file contradicts itself.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// One entry can not be read.
    #[error("entry {version} of {stream} can not be read: {why}")]
    Entry {
        stream: RetirementId,
        version: Version,
        why: String,
    },
    /// The runtime ended before the operation did.
    #[error("the runtime was shut down before there was an answer")]
    Cancelled,
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Store(Arc::new(error.into()))
            }
        }
    )*};
}
from_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::SetDurabilityError
);

impl Fault {
    pub(crate) fn entry(stream: &RetirementId, version: Version, why: impl Into<String>) -> Self {
        Self::Entry {
            stream: stream.clone(),
            version,
            why: why.into(),
        }
    }

    /// The error for the caller of the journal.
    pub(crate) fn while_doing(self, doing: &'static str) -> JournalError {
        match self {
            Self::Store(error) if is_damage(&error) => JournalError::Damaged {
                doing,
                why: "the store found something else than it wrote".into(),
                source: Some(Box::new(error)),
            },
            Self::Store(error) => JournalError::Unavailable {
                doing,
                source: Box::new(error),
            },
            Self::Damaged(why) => JournalError::Damaged {
                doing,
                why,
                source: None,
            },
            Self::Entry {
                stream,
                version,
                why,
            } => JournalError::Corrupt {
                stream,
                version,
                why,
            },
            Self::Cancelled => JournalError::Unavailable {
                doing,
                source: Box::new(Self::Cancelled),
            },
        }
    }

    /// The error as a cause of ours, without a wrapper that says nothing.
    pub(crate) fn into_cause(self) -> Cause {
        match self {
            Self::Store(error) => Box::new(error),
            other @ (Self::Damaged(_) | Self::Entry { .. } | Self::Cancelled) => Box::new(other),
        }
    }
}

/// Whether redb says that the file is not as it was written. The tables were
/// there when the file was opened, so one that is missing is damage as well.
fn is_damage(error: &redb::Error) -> bool {
    use redb::Error as E;
    matches!(
        error,
        E::Corrupted(_)
            | E::TableDoesNotExist(_)
            | E::TableTypeMismatch { .. }
            | E::TableIsMultimap(_)
            | E::TableIsNotMultimap(_)
            | E::TypeDefinitionChanged { .. }
    )
}

/// The error of a file that can not be opened.
pub(crate) fn not_a_journal(
    path: &Path,
    why: impl Into<String>,
    source: Option<Cause>,
) -> JournalError {
    JournalError::NotAJournal {
        path: path.to_owned(),
        why: why.into(),
        source,
    }
}

/// The error of a file that redb did not open.
pub(crate) fn not_opened(path: &Path, error: redb::DatabaseError) -> JournalError {
    use redb::{DatabaseError as E, StorageError as S};
    let why = match &error {
        E::DatabaseAlreadyOpen | E::LockProtocolMismatch => {
            return JournalError::InUse {
                path: path.to_owned(),
            };
        }
        E::UpgradeRequired(_) => "it is a redb database of an older form",
        E::Storage(S::Corrupted(_)) => "it is damaged or ends too early",
        // redb's and non-exhaustive: whatever else it says, the file was not opened.
        _ => "the store can not open it",
    };
    not_a_journal(path, why, Some(Box::new(error)))
}

/// Runs what may panic inside redb on a damaged file, and makes the panic a fault.
///
/// redb promises errors instead of panics only for a file that was checked when
/// it was opened; what is damaged afterwards may still make it panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Fault::Damaged(format!(
            "the store panicked ({})",
            message(&*panic)
        )))
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "without a message"
    }
}
