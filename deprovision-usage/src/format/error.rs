//! Why a name stands for no format.

use super::suggest::shown;
use super::{JsonFieldsError, PatternError};

/// Why a name stands for no format, or a field for no caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// No format has that name.
    #[error(
        "{name:?} is no log format{}; the formats are combined, nginx:PATTERN, envoy, envoy:PATTERN, alb, apigateway, apigateway:PATTERN, json, json:PART=FIELD,..., cloudtrail",
        shown(meant.as_deref())
    )]
    Unknown {
        /// The name.
        name: String,
        /// What may have been meant.
        meant: Option<String>,
    },
    /// The format takes nothing behind its name.
    #[error("the log format {name:?} takes nothing behind a colon; write {name} alone")]
    NoArgument {
        /// The format's name.
        name: &'static str,
    },
    /// The format's lines have no field to choose.
    #[error("the lines of the {format} have fixed fields, and none can be named as the caller's")]
    FixedFields {
        /// The format.
        format: &'static str,
    },
    /// The pattern is none.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The fields of JSON lines are none.
    #[error(transparent)]
    JsonFields(#[from] JsonFieldsError),
}
