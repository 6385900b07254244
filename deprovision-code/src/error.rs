//! The only place that maps git's trouble to the errors of the ports.

use std::path::PathBuf;
use std::time::Duration;

use deprovision_core::provider::{ErrorKind, ProviderError};

/// A git command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is no git.
    #[error(
        "there is no program {}; install git {min} or later, or name it with GitRepositories::with_program",
        program.display(), min = crate::git::MINIMUM_VERSION
    )]
    Missing {
        /// What was looked for.
        program: PathBuf,
    },
    /// Git is there and could not be run or talked to.
    #[error("git {command} could not be run; see the cause")]
    Io {
        /// Which command.
        command: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Git did not end in time and was killed.
    #[error(
        "git {command} did not end within {} s and was stopped; give it more time or look for a stuck file system",
        after.as_secs()
    )]
    TimedOut {
        /// Which command.
        command: String,
        /// After how long.
        after: Duration,
    },
    /// Git said no.
    #[error("git {command} failed ({code}): {said}")]
    Failed {
        /// Which command.
        command: String,
        /// Its exit code, or the signal.
        code: String,
        /// What it wrote to its standard error, shortened.
        said: String,
    },
    /// Git said something that can not be understood.
    #[error("git {command} gave an answer that can not be understood: {what}")]
    Unexpected {
        /// Which command.
        command: String,
        /// What was wrong with it.
        what: String,
    },
}

impl GitError {
    /// The error of a port, for an operation that changed nothing.
    pub(crate) fn in_operation(self, operation: impl Into<String>) -> ProviderError {
        let (kind, advice) = match &self {
            Self::Missing { .. } => (ErrorKind::Unsupported, "install git"),
            Self::Io { .. } => (ErrorKind::Transient, "git could not be run"),
            Self::TimedOut { .. } => (ErrorKind::Transient, "git took too long"),
            Self::Failed { .. } => (
                ErrorKind::Invalid,
                "git refused; look at the repository with git fsck",
            ),
            Self::Unexpected { .. } => (
                ErrorKind::Invalid,
                "git answered in a way that is not understood; check its version",
            ),
        };
        ProviderError::new(kind, operation, advice).with_source(self)
    }
}
