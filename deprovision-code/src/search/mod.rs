//! Finding references in the objects of one commit.

mod find;
mod kind;
mod markers;
mod scanner;
mod text;

pub(crate) use find::{Found, FoundFile, is_vendored, search};
pub(crate) use kind::kind_of;
pub(crate) use markers::literal;
pub use markers::{MarkerClass, Markers};
pub(crate) use scanner::{Hit, Scanner};
