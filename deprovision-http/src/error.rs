//! What can go wrong with a gateway's state file, and what kind of trouble it
//! is to the engine. The only place that maps errors to [`ErrorKind`].

use std::io;
use std::path::PathBuf;

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::resource::AccessPathId;

use crate::notice::InvalidNotice;
use crate::route::RouteError;

/// A gateway can not be opened, read or set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The routes can not be declared together.
    #[error("the routes of the gateway are refused")]
    Routes(#[source] Box<RouteError>),
    /// A file can not be read or written.
    #[error("{what} {} failed; check that the directory exists and may be written", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The state file is not what this crate writes.
    #[error("{} is not a state file of a gateway; restore it from a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// The state file was written by a newer version.
    #[error(
        "{} has format {found}, and this version reads {known}; update this program",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// The state file was there and is gone: a restart would open every path.
    #[error(
        "{} was written before and is gone; restore it, or remove {} too if every path shall open",
        path.display(),
        lock.display()
    )]
    Vanished {
        /// The state file.
        path: PathBuf,
        /// The lock file that remembers it.
        lock: PathBuf,
    },
    /// Another process holds the lock for too long.
    #[error("{} is held by another process; try again", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The path is not declared.
    #[error("{id} is not declared by this service; add a Route with this id")]
    Undeclared {
        /// The path.
        id: AccessPathId,
    },
    /// The notice can not be told to callers.
    #[error("the notice for {id} is refused")]
    Notice {
        /// The path.
        id: AccessPathId,
        /// Why.
        #[source]
        source: Box<InvalidNotice>,
    },
    /// A later owner of the same retirement has set the path already.
    #[error(
        "{id} was set by epoch {newer} of the same retirement, and this is epoch {epoch}; give up, the lease is lost"
    )]
    Stale {
        /// The path.
        id: AccessPathId,
        /// The epoch of this call.
        epoch: u64,
        /// The epoch that has set it.
        newer: u64,
    },
}

impl GatewayError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Routes(_) | Self::Corrupt { .. } | Self::Format { .. } => ErrorKind::Invalid,
            Self::Vanished { .. } | Self::Notice { .. } => ErrorKind::Invalid,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                ErrorKind::Denied
            }
            Self::Io { .. } | Self::Locked { .. } => ErrorKind::Transient,
            Self::Undeclared { .. } => ErrorKind::NotFound,
            Self::Stale { .. } => ErrorKind::Conflict,
        }
    }

    pub(crate) fn during(self, operation: &str) -> ProviderError {
        let next = match &self {
            Self::Routes(_) => "declare the routes anew",
            Self::Corrupt { .. } | Self::Format { .. } | Self::Vanished { .. } => {
                "see to the state file"
            }
            Self::Io { .. } => "see to the state file's directory",
            Self::Locked { .. } => "try again",
            Self::Undeclared { .. } => "declare the path where the gateway is opened",
            Self::Notice { .. } => "correct the notice",
            Self::Stale { .. } => "give up, another worker owns the retirement",
        };
        ProviderError::new(self.kind(), operation, next).with_source(self)
    }
}
