//! What the organisation demands before, during and after a retirement.

mod file;
mod model;
mod stricter;

pub use file::PolicyError;
pub use model::{FreezeWindow, Limits, Policy, Retry, Watch};
