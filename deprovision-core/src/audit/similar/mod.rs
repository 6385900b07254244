//! APIs that do one job, found without comparing each with each.
//!
//! Each API becomes a set of its operations, written so that two teams' ways of naming
//! one thing are the same (see [`similar`]). Sets that are equal are put together
//! first. Of each different set a sketch is made (MinHash: Broder, *On the resemblance
//! and containment of documents*, 1997), and only sets whose sketches agree in one of
//! their bands are compared (locality-sensitive hashing: Leskovec, Rajaraman and
//! Ullman, *Mining of Massive Datasets*, chapter 3). What is then reported was counted
//! exactly, operation by operation: the sketch can miss a pair (see
//! [`SimilarityRule`]), and never make one up.

mod bands;
mod compare;
mod family;
mod find;
mod items;
mod nearest;
mod operations;
mod overlap;
mod report;
mod rule;
mod search;
mod sketch;
#[cfg(test)]
mod tests;

pub use find::similar;
pub use overlap::Overlap;
pub use report::{Identical, Redundancy, Scope, Similar};
pub use rule::{SimilarityRule, SimilarityRuleError};
