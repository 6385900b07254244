//! HTTP APIs (API Gateway version 2).
//!
//! They have no resource policy and no gateway responses, so one closes by leading every
//! route to a backend of the owner's that answers 410. What a route had before is kept
//! in the description of the integration that it leads to meanwhile.

mod backend;
mod calls;
mod faces;
mod plan;
mod seen;
mod set;

pub use backend::GoneBackend;
pub(super) use set::HttpApis;
