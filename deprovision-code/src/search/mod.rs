//! Finding references: in the objects of a commit, in a tree of files, in the history.

mod beneath;
mod boundary;
mod cache;
mod confidence;
mod derived;
mod file;
mod find;
mod history;
mod kind;
mod markers;
mod needles;
mod owners;
mod provenance;
mod scanner;
mod syntax;
mod text;
mod tree;

pub use cache::SearchCache;
pub(crate) use find::{Found, FoundFile, search};
pub(crate) use history::search_history;
pub(crate) use kind::{Kinds, kind_of_file};
pub(crate) use markers::literal;
pub use markers::{MarkerClass, Markers};
pub(crate) use owners::CodeOwners;
pub(crate) use scanner::{Hit, Scanner};
pub(crate) use tree::add_authors;
pub use tree::{SearchProgress, TreeError, TreeFiles, TreeFound, TreeOwners, TreeSearch};
