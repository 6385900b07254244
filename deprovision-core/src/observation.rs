//! What was seen, when, and how much of it: unknown is not zero, an error is
//! not absence, partial is not complete (invariant I-9).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a read of the outside world brought back.
///
/// There is no `Default`, no `unwrap_or(0)` and no way to the value that does not
/// also show `as_of` and `coverage`.
///
/// ```
/// use deprovision_core::{observation::Observation, time::Timestamp};
/// let seen = Observation::complete(3, Timestamp::UNIX_EPOCH);
/// assert_eq!(seen.known_completely(), Some(&3));
/// let unseen: Observation<u64> = Observation::unknown("the log has a gap");
/// assert_eq!(unseen.known_completely(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a third answer must fail to compile wherever an observation decides something"
)]
pub enum Observation<T> {
    /// The source answered.
    Known {
        /// What it said.
        value: T,
        /// The moment the answer describes.
        as_of: Timestamp,
        /// How much of what was asked the answer covers.
        coverage: Coverage,
    },
    /// The source could not say.
    Unknown {
        /// Why, for a person.
        why: String,
    },
}

impl<T> Observation<T> {
    /// An answer that covers all that was asked.
    pub fn complete(value: T, as_of: Timestamp) -> Self {
        Self::Known {
            value,
            as_of,
            coverage: Coverage::Complete,
        }
    }

    /// An answer that covers only a part.
    pub fn partial(value: T, as_of: Timestamp, missing: impl Into<String>) -> Self {
        Self::Known {
            value,
            as_of,
            coverage: Coverage::Partial {
                missing: missing.into(),
            },
        }
    }

    /// No answer.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// The value, only when the answer covers all that was asked.
    pub fn known_completely(&self) -> Option<&T> {
        match self {
            Self::Known {
                value,
                coverage: Coverage::Complete,
                ..
            } => Some(value),
            Self::Known {
                coverage: Coverage::Partial { .. },
                ..
            }
            | Self::Unknown { .. } => None,
        }
    }

    /// Changes the value and keeps when and how completely it was seen.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Observation<U> {
        match self {
            Self::Known {
                value,
                as_of,
                coverage,
            } => Observation::Known {
                value: change(value),
                as_of,
                coverage,
            },
            Self::Unknown { why } => Observation::Unknown { why },
        }
    }

    /// Why the value can not be relied on, when it can not.
    pub fn doubt(&self) -> Option<String> {
        match self {
            Self::Known {
                coverage: Coverage::Complete,
                ..
            } => None,
            Self::Known {
                coverage: Coverage::Partial { missing },
                ..
            } => Some(format!("only a part was seen: {missing}")),
            Self::Unknown { why } => Some(why.clone()),
        }
    }
}

/// How much of what was asked an answer covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "partial is not complete; nothing lies between"
)]
pub enum Coverage {
    /// All of it: every page, every hour, every region.
    Complete,
    /// Not all of it.
    Partial {
        /// What is missing, for a person.
        missing: String,
    },
}

/// Evidence that the reader could still see: the parent or a sibling of what it
/// reports as gone.
///
/// A 404 from the wrong account, or after a lost permission, looks like success;
/// so *absent* can only be said together with something that was *present* in the
/// same read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositiveControl {
    saw: String,
}

impl PositiveControl {
    /// Names what the same client still saw, for example `user ci-orders`.
    pub fn saw(what: impl Into<String>) -> Self {
        Self { saw: what.into() }
    }
}

impl fmt::Display for PositiveControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "still saw {}", self.saw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_9_partial_and_unknown_give_no_value() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(Observation::complete(0, now).known_completely(), Some(&0));
        assert_eq!(
            Observation::partial(0, now, "page 2").known_completely(),
            None
        );
        assert_eq!(
            Observation::<u8>::unknown("time-out").known_completely(),
            None
        );
        assert!(
            Observation::partial(0, now, "page 2")
                .doubt()
                .unwrap()
                .contains("page 2")
        );
    }
}
