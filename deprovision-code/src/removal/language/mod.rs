//! Which lines of a source file begin in code, and not in a string or a comment.
//!
//! No parser: enough of each language's quotes and comments to know where a line of
//! comment can be put without becoming part of a string. Files of other languages
//! are left alone.

mod known;
mod lexer;
#[cfg(test)]
mod tests;

pub(crate) use known::{Language, LineState, language_of};
