#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod call;
mod change;
mod client;
mod clone;
mod credentials;
mod error;
mod estimate;
mod grants;
mod name;
mod organisation;
mod server;
mod tracking;

pub use change::{GitHubCode, GitHubDocuments};
pub use client::{Auth, GitHub, Limits};
pub use credentials::{AppInstallations, GitHubTokens};
pub use estimate::Estimate;
pub use grants::GitHubGrants;
pub use organisation::{FoundRepository, OrganisationSearch, Reach};
pub use server::Server;
pub use tracking::TrackingIssue;

/// The HTTP client below: what [`GitHub::over`] takes.
pub use octocrab::Octocrab;
