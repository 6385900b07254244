//! IAM.

mod keys;

pub(crate) use keys::{ISSUER, PROVIDER, check_issuer};
pub use keys::{IamAccessKeys, Outcomes, States};
