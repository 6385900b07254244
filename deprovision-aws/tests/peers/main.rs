//! Tests against moto and SeaweedFS: `cargo xtask test` starts both.
//!
//! What they can not show is said in this crate's README.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod anchor_bugs;
mod apigateway;
mod apigateway_keys;
mod dry_run;
mod grants;
mod grants_fixture;
mod iam_keys;
mod proxy;
mod recorder;
mod s3;
mod secrets;
mod usage;
mod world;
