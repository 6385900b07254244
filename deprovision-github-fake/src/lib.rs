#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod description;
mod fake;
mod fault;
mod git;
mod git_http;
mod reply;
mod routes;
mod server;
mod state;

pub use fake::{Fake, Problem, ShownIssue, ShownPull};
pub use fault::Fault;
pub use git::Files;
pub use server::Recorded;
