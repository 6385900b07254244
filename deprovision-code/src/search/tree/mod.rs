//! Searching a tree of files as it lies on disk, for all APIs at once.

mod found;
mod git;
mod read;
mod search;

pub use found::{SearchProgress, TreeError, TreeFound};
pub(crate) use git::add_authors;
pub use search::{TreeFiles, TreeOwners, TreeSearch};
