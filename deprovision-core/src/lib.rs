#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod answer;
pub mod audit;
pub mod catalog;
#[cfg(any(feature = "conformance", test))]
pub mod conformance;
pub mod digest;
pub mod engine;
pub mod id;
pub mod journal;
pub mod ledger;
pub mod observation;
pub mod permit;
pub mod pipeline;
pub mod plan;
pub mod policy;
pub mod provider;
pub mod report;
pub mod resource;
pub mod retirement;
pub mod secret;
pub mod step;
pub mod steps;
pub mod time;
pub mod usage;
