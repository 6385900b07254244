//! What an organisation should look at: APIs that do one job.

mod similar;

pub use similar::{
    Identical, Overlap, Redundancy, Scope, Similar, SimilarityRule, SimilarityRuleError, similar,
};
