#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod call;
mod error;
mod policy;
mod scope;
#[cfg(any(feature = "cloudwatch", feature = "iam"))]
mod usage;

pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
#[cfg(feature = "iam")]
pub use usage::LastUsedKeys;
#[cfg(feature = "cloudwatch")]
pub use usage::{CloudWatchMetric, CloudWatchUsage};
