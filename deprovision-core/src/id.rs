//! Names of things, parsed once and never mistaken for one another.
//!
//! Every id is a newtype that can only be made by parsing, so a function that
//! takes an [`ApiId`] can not be handed a person's name. (Atlassian, 2022: an
//! endpoint that took application ids *or* site ids deleted 883 customer sites.)

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest id accepted, in bytes.
pub const MAX_ID_BYTES: usize = 256;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {kind}: {reason}")]
pub struct ParseIdError {
    kind: &'static str,
    value: String,
    reason: &'static str,
}

impl ParseIdError {
    pub(crate) fn new(kind: &'static str, value: &str, reason: &'static str) -> Self {
        // A hostile value must not turn an error message into a flood.
        let value = value.chars().take(80).collect();
        Self {
            kind,
            value,
            reason,
        }
    }

    /// What the text should have been, for example `API id`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Checks the form shared by all ids.
fn check(kind: &'static str, value: &str) -> Result<(), ParseIdError> {
    let fail = |reason| Err(ParseIdError::new(kind, value, reason));
    if value.is_empty() {
        return fail("it is empty");
    }
    if value.len() > MAX_ID_BYTES {
        return fail("it is longer than 256 bytes");
    }
    if !value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-/@:+#".contains(c))
    {
        return fail("only ASCII letters, digits and . _ - / @ : + # are allowed");
    }
    if !value.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return fail("it must start with a letter or a digit");
    }
    if value.split('/').any(|part| part == ".." || part == ".") {
        return fail("it must not contain the path segments . or ..");
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses the id.
            ///
            /// # Errors
            /// [`ParseIdError`] when the text is empty, longer than
            /// [`MAX_ID_BYTES`], or holds a character that ids do not allow.
            pub fn parse(value: impl Into<String>) -> Result<Self, ParseIdError> {
                let value = value.into();
                check($kind, &value)?;
                Ok(Self(value))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(value: &str) -> Result<Self, ParseIdError> {
                Self::parse(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = String::deserialize(deserializer)?;
                Self::parse(value).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One API (one version of it) in the catalog, for example `orders-v1`.
    ApiId = "API id";
    /// One retirement of one API; also the name of its event stream.
    RetirementId = "retirement id";
    /// One step of a pipeline, for example `disable-credentials`.
    StepId = "step id";
    /// One action of one step on one target, unique in its retirement.
    ActionId = "action id";
    /// A person (or an accountable group) by a stable handle, for example `dana@example.com`.
    PersonId = "person id";
    /// A role that a person can hold, for example `security`.
    Role = "role";
    /// Who calls an API: an API key id, a client address, a token's subject.
    CallerId = "caller id";
    /// The adapter that a resource lives behind, for example `keyfile` or `aws-iam`.
    ProviderId = "provider id";
    /// One worker process that drives retirements.
    WorkerId = "worker id";
    /// One objection to one retirement.
    ObjectionId = "objection id";
    /// One answer of one person to one notice.
    AnswerId = "answer id";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_text() {
        assert_eq!(ApiId::parse("orders-v1").unwrap().as_str(), "orders-v1");
        assert_eq!(
            ApiId::parse("default/orders").unwrap().to_string(),
            "default/orders"
        );
    }

    #[test]
    fn what_could_break_a_path_or_a_log_is_no_id() {
        for bad in [
            "",
            " ",
            "a b",
            "../x",
            "a/../b",
            "a\nb",
            "-x",
            "\u{202e}x",
            "ключ",
        ] {
            assert!(ApiId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(ApiId::parse("x".repeat(MAX_ID_BYTES + 1)).is_err());
    }

    #[test]
    fn reading_an_id_from_json_parses_it() {
        assert!(serde_json::from_str::<StepId>("\"close\"").is_ok());
        assert!(serde_json::from_str::<StepId>("\"a b\"").is_err());
    }
}
