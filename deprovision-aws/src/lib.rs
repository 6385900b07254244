#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod call;
mod error;
mod pace;
mod policy;
mod scope;

pub use pace::{Pace, PaceError};
pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
