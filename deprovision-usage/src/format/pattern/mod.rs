//! Formats that a server's configuration spells out with variables: nginx's
//! `log_format`, Envoy's format strings, API Gateway's access log formats.

mod compile;
mod error;
mod known;
mod notation;
mod read;
#[cfg(test)]
mod tests;
mod variable;

pub use error::PatternError;
pub(super) use read::Pattern;
