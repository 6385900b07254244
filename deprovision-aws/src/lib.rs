#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod call;
mod error;
mod policy;
mod scope;

pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
