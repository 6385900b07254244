//! What the organisation demands before, during and after a retirement.

mod audit;
mod file;
mod model;
mod percent;
mod stricter;

pub use audit::{AuditPolicy, ShadowPolicy, SimilarPolicy, TrendPolicy};
pub use file::PolicyError;
pub use model::{FreezeWindow, Limits, Policy, Retry, Watch};
pub use percent::{ParsePercentError, Percent};
