#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod batch;
#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod fake_disk;
mod fault;
mod format;
mod head;
mod inspect;
mod journal;
mod open;
mod overlay;
mod read;
mod write;

pub use journal::RedbJournal;
