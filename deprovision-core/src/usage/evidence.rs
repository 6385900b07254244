//! What one source saw of one API in one window.

use serde::{Deserialize, Serialize};

use crate::id::{ApiId, CallerId};
use crate::time::{Timestamp, Window};

/// What one usage source saw of one API in one window.
///
/// Refused calls (401, 403, 410) count as demand like any other: somebody still
/// wants the API. How complete the evidence is travels in the
/// [`Observation`](crate::observation::Observation) around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UsageEvidence {
    /// Of what.
    pub api: ApiId,
    /// By which source, for a person.
    pub source: String,
    /// In which window.
    pub window: Window,
    /// All requests in the window.
    pub requests: u64,
    /// The newest request there is, also when it lies before the window; `None`
    /// when the source has none at all.
    pub last_seen: Option<Timestamp>,
    /// Who called in the window, the busiest first. Exact, never a sketch.
    pub callers: Vec<CallerUse>,
    /// How far the source's records reach: nothing is known after this moment.
    pub watermark: Timestamp,
}

impl UsageEvidence {
    /// Evidence without callers.
    #[must_use]
    pub fn new(
        api: ApiId,
        source: impl Into<String>,
        window: Window,
        requests: u64,
        last_seen: Option<Timestamp>,
        watermark: Timestamp,
    ) -> Self {
        Self {
            api,
            source: source.into(),
            window,
            requests,
            last_seen,
            callers: Vec::new(),
            watermark,
        }
    }
}

/// One caller in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CallerUse {
    /// Who.
    pub caller: CallerId,
    /// How often.
    pub requests: u64,
    /// When first in the window, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When last.
    pub last_seen: Timestamp,
    /// Which routes (`GET /v1/orders`), the busiest first, where the source tells; at most
    /// [`Self::MOST_ROUTES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
}

impl CallerUse {
    /// So many routes of one caller are evidence; a log need not hold more.
    pub const MOST_ROUTES: usize = 10;

    /// A caller's use.
    #[must_use]
    pub fn new(caller: CallerId, requests: u64, last_seen: Timestamp) -> Self {
        Self {
            caller,
            requests,
            first_seen: None,
            last_seen,
            routes: Vec::new(),
        }
    }

    /// The same use, with its beginning.
    #[must_use]
    pub fn first_seen_at(mut self, first_seen: Timestamp) -> Self {
        self.first_seen = Some(first_seen);
        self
    }
}
