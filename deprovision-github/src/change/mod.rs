//! Changes to review: a branch, a pull request, and what becomes of them.

mod adapter;
mod code_owners;
mod observe;
mod propose;
mod publish;
mod pull;
mod repository;
mod text;
mod withdraw;

pub use adapter::GitHubCode;

pub(crate) use propose::CALLS_OF_A_PROPOSAL;
pub(crate) use pull::{Pull, Standing};
pub(crate) use repository::About;
