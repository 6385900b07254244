#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

#[cfg(any(feature = "apigateway", feature = "apigatewayv2"))]
mod apigateway;
mod call;
mod error;
mod policy;
mod scope;

#[cfg(feature = "apigatewayv2")]
pub use apigateway::GoneBackend;
#[cfg(any(feature = "apigateway", feature = "apigatewayv2"))]
pub use apigateway::{ApiGateway, Face};
#[cfg(feature = "apigateway")]
pub use apigateway::{NoticeBy, Undeployed};
pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
