//! Speaking with GitHub: who asks, how often, and what an answer means.

mod answer;
mod auth;
mod budget;
mod github;
mod limits;
mod pages;
pub(crate) mod session;

pub use auth::Auth;
pub use github::GitHub;
pub use limits::Limits;

pub(crate) use answer::Answer;
pub(crate) use budget::Ledger;
pub(crate) use session::{As, Session};
