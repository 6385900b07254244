//! The `git` program: run in a fixed environment, over its plumbing commands.

mod authors;
mod command;
mod commit;
mod objects;
mod past;
mod refs;

pub(crate) use command::{Git, locate};
pub(crate) use commit::{CommitInfo, FileEdit, NewCommit, TREE};
pub(crate) use objects::{EntryKind, TreeEntry, printable};
pub(crate) use refs::{BranchTip, COMMITTER};

/// The oldest git whose options we use (`GIT_CONFIG_GLOBAL`: 2.32).
pub(crate) const MINIMUM_VERSION: &str = "2.32";
