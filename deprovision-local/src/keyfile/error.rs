//! What can be wrong with a key file.

use std::io;
use std::path::PathBuf;

use deprovision_core::id::ApiId;
use deprovision_core::provider::{ErrorKind, ProviderError};

use crate::error::kind_of;
use crate::keyfile::contents::Garbled;

/// A key file could not be used; nothing was changed, unless it says
/// [`Unsure`](KeyFileError::Unsure).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file can not be read or written.
    #[error("the key file {path} can not be used; check that it exists and who may use it", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is not a key file of this account. It is left as it is.
    #[error("{path}, line {line}, column {column}: {why}; the file was left as it is", path = .path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 when the file is empty.
        column: usize,
        /// What is wrong.
        why: String,
    },
    /// The account can not stand in a reference.
    #[error("{0:?} is not an account: use letters, digits and . _ -")]
    Account(String),
    /// An id, principal or label that a key file does not hold.
    #[error("{field}: use up to 128 letters, digits, _ and - (and . @ : + / for a principal)")]
    Name {
        /// Which field.
        field: &'static str,
    },
    /// No new keys are issued for the API.
    #[error(
        "issuance for {0} is frozen because it is being retired; ask its owner for the successor"
    )]
    Frozen(ApiId),
    /// The id is in use, or was.
    #[error("the id {0:?} is or was in use; choose another")]
    Taken(String),
    /// Another key has the same secret.
    #[error("another key has the same secret; a secret belongs to one key")]
    SameSecret,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random(#[source] io::Error),
    /// The new state was written, and a power failure may bring the old one back.
    #[error("the key file {path} was written, but perhaps not durably; read it again", path = .path.display())]
    Unsure {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The new state can not be written as JSON.
    #[error("the new state can not be written as JSON")]
    Json(#[source] io::Error),
}

impl KeyFileError {
    pub(crate) fn garbled(path: PathBuf, garbled: Garbled) -> Self {
        Self::Garbled {
            path,
            line: garbled.line,
            column: garbled.column,
            why: garbled.why,
        }
    }

    /// The same trouble as a provider's. Not for [`Self::Unsure`], which is an outcome.
    pub(crate) fn into_provider(self, operation: &str) -> ProviderError {
        let kind = match &self {
            Self::Io { source, .. } | Self::Unsure { source, .. } => kind_of(source),
            Self::Garbled { .. } | Self::Account(_) | Self::Name { .. } | Self::Json(_) => {
                ErrorKind::Invalid
            }
            Self::Frozen(_) | Self::Taken(_) | Self::SameSecret => ErrorKind::Conflict,
            Self::Random(_) => ErrorKind::Transient,
        };
        let context = match &self {
            Self::Io { path, .. } | Self::Garbled { path, .. } | Self::Unsure { path, .. } => {
                format!("the key file {} stopped it", path.display())
            }
            Self::Account(_)
            | Self::Name { .. }
            | Self::Frozen(_)
            | Self::Taken(_)
            | Self::SameSecret
            | Self::Random(_)
            | Self::Json(_) => "the key file stopped it".to_owned(),
        };
        ProviderError::new(kind, operation, context).with_source(self)
    }
}
