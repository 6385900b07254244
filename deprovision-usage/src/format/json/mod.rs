//! JSON lines: a scanner that looks at what is mapped, and the mapping.

mod fields;
mod guess;
mod read;
mod scan;
mod shape;
mod shapes;
#[cfg(test)]
mod tests;
mod text;
mod tree;

pub(super) use fields::steps;
pub use fields::{JsonField, JsonFields, JsonFieldsError};
pub(super) use read::{draft, parse};
pub(crate) use shapes::Shapes;
pub(super) use text::{special, unescape};
pub(super) use tree::{Growing, Tree};
