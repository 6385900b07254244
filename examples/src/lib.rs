//! What the examples share: telling, checking and keeping what happens; and a small
//! shop with everything that a retirement touches, in one directory and one process.
#![deny(missing_docs)]

pub mod artefacts;
mod checks;
pub mod crash;
mod files;
mod people;
pub mod shop;
mod teller;

pub use checks::Checks;
pub use files::Files;
pub use people::approve_what_waits;
pub use teller::{Teller, news_line};

/// Anything that can go wrong while an example runs.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;
