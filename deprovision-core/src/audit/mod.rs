//! What an organisation should look at: APIs that do one job.

mod similar;

pub use similar::{
    Given, Identical, Overlap, Redundancy, Similar, SimilarityRule, SimilarityRuleError, similar,
};
