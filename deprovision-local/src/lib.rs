#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![cfg(unix)]

mod durable;
mod error;
mod folder;
mod keyfile;
mod locator;
mod stamp;

pub use keyfile::{Authorization, KeyFile, KeyFileError, NewKey};
