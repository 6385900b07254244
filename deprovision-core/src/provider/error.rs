//! A provider's trouble.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What kind of trouble. Retry, hold and give-up follow the kind alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "every kind must decide between retry, hold and give-up; a new one must fail to compile there"
)]
pub enum ErrorKind {
    /// Too many requests. Nothing happened.
    Throttled {
        /// When the provider will listen again, if it said so.
        retry_at: Option<Timestamp>,
    },
    /// It may work the next time (a time-out before sending, a 503). Nothing happened.
    Transient,
    /// We may not. A person has to change a permission.
    Denied,
    /// The target is not there, without a positive control: not a proof of absence.
    NotFound,
    /// The target is in a state that forbids the call.
    Conflict,
    /// The request is wrong and will be wrong again.
    Invalid,
    /// The provider can not do this at all.
    Unsupported,
}

impl ErrorKind {
    /// Whether the same call may work later without a person's help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Transient | Self::Conflict => true,
            Self::Denied | Self::NotFound | Self::Invalid | Self::Unsupported => false,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Throttled { retry_at: None } => f.write_str("throttled"),
            Self::Throttled {
                retry_at: Some(at), ..
            } => write!(f, "throttled until {at}"),
            Self::Transient => f.write_str("not available"),
            Self::Denied => f.write_str("not permitted"),
            Self::NotFound => f.write_str("not found"),
            Self::Conflict => f.write_str("in conflict"),
            Self::Invalid => f.write_str("invalid"),
            Self::Unsupported => f.write_str("not supported"),
        }
    }
}

/// A call to a provider failed, and nothing was changed by it. A call that may
/// have changed something is no error but [`Outcome::Unknown`](crate::provider::Outcome::Unknown).
///
/// The text never holds a secret: response bodies are not echoed.
///
/// ```
/// use deprovision_core::provider::{ErrorKind, ProviderError};
/// let error = ProviderError::new(ErrorKind::Denied, "iam:ListUsers", "attach the audit policy");
/// assert_eq!(error.to_string(), "iam:ListUsers: not permitted: attach the audit policy");
/// ```
#[derive(Debug)]
pub struct ProviderError {
    kind: ErrorKind,
    operation: String,
    context: String,
    source: Option<Box<dyn Error + Send + Sync + 'static>>,
}

impl ProviderError {
    /// An error of a kind, in an operation, with what to do next.
    #[must_use]
    pub fn new(kind: ErrorKind, operation: impl Into<String>, context: impl Into<String>) -> Self {
        Self {
            kind,
            operation: operation.into(),
            context: context.into(),
            source: None,
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of trouble.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What was tried.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }
}

/// An error with all its causes in one line, for a log: `what: cause: cause of the cause`.
#[must_use]
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.operation, self.kind, self.context)
    }
}

impl Error for ProviderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
