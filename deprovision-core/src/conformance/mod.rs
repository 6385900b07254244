//! One suite per trait, for whoever implements a journal or an adapter.
//!
//! Switched on by the feature `conformance`. A suite drives the real guards with
//! a clock that can be moved; it weakens none of them. Each suite takes a
//! fixture, runs every case against a fresh one and gives a [`SuiteReport`]; a
//! test compares the number of cases that ran, so that a suite that silently
//! runs nothing fails.

pub mod archive;
pub mod code;
pub mod credential;
pub mod document;
pub mod grant;
pub mod journal;
pub mod notice;
pub mod path;
mod permits;
pub mod usage;

pub use permits::Permits;

/// Which cases ran and held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuiteReport {
    /// The cases by name, in the order they ran.
    pub cases: Vec<&'static str>,
}

/// A case that did not hold.
#[derive(Debug, thiserror::Error)]
#[error("{case}: {why}")]
#[non_exhaustive]
pub struct CaseFailed {
    /// Which case.
    pub case: &'static str,
    /// What was expected and what happened.
    pub why: String,
}

impl CaseFailed {
    /// A case that failed.
    #[must_use]
    pub fn new(case: &'static str, why: impl Into<String>) -> Self {
        Self {
            case,
            why: why.into(),
        }
    }
}
