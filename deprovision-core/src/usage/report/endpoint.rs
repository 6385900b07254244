//! What was counted for one API, by its operations.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::count::{add, is_zero};
use crate::catalog::Method;
use crate::id::{ApiId, CallerId};
use crate::time::Timestamp;
use crate::usage::Traffic;

/// An operation as the catalog writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path template.
    pub path: String,
}

impl Operation {
    /// A method on a path template.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What a request was counted for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Endpoint {
    /// The API.
    pub api: ApiId,
    /// Its operation; `None` for requests that are meant for the API and fit none of
    /// its operations: another method, or a path under its prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
}

impl Endpoint {
    /// An operation of an API, or all else of it.
    #[must_use]
    pub fn new(api: ApiId, operation: Option<Operation>) -> Self {
        Self { api, operation }
    }
}

/// One caller of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct CallerCount {
    /// Who: an index into [`Shard::callers`](crate::usage::Shard::callers).
    pub caller: u32,
    /// The second of the last one (Unix time); zero when none is known.
    last: u32,
    /// How often.
    pub requests: u64,
}

impl CallerCount {
    /// A caller's requests. The time of the last one, `None` when no time is known,
    /// is kept to the second, from 1970 to 2106.
    #[must_use]
    pub fn new(caller: u32, requests: u64, last_seen: Option<Timestamp>) -> Self {
        let second = |at: Timestamp| u32::try_from(at.as_second()).unwrap_or(0);
        Self {
            caller,
            last: last_seen.map_or(0, second),
            requests,
        }
    }

    /// The same with the second of the last one (Unix time), zero when none is known.
    #[must_use]
    #[inline]
    pub fn at_second(caller: u32, requests: u64, last: u32) -> Self {
        Self {
            caller,
            last,
            requests,
        }
    }

    /// The second of the last one (Unix time); zero when none is known.
    #[must_use]
    #[inline]
    pub fn second(&self) -> u32 {
        self.last
    }

    /// When last; `None` when all requests are of unknown time.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        let at = Timestamp::from_second(i64::from(self.last)).ok();
        at.filter(|_| self.last > 0)
    }

    /// Adds the requests of another count of the same caller.
    #[inline]
    pub fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.last = self.last.max(other.last);
    }
}

/// Demand of one endpoint, with who it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Demand {
    /// Everything but bots and health checks.
    pub consumers: Traffic,
    /// Crawlers and scanners that say what they are.
    #[serde(skip_serializing_if = "Traffic::is_empty")]
    pub bots: Traffic,
    /// Load balancers, orchestrators and monitors.
    #[serde(skip_serializing_if = "Traffic::is_empty")]
    pub health_checks: Traffic,
    /// Malformed lines that hold a whole request for it; they are not among the
    /// requests, as their status or caller is not known.
    #[serde(skip_serializing_if = "is_zero")]
    pub malformed: u64,
    /// Requests of consumers who are not listed, as there were too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub unlisted: u64,
}

impl Demand {
    /// Adds all that another one has.
    pub fn merge(&mut self, other: &Self) {
        self.consumers.merge(&other.consumers);
        self.bots.merge(&other.bots);
        self.health_checks.merge(&other.health_checks);
        add(&mut self.malformed, other.malformed);
        add(&mut self.unlisted, other.unlisted);
    }

    /// The last request of anybody, bots and health checks too.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.consumers
            .last_seen
            .max(self.bots.last_seen)
            .max(self.health_checks.last_seen)
    }
}

/// Everything that was counted for one API, over all shards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ApiUse {
    /// All of it.
    pub total: Demand,
    /// By operation; `None` is what fits none.
    pub operations: BTreeMap<Option<Operation>, Demand>,
    /// How many callers each operation has; at least so many where requests of
    /// unlisted ones were counted.
    pub distinct: BTreeMap<Option<Operation>, u64>,
    /// Each caller: requests and the exact time of the last one.
    pub callers: BTreeMap<CallerId, (u64, Option<Timestamp>)>,
}

impl ApiUse {
    /// The callers with the most requests, the busiest first.
    #[must_use]
    pub fn top_callers(&self, most: usize) -> Vec<(&CallerId, u64, Option<Timestamp>)> {
        let mut all: Vec<_> = self
            .callers
            .iter()
            .map(|(caller, (requests, last))| (caller, *requests, *last))
            .collect();
        // The map is in the order of the ids, and the sort keeps that among equals.
        all.sort_by_key(|(_, requests, _)| std::cmp::Reverse(*requests));
        all.truncate(most);
        all
    }
}
