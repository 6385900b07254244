//! What a search of a tree brings back.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use deprovision_core::provider::Reference;

/// Why a tree can not be searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The folder can not be opened.
    #[error("{} can not be read; name a folder that is there and may be listed", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The texts do not fit into one search.
    #[error("the markers are too many or too long to search for at once; search for fewer APIs")]
    Markers(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The search ended early.
    #[error("the search ended early; see the cause and search again")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a tree holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TreeFound {
    /// By file, line and column.
    pub references: Vec<Reference>,
    /// What could not be read, for a person. With anything here, the answer is partial.
    pub missing: Vec<String>,
    /// How many files were read.
    pub files: u64,
    /// How many bytes of them were read.
    pub bytes: u64,
    /// How many of the files were no text.
    pub binary: u64,
}

/// How far a search is, for whoever watches it.
#[derive(Debug, Default)]
pub struct SearchProgress {
    files: AtomicU64,
    bytes: AtomicU64,
    references: AtomicU64,
}

impl SearchProgress {
    /// How many files were read.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// How many bytes were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many references were found.
    #[must_use]
    pub fn references(&self) -> u64 {
        self.references.load(Ordering::Relaxed)
    }

    pub(super) fn read(&self, bytes: u64, references: usize) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let references = u64::try_from(references).unwrap_or(u64::MAX);
        self.references.fetch_add(references, Ordering::Relaxed);
    }
}
