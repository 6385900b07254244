//! Everything that needs real repositories: `git` in directories of its own.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests fail as tests do"
)]

mod cache;
mod code;
mod code_conformance;
mod document_conformance;
mod documents;
mod hostile;
mod owners;
mod tree;
mod world;
