//! IAM.

mod keys;

pub use keys::{IamAccessKeys, Outcomes, States};
