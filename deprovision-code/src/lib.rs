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
mod workshop;

pub use code::GitCode;
pub use document::{
    GitDocuments, MarkRefused, MarkSettings, MarkUndo, MarkedDocument, mark_document,
    mark_document_with,
};
pub use error::GitError;
pub use registry::{DefaultBranch, GitRepositories, RegisterError};
pub use removal::{
    HookEdit, HookFile, Judge, RemovalHook, RemovalPreview, RemovalRule, RemovalSettings,
    RuleError, Verdict, removal_rules,
};
pub use search::{
    MarkerClass, Markers, SearchCache, SearchProgress, TreeError, TreeFiles, TreeFound, TreeOwners,
    TreeSearch,
};
pub use workshop::GitWorkshop;
