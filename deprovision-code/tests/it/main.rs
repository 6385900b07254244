//! Everything that needs real repositories: `git` in directories of its own.

mod code;
mod code_conformance;
mod hostile;
mod world;
