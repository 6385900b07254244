//! The embedded providers against the real file system.
#![cfg(unix)]

mod archive;
mod archive_fixture;
mod child;
mod crash;
mod dataset;
mod erase;
mod hostile;
mod keyfile;
mod keyfile_fixture;
mod keyfile_shared;
