//! Tests against the fake, which holds every request to GitHub's own description.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod calls;
mod client;
mod code_conformance;
mod credentials;
mod document_conformance;
mod documents;
mod faults;
mod grants;
mod kill;
mod organisation;
mod planning;
mod pull_requests;
mod world;
