//! Tests that need no server.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod grants;
