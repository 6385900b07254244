//! Access keys of IAM users.

mod adapter;
mod binding;
mod bulk;
mod calls;
mod freeze;
mod name;
mod observe;
mod read;
mod revoke;

pub use adapter::IamAccessKeys;
pub use bulk::{Outcomes, States};
pub(crate) use name::{ISSUER, PROVIDER, check_issuer};
