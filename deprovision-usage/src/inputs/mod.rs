//! The files that a user names: one by one, by a pattern, by a directory.

mod expand;
mod twin;

pub use expand::{Depth, Input, Inputs, InputsError, LeftOut};
