//! The names of the fields that an API's requests and responses carry, small enough
//! to be kept for each of a hundred thousand APIs.

mod fold;
mod hash;
mod sample;

pub(crate) use fold::fold;
pub(crate) use hash::{hash, mix};
pub use sample::Vocabulary;
pub(crate) use sample::word;
