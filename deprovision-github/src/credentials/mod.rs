//! Credentials: tokens, and installations of an app.

mod installations;
mod tokens;

pub use installations::AppInstallations;
pub use tokens::GitHubTokens;
