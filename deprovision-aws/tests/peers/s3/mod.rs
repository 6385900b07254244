//! S3: archives and erasure against SeaweedFS, and against servers that lie.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod cancelled;
mod child;
mod compliance;
mod conformance;
mod crash;
mod declared;
mod fixture;
mod guards;
mod liars;
mod lies;
mod permissions;
