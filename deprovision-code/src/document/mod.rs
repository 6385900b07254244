//! Documents of an API: marked as deprecated or retired, with everything else
//! left byte for byte.

mod asyncapi;
mod backstage;
mod changelog;
mod edits;
#[cfg(test)]
mod generated;
pub(crate) mod json;
mod mark;
mod markdown;
mod openapi;
mod provider;
mod sentence;
mod set;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
pub(crate) mod tree;
mod undo;
pub(crate) mod yaml;

pub(crate) use mark::marking;
pub use mark::{MarkRefused, MarkedDocument, mark_document, mark_document_with};
pub use provider::GitDocuments;
pub(crate) use provider::change_name;
pub use settings::MarkSettings;
pub use undo::MarkUndo;
