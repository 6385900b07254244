//! Tests against moto and SeaweedFS: `cargo xtask test` starts both.
//!
//! What they can not show is said in this crate's README.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod usage;
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test as tests do"
)]

mod anchor_bugs;
mod apigateway_keys;
mod iam_keys;
mod recorder;
mod secrets;
mod grants;
mod grants_fixture;

#[cfg(test)]
mod apigateway;
#[cfg(test)]
mod world;
