//! The durable event log: entries in a hash chain, one stream a retirement,
//! leases for workers.
//!
//! Implementation: [`MemoryJournal`].

mod canonical;
mod entry;
mod error;
mod lease;
mod memory;
mod port;

pub(crate) use canonical::CanonicalEntry;
pub(crate) use entry::FORMAT;
pub use entry::{Actor, Entry, Version};
pub use error::{AppendError, Cause, JournalError, LeaseError};
pub use lease::Lease;
pub use memory::MemoryJournal;
pub use port::{Authority, Journal, StreamInfo, check_chain};
