//! Counting: from lines to what a shard holds. No input or output.

mod callers;
mod counter;
mod gather;
mod pairs;
mod seats;
mod sketch;
mod sums;
mod tally;
mod template;
mod unmatched;

pub use callers::CallerBy;
pub(crate) use counter::{Counter, Options, SKEW};
pub(crate) use gather::gather;
