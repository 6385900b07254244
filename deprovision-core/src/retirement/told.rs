//! Who was told something, who was not, and what did not arrive.

use serde::{Deserialize, Serialize};

use crate::id::PersonId;
use crate::resource::NoticeId;

/// A person whose notice was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Told {
    /// Who.
    pub person: PersonId,
    /// Which notice: what became of it is asked for by its id.
    pub notice: NoticeId,
}

impl Told {
    /// A person who was told.
    #[must_use]
    pub fn new(person: PersonId, notice: NoticeId) -> Self {
        Self { person, notice }
    }
}

/// A person whose notice was not handed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Untold {
    /// Who.
    pub person: PersonId,
    /// Why not.
    pub why: String,
}

impl Untold {
    /// A person who was not told.
    #[must_use]
    pub fn new(person: PersonId, why: impl Into<String>) -> Self {
        Self {
            person,
            why: why.into(),
        }
    }
}

/// A notice that was handed over and did not arrive, or of which nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Undelivered {
    /// Which.
    pub notice: NoticeId,
    /// Why not.
    pub why: String,
}

impl Undelivered {
    /// A notice that did not arrive.
    #[must_use]
    pub fn new(notice: NoticeId, why: impl Into<String>) -> Self {
        Self {
            notice,
            why: why.into(),
        }
    }
}
