//! API Gateway: REST APIs (version 1) and HTTP APIs (version 2) as access paths.
//!
//! An access path is a **whole API**, `rest/APIID` or `http/APIID`: its stages, its
//! default endpoint and its custom domains retire together (invariant I-18). Why a
//! stage is no path of its own is in `docs/decisions/0008`.

mod api;
mod client;
mod face;
#[cfg(feature = "apigatewayv2")]
mod http;
#[cfg(feature = "apigateway")]
mod keys;
mod mark;
mod page;
mod permissions;
#[cfg(feature = "apigateway")]
mod problem;
#[cfg(feature = "apigateway")]
mod rest;

pub use client::ApiGateway;
pub use face::Face;
#[cfg(feature = "apigatewayv2")]
pub use http::GoneBackend;
#[cfg(feature = "apigateway")]
pub use keys::ApiGatewayKeys;
#[cfg(feature = "apigateway")]
pub use rest::{NoticeBy, Undeployed};
