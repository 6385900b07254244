//! Documents of an API: marked as deprecated or retired, with everything else
//! left byte for byte.

mod backstage;
mod edits;
mod id;
pub(crate) mod json;
mod mark;
mod markdown;
mod openapi;
mod provider;
mod set;
mod shared;
#[cfg(test)]
mod tests;
pub(crate) mod tree;
pub(crate) mod yaml;

pub(crate) use mark::marking;
pub use mark::{MarkRefused, MarkedDocument, mark_document};
pub use provider::GitDocuments;
