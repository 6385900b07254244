//! Documents of an API: marked as deprecated or retired, with everything else
//! left byte for byte.

mod backstage;
mod edits;
mod id;
mod json;
mod mark;
mod markdown;
mod openapi;
mod provider;
mod set;
mod shared;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

pub(crate) use mark::marking;
pub use mark::{MarkRefused, MarkedDocument, mark_document};
pub use provider::GitDocuments;
