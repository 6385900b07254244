#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod change;
mod code;
mod document;
mod error;
mod git;
mod references;
mod registry;
mod removal;
mod search;

pub use code::GitCode;
pub use document::{GitDocuments, MarkRefused, MarkedDocument, mark_document};
pub use error::GitError;
pub use registry::{DefaultBranch, GitRepositories, RegisterError};
pub use removal::{RemovalRule, removal_rules};
pub use search::{
    MarkerClass, Markers, SearchCache, SearchProgress, TreeError, TreeFiles, TreeFound, TreeOwners,
    TreeSearch,
};
