//! What a post in a chat says: short, in parts, and without the syntax of any chat.

mod approval;
mod entry;
mod line;

pub(crate) use approval::Approves;
pub use entry::Answers;
pub(crate) use entry::{Entry, Link, Reply, What, of};
pub(crate) use line::cut;
