//! What was found.

use serde::{Deserialize, Serialize};

use super::overlap::Overlap;
use crate::id::ApiId;

/// All that was found, and what was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redundancy {
    /// APIs that are the same, in the order of their first ids.
    pub identical: Vec<Identical>,
    /// APIs that are much the same, in the order of their ids. Of APIs that are
    /// [identical](Self::identical), the first stands for all.
    pub similar: Vec<Similar>,
    /// What was looked at, and what was not.
    pub scope: Scope,
}

/// APIs with exactly the same operations and, as far as known, the same fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Identical {
    /// The APIs, two or more, in the order of their ids.
    pub apis: Vec<ApiId>,
    /// How many operations each has.
    pub operations: usize,
    /// Whether the fields of their bodies are known, and the same.
    pub fields_known: bool,
    /// Up to five of the operations.
    pub examples: Vec<String>,
    /// Whether all are versions of one API, which are expected to be alike.
    pub version_of: bool,
}

/// Two APIs that are much the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Similar {
    /// The API whose id comes first.
    pub a: ApiId,
    /// The other.
    pub b: ApiId,
    /// What they have in common of their operations.
    pub operations: Overlap,
    /// What they have in common of the fields of their bodies, where both are known.
    /// Of an API with very many, a sample is compared (see
    /// [`Vocabulary`](crate::catalog::Vocabulary)).
    pub fields: Option<Overlap>,
    /// Up to five of the operations that both have, as they were compared:
    /// `GET /order/{}`.
    pub shared: Vec<String>,
    /// Whether they are versions of one API, which are expected to be alike: their ids
    /// differ in nothing but a version, or one leads to the other by `successor`.
    pub version_of: bool,
    /// How many other APIs are identical to `a`.
    pub same_as_a: usize,
    /// How many other APIs are identical to `b`.
    pub same_as_b: usize,
}

/// What was looked at, and what was given up so that the work stays bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scope {
    /// APIs that were compared.
    pub compared: usize,
    /// APIs with fewer operations than the rule asks for, which were not.
    pub too_small: usize,
    /// Pairs that were similar, and are not among the most similar of either.
    pub left_out: u64,
    /// At most so many pairs were not compared, because too many different APIs agreed
    /// in the same part of their sketches: of those, each was compared with the hundred
    /// that follow it in the order of their operations.
    pub not_compared: u64,
}
