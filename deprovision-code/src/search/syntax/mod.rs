//! What a place in a source file is: code, the inside of a string, a comment.
//!
//! No grammar is known, only how comments, strings and brackets look in some families
//! of languages. Where a file is not what its name says, the next line sets it right in
//! almost all cases; what a place is decides nothing but how it is shown.

mod language;
mod lexer;

pub(crate) use language::{Language, language_of};
pub(crate) use lexer::{Lexer, Place};
