//! Permissions that name an API: found, removed and put back.

mod account;
mod adapter;
#[cfg(feature = "s3")]
mod bucket;
mod document;
mod edit;
mod footprint;
mod footprint_of;
#[cfg(feature = "lambda")]
mod function;
mod holders;
mod home;
mod iam;
mod iam_calls;
mod inline;
mod last_accessed;
mod managed;
mod observe;
mod paging;
mod permissions;
#[cfg(feature = "apigateway")]
mod rest_api;
#[cfg(feature = "secretsmanager")]
mod secret;
mod survey;
mod target;
mod writing;

pub use adapter::IamGrants;
pub use footprint::{Footprint, FootprintError};
pub use last_accessed::ServiceLastAccessed;
pub use survey::{FoundGrant, GrantSurvey};
