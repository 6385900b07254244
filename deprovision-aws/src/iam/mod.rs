//! IAM.

mod keys;

pub use keys::{DedicatedUsers, IamAccessKeys, Outcomes, States};
