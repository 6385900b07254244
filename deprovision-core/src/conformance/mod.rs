//! For the tests of whoever implements an adapter: permits and warrants made by
//! the real guards, with a clock that can be moved.
//!
//! Switched on by the feature `conformance`. It weakens no guard.
//!
//! One suite a port. A suite is an async function that takes a fixture (a trait
//! that the adapter's test implements: the adapter and the few things that only
//! the test can do to the world behind it) and gives the number of cases that
//! ran, so that a test fails when a case is lost. A broken promise panics with
//! the case's name, as an assertion of a test does.

mod code;
mod document;
mod permits;

pub use code::{CODE_CASES, CodeFixture, Files, FixtureError, code};
pub use document::{DOCUMENT_CASES, DocumentFixture, document};
pub use permits::Permits;

/// What a suite gives: how many cases ran, or what kept it from running.
pub type Cases = Result<u32, Box<dyn std::error::Error + Send + Sync>>;
