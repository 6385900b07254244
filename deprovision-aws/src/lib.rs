#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod call;
mod error;
mod policy;
#[cfg(feature = "s3")]
pub mod s3;
mod scope;

pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
