//! Signed checkpoints in a directory.

mod name;
mod store;

pub use store::{CheckpointDir, CheckpointDirError};
