//! How fast bulk work goes: many calls at once, and no more of them than AWS lets
//! through.
//!
//! AWS publishes neither the size nor the rate of IAM's token buckets, and everybody in
//! the account drinks from them. So the pace is found out: [`Pacer`] is the whole of
//! it, without a clock and without I/O; [`Gate`] is what calls wait at.

mod bucket;
mod gate;
mod kind;
mod pacer;
#[cfg(test)]
mod simulated;

pub(crate) use gate::Gate;
pub use kind::{Pace, PaceError};
