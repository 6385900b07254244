//! HTTP APIs (API Gateway version 2).
//!
//! They have no resource policy and no gateway responses, so one closes by leading every
//! route to a backend of the owner's that answers 410. What a route had before is kept
//! in the description of the integration that it leads to meanwhile. A configuration of
//! CORS is taken away, or API Gateway would go on answering preflight requests itself;
//! it is kept in the description of an integration that nothing leads to.

mod backend;
mod calls;
mod cors;
mod faces;
mod plan;
mod seen;
mod set;

pub use backend::GoneBackend;
pub(super) use set::HttpApis;
