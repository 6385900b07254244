//! Integration tests: what the parts promise together, through the public API.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; the lints know only test functions themselves"
)]

mod retired;
mod tamper;
