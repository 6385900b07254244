#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![cfg(unix)]

mod directory;
mod durable;
mod error;
mod folder;
mod keyfile;
mod locator;
mod stamp;

pub use directory::{Directory, DirectoryArchive, DirectoryEraser, DirectoryError};
pub use keyfile::{Authorization, KeyFile, KeyFileError, NewKey};
