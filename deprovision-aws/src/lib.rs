#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod call;
mod error;
#[cfg(feature = "iam")]
mod grants;
mod policy;
#[cfg(feature = "iam")]
mod policy_language;
mod scope;

#[cfg(feature = "iam")]
pub use grants::{
    Footprint, FootprintError, FoundGrant, GrantSurvey, IamGrants, ServiceLastAccessed,
};
pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
