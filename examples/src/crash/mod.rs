//! Dying on purpose, at a point that is found by running: before and after every
//! append to the journal and every call of a step.
//!
//! The points come from what is plugged in: the journal and every step of the set
//! are wrapped, so a new step has its points without anybody listing them.

mod journal;
mod points;
mod step;

pub use journal::DyingJournal;
pub use points::{Points, Side};
pub use step::dying_steps;
