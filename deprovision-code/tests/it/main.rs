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
mod hostile_changes;
mod judge;
mod owners;
mod real_documents;
mod real_removal;
mod removal;
mod tree;
mod world;
