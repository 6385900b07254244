//! What one reading of some records counted.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::id::CallerId;
use crate::time::{Timestamp, Window};
use crate::usage::{CallerCounts, Demand, Endpoint, Stretches, Unmatched};

/// What one reading of some records of one source counted. It is never changed
/// after that; reports are sets of shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Shard {
    /// What was read: [`Shard::identify`]. Two shards with one id are one.
    pub id: Digest,
    /// The name of the source, as catalogs give it.
    pub source: String,
    /// The files or streams.
    pub inputs: Vec<Input>,
    /// Only lines of this window were counted; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// When it was read, by the reader's clock: everything in it was written before.
    pub read_at: Timestamp,
    /// How many lines are well formed.
    pub lines: u64,
    /// When lines were written: what proves that the source was alive.
    pub seen: Stretches,
    /// Lines that are stamped later than `read_at`.
    #[serde(default, skip_serializing_if = "super::count::is_zero")]
    pub future: u64,
    /// The lines that are not well formed.
    #[serde(default)]
    pub malformed: Malformed,
    /// What could not be read, in words: a file that is missing or damaged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// How many callers there are about, where not all of them are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callers_about: Option<u64>,
    /// The callers, each once.
    #[serde(skip)]
    pub callers: Vec<CallerId>,
    /// What was counted, and for whom.
    #[serde(skip)]
    pub endpoints: BTreeMap<Endpoint, (Demand, CallerCounts)>,
    /// What fits no API.
    #[serde(skip)]
    pub unmatched: Vec<Unmatched>,
}

impl Shard {
    /// A shard in which nothing is counted yet.
    ///
    /// # Errors
    /// [`CanonicalError`] when an input is larger than 2^53 - 1 bytes.
    pub fn new(
        source: impl Into<String>,
        inputs: Vec<Input>,
        window: Option<Window>,
        read_at: Timestamp,
    ) -> Result<Self, CanonicalError> {
        let source = source.into();
        Ok(Self {
            id: Self::identify(&source, &inputs, window)?,
            source,
            inputs,
            window,
            read_at,
            lines: 0,
            seen: Stretches::default(),
            future: 0,
            malformed: Malformed::default(),
            missing: Vec::new(),
            callers_about: None,
            callers: Vec::new(),
            endpoints: BTreeMap::new(),
            unmatched: Vec::new(),
        })
    }

    /// The id of what is read: the same for the same inputs on any machine, under
    /// whatever name they are kept.
    ///
    /// # Errors
    /// [`CanonicalError`] when an input is larger than 2^53 - 1 bytes.
    pub fn identify(
        source: &str,
        inputs: &[Input],
        window: Option<Window>,
    ) -> Result<Digest, CanonicalError> {
        let mut parts: Vec<(Digest, u64)> = inputs.iter().map(|i| (i.begins, i.bytes)).collect();
        parts.sort_unstable();
        Digest::of_value("deprovision/usage-shard/v1", &(source, parts, window))
    }
}

/// One file or stream that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Input {
    /// Its name, for people.
    pub name: String,
    /// The digest of its beginning, unpacked: what tells it from any other, also
    /// after it was renamed, packed or grew.
    pub begins: Digest,
    /// How long it was, unpacked.
    pub bytes: u64,
}

impl Input {
    /// How many bytes of the beginning the digest is over, at most.
    pub const BEGINNING: usize = 4096;

    /// An input that begins with these bytes.
    #[must_use]
    pub fn new(name: impl Into<String>, beginning: &[u8], bytes: u64) -> Self {
        let beginning = beginning.get(..Self::BEGINNING).unwrap_or(beginning);
        Self {
            name: name.into(),
            begins: Digest::of_bytes(beginning),
            bytes,
        }
    }
}

/// The lines of a source that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Malformed {
    /// How many.
    pub lines: u64,
    /// Those that may be calls of any API, where it is known about when they were
    /// written.
    #[serde(skip_serializing_if = "Stretches::is_empty")]
    pub unreadable: Stretches,
    /// Those that may be calls of any API at any time.
    #[serde(skip_serializing_if = "super::count::is_zero")]
    pub unreadable_undated: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<MalformedSample>,
}

impl Malformed {
    /// How many lines are shown.
    pub const MAX_SAMPLES: usize = 20;
}

/// One line that could not be read. Its text is not kept: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MalformedSample {
    /// In which file.
    pub file: String,
    /// In which line, counted from one.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl MalformedSample {
    /// A line and what is wrong with it.
    #[must_use]
    pub fn new(file: impl Into<String>, line: u64, reason: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for MalformedSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}
