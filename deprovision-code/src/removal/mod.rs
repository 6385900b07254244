//! Taking references out: rules as data, applied line by line.

mod edit;
mod plan;
mod rules;

pub(crate) use plan::{fingerprint, plan_removal};
pub use rules::{RemovalRule, removal_rules};
