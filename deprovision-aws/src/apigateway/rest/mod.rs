//! REST APIs (API Gateway version 1).
//!
//! A closed API denies everybody by its resource policy, and answers everybody whom it
//! turns away 410 by its gateway responses. A stage honours both only when they are
//! deployed, so every state of ours is a deployment, and its description says which
//! (`mark.rs`). Deployments never change: reopening points each stage back to the
//! deployment that it had, and serves exactly what it served.

mod calls;
mod delete;
mod drift;
mod faces;
mod methods;
mod observe;
mod options;
mod plan;
mod policy;
mod responses;
mod seen;
mod set;

pub use options::{NoticeBy, Undeployed};
pub(super) use set::RestApis;
