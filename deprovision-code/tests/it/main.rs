//! Everything that needs real repositories: `git` in directories of its own.

mod code;
mod code_conformance;
mod document_conformance;
mod documents;
mod hostile;
mod world;
