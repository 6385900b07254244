//! What each operation does.

mod app;
mod credentials;
mod git_data;
mod hooks;
mod issues;
mod keys;
mod paging;
mod pulls;
mod repositories;
mod request;
mod search;
mod secrets;

pub(crate) use credentials::pass;
pub(crate) use pulls::{merge, url};
pub(crate) use request::{Request, route};
