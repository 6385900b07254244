//! Letters to real mail servers, webhooks and cards by other people's programs: `cargo
//! xtask test` installs and starts them.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod calendar;
#[cfg(test)]
mod cards;
mod content;
#[cfg(test)]
mod courier;
mod faults;
#[cfg(test)]
#[expect(dead_code, reason = "the other tests use the rest of it")]
#[path = "../it/http_server.rs"]
mod http_server;
#[cfg(test)]
#[expect(dead_code, reason = "the other tests use the rest of it")]
#[path = "../it/http_world.rs"]
mod http_world;
#[cfg(test)]
mod program;
mod reader;
#[cfg(test)]
mod signatures;
mod ways;
mod world;
