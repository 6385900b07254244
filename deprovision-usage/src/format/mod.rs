//! The formats of access logs: each reads one line, a pure function over bytes.

mod alb;
mod cloud_trail;
mod detect;
mod draft;
mod error;
mod json;
mod known;
mod named;
mod pattern;
mod records;
mod suggest;
#[cfg(test)]
mod tests;
mod time;
mod two;

pub use detect::{DetectError, Detection, Misfit, detect};
pub use error::FormatError;
pub(crate) use json::Shapes;
pub use json::{JsonField, JsonFields, JsonFieldsError};
pub use known::Format;
pub use pattern::PatternError;
pub use records::{Records, RecordsError};
