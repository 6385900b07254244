//! Changes to review: a branch, a pull request, and what becomes of them.

mod code;
mod code_owners;
mod documents;
mod observe;
mod progress;
mod propose;
mod publish;
mod pull;
mod pull_requests;
mod repository;
mod review;
mod text;
mod wanted;
mod withdraw;

pub use code::GitHubCode;
pub use documents::GitHubDocuments;

pub(crate) use propose::CALLS_OF_A_PROPOSAL;
pub(crate) use pull::{Pull, Standing};
pub(crate) use repository::About;
