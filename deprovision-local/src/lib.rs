#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![cfg(unix)]

mod checkpoints;
mod directory;
mod durable;
mod error;
mod folder;
mod keyfile;
mod locator;
mod stamp;

pub use checkpoints::{CheckpointDir, CheckpointDirError};
pub use directory::{Directory, DirectoryArchive, DirectoryEraser, DirectoryError};
pub use keyfile::{Authorization, KeyFile, KeyFileError, NewKey};
