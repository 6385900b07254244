//! What is wrong with a line.

use std::fmt;

use deprovision_core::time::Timestamp;

use super::Request;

/// Where in a line the reader stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LinePart {
    /// The line as a whole.
    Line,
    /// The client's address or name.
    Client,
    /// The `ident` field.
    Ident,
    /// The user's name.
    User,
    /// The time in brackets.
    Time,
    /// The request in quotes.
    Request,
    /// The status.
    Status,
    /// The size.
    Size,
    /// The referrer in quotes.
    Referer,
    /// The client's program in quotes.
    Agent,
}

impl fmt::Display for LinePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line",
            Self::Client => "client",
            Self::Ident => "ident",
            Self::User => "user",
            Self::Time => "time",
            Self::Request => "request",
            Self::Status => "status",
            Self::Size => "size",
            Self::Referer => "referrer",
            Self::Agent => "user agent",
        })
    }
}

/// A line that is no line of its log's format, with what could still be read of it.
///
/// The text of the line is not in the message: a log line may hold a secret in
/// its query string.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {part} {reason}")]
pub struct LineError {
    part: LinePart,
    reason: &'static str,
    at: Option<Timestamp>,
    request: Option<Box<Request<'static>>>,
}

impl LineError {
    pub(crate) fn new(part: LinePart, reason: &'static str) -> Self {
        Self {
            part,
            reason,
            at: None,
            request: None,
        }
    }

    pub(crate) fn at_time(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    pub(crate) fn with_request(mut self, request: Request<'_>) -> Self {
        self.request = Some(Box::new(request.into_owned()));
        self
    }

    /// Where the reader stopped.
    #[must_use]
    pub fn part(&self) -> LinePart {
        self.part
    }

    /// The time, when the line is sound that far.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// The whole request, when the line is sound that far.
    #[must_use]
    pub fn request(&self) -> Option<&Request<'static>> {
        self.request.as_deref()
    }
}

impl fmt::Debug for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineError")
            .field("part", &self.part)
            .field("reason", &self.reason)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
