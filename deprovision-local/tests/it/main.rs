//! The embedded providers against the real file system.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod archive;
mod archive_fixture;
mod checkpoints;
mod child;
mod crash;
mod dataset;
mod erase;
mod hostile;
mod keyfile;
mod keyfile_fixture;
mod keyfile_shared;
