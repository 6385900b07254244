//! What one reading of a log brought: the answer, and how the log itself looked.

use std::fmt;
use std::path::PathBuf;

use deprovision_core::observation::Observation;
use deprovision_core::usage::UsageEvidence;

use crate::line::LineError;

/// One reading of a log for one API.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reading {
    /// The answer.
    pub usage: Observation<UsageEvidence>,
    /// How many lines are well formed.
    pub lines: u64,
    /// The lines that are not.
    pub malformed: Malformed,
}

/// The lines of a log that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// How many.
    pub count: u64,
    /// How many of them may be calls of the API in the window, which makes the
    /// answer partial.
    pub doubtful: u64,
    /// The first of them, doubtful ones before others; at most
    /// [`Malformed::MAX_SAMPLES`] of either.
    pub samples: Vec<MalformedLine>,
}

impl Malformed {
    /// How many lines are shown, doubtful and harmless ones each.
    pub const MAX_SAMPLES: usize = 10;
}

/// One line that could not be read. Its text is not kept: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MalformedLine {
    /// In which file.
    pub file: PathBuf,
    /// In which line, counted from one.
    pub line: u64,
    /// What is wrong with it.
    pub error: LineError,
    /// Whether it may be a call of the API in the window.
    pub doubtful: bool,
}

impl fmt::Display for MalformedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.error)
    }
}
