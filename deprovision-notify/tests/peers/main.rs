//! Letters to real mail servers: `cargo xtask test` starts them.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod calendar;
mod content;
mod faults;
mod reader;
mod ways;
mod world;
