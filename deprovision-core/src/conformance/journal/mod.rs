//! The suite of the [`Journal`](crate::journal::Journal) port: every bullet of
//! its `# Behaviour` is one case or more.

mod append;
mod claim;
mod durable;
mod lease;
mod model;
mod race;
mod script;
mod suite;

pub use suite::{JournalFixture, journal};
