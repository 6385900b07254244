//! Clones on this machine: the default branch and our own branches of a repository.

mod command;
mod objects;
mod store;

pub(crate) use command::GitFailed;
pub(crate) use objects::{ChangedFile, CommitText, Signature};
pub(crate) use store::{Cloned, Clones, Depth};
