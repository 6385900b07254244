//! What the examples share: a small shop with everything that a retirement
//! touches, in one directory and one process.
#![deny(missing_docs)]

pub mod crash;
pub mod shop;
