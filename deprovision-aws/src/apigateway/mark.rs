//! What we write into the description of something of ours at AWS: how the path is
//! set, and what was there before. It is all that we keep, so that whoever comes
//! later, from anywhere, can read the state and take it back.

use deprovision_core::provider::{PathState, ProviderError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::invalid;

/// How a description of ours begins. The number is the format's.
const PREFIX: &str = "deprovision/1 ";
/// How descriptions of ours begin in every format.
const FAMILY: &str = "deprovision/";
/// The longest description, in characters. Version 2 of API Gateway refuses longer
/// ones; version 1 names no limit.
const MAX_CHARS: usize = 1024;

/// A description of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark<B> {
    /// How the path was set.
    pub(crate) state: PathState,
    /// What was there before it was set.
    pub(crate) before: B,
}

/// Whose description it is, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose<M> {
    /// Not ours.
    Theirs,
    /// Ours.
    Ours(M),
    /// Ours by its first word, but it can not be read: a later format, or it was cut
    /// or edited.
    Unreadable,
}

impl<B: Serialize> Mark<B> {
    /// The description.
    ///
    /// # Errors
    /// When it would be too long to be kept.
    pub(crate) fn write(&self, operation: &str) -> Result<String, ProviderError> {
        describe(operation, self, "the notice", "shorten its URLs")
    }
}

/// A description of ours that says `what`. Where it is too long, the error says what a
/// person can do.
pub(crate) fn describe(
    operation: &str,
    ours: &impl Serialize,
    what: &str,
    remedy: &str,
) -> Result<String, ProviderError> {
    let json = serde_json::to_string(ours).map_err(|error| {
        invalid(operation, "the state can not be written as JSON").with_source(error)
    })?;
    let text = format!("{PREFIX}{json}");
    if text.chars().count() > MAX_CHARS {
        return Err(invalid(
            operation,
            format!(
                "{what} is too long to be kept in a description of {MAX_CHARS} characters; {remedy}"
            ),
        ));
    }
    Ok(text)
}

impl<M: DeserializeOwned> Whose<M> {
    /// Reads a description.
    pub(crate) fn of(description: Option<&str>) -> Self {
        let text = description.unwrap_or_default();
        match text.strip_prefix(PREFIX) {
            Some(json) => serde_json::from_str(json).map_or(Self::Unreadable, Self::Ours),
            None if text.starts_with(FAMILY) => Self::Unreadable,
            None => Self::Theirs,
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use deprovision_core::provider::GoneNotice;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Before = BTreeMap<String, String>;

    fn mark(title: &str) -> Mark<Before> {
        Mark {
            state: PathState::Closed {
                notice: GoneNotice::new(title),
            },
            before: Before::from([("prod".into(), "d1".into())]),
        }
    }

    #[test]
    fn a_description_of_somebody_else_is_theirs_and_a_broken_one_of_ours_is_unreadable() {
        for theirs in [None, Some(""), Some("nightly"), Some("Deprovision/1 {}")] {
            assert_eq!(
                Whose::<Mark<Before>>::of(theirs),
                Whose::Theirs,
                "{theirs:?}"
            );
        }
        for broken in ["deprovision/1 {", "deprovision/2 {}", "deprovision/1 {}"] {
            assert_eq!(Whose::<Mark<Before>>::of(Some(broken)), Whose::Unreadable);
        }
    }

    #[test]
    fn a_notice_that_can_not_be_kept_is_refused() {
        assert!(mark(&"x".repeat(1000)).write("set").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(title in ".{1,60}") {
            let mark = mark(&title);
            let text = mark.write("set").unwrap();
            prop_assert_eq!(Whose::of(Some(&text)), Whose::Ours(mark));
        }
    }
}
