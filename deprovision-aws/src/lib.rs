#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

#[cfg(any(feature = "apigateway", feature = "apigatewayv2"))]
mod apigateway;
mod call;
mod error;
#[cfg(feature = "iam")]
mod grants;
#[cfg(feature = "iam")]
mod iam;
#[cfg(feature = "iam")]
mod pace;
mod policy;
#[cfg(feature = "iam")]
mod policy_language;
#[cfg(feature = "s3")]
pub mod s3;
mod scope;
#[cfg(feature = "secretsmanager")]
mod secretsmanager;
#[cfg(any(feature = "cloudwatch", feature = "iam"))]
mod usage;

#[cfg(feature = "apigatewayv2")]
pub use apigateway::GoneBackend;
#[cfg(any(feature = "apigateway", feature = "apigatewayv2"))]
pub use apigateway::{ApiGateway, Face};
#[cfg(feature = "apigateway")]
pub use apigateway::{ApiGatewayKeys, NoticeBy, Undeployed};
#[cfg(feature = "iam")]
pub use grants::{
    Footprint, FootprintError, FoundGrant, GrantSurvey, IamGrants, ServiceLastAccessed,
};
#[cfg(feature = "iam")]
pub use iam::{IamAccessKeys, Outcomes, States};
#[cfg(feature = "iam")]
pub use pace::{Pace, PaceError};
pub use policy::{NeededPolicy, NeededStatement};
pub use scope::{Scope, ScopeError};
#[cfg(feature = "secretsmanager")]
pub use secretsmanager::Secrets;
#[cfg(feature = "iam")]
pub use usage::LastUsedKeys;
#[cfg(feature = "cloudwatch")]
pub use usage::{CloudWatchMetric, CloudWatchUsage};
