#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

#[cfg(feature = "apigateway")]
#[cfg(any(feature = "apigateway", feature = "apigatewayv2"))]
mod apigateway;
mod call;
mod error;
#[cfg(feature = "iam")]
mod iam;
mod pace;
mod grants;
mod policy;
#[cfg(feature = "iam")]
mod policy_language;
mod scope;
#[cfg(any(feature = "cloudwatch", feature = "iam"))]
mod usage;
#[cfg(feature = "secretsmanager")]
mod secretsmanager;

#[cfg(feature = "apigateway")]
pub use apigateway::ApiGatewayKeys;
#[cfg(feature = "iam")]
pub use iam::{DedicatedUsers, IamAccessKeys, Outcomes, States};
pub use pace::{Pace, PaceError};
#[cfg(feature = "iam")]
pub use grants::{
    Footprint, FootprintError, FoundGrant, GrantSurvey, IamGrants, ServiceLastAccessed,
};
#[cfg(feature = "apigatewayv2")]
pub use apigateway::GoneBackend;
#[cfg(any(feature = "apigateway", feature = "apigatewayv2"))]
pub use apigateway::{ApiGateway, Face};
#[cfg(feature = "apigateway")]
pub use apigateway::{NoticeBy, Undeployed};
pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
#[cfg(feature = "iam")]
pub use usage::LastUsedKeys;
#[cfg(feature = "cloudwatch")]
pub use usage::{CloudWatchMetric, CloudWatchUsage};
#[cfg(feature = "secretsmanager")]
pub use secretsmanager::Secrets;
