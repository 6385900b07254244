//! A small shop: an HTTP service with two versions of its orders API, callers with
//! keys, an access log, data, and two Git repositories.
//!
//! Nothing in it is played: the service listens on a port of this machine, callers
//! send requests over TCP, and all state is in files, so that a process which is
//! killed finds everything again. Only the clock is moved by hand.

mod callers;
mod code;
mod course;
mod engine;
mod service;
mod world;

pub use callers::{Answer, Callers, Http, http};
pub use code::Reviewer;
pub use course::{Course, News};
pub use engine::{people, policy};
pub use service::orders;
pub use world::{Keys, Shop, keys, listen, routes};

pub use crate::{Files, Problem};
