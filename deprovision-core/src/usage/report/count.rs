//! Counted requests.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;
use crate::usage::Days;

/// Requests by the class of their answer's status (RFC 9110, section 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StatusCounts {
    /// 1xx.
    #[serde(skip_serializing_if = "is_zero")]
    pub informational: u64,
    /// 2xx.
    #[serde(skip_serializing_if = "is_zero")]
    pub success: u64,
    /// 3xx.
    #[serde(skip_serializing_if = "is_zero")]
    pub redirect: u64,
    /// 4xx.
    #[serde(skip_serializing_if = "is_zero")]
    pub client_error: u64,
    /// 5xx.
    #[serde(skip_serializing_if = "is_zero")]
    pub server_error: u64,
    /// Without a status, or with one of no class.
    #[serde(skip_serializing_if = "is_zero")]
    pub other: u64,
}

impl StatusCounts {
    /// The count that a status belongs to.
    pub fn of(&mut self, status: Option<u16>) -> &mut u64 {
        match status.map(|status| status / 100) {
            Some(1) => &mut self.informational,
            Some(2) => &mut self.success,
            Some(3) => &mut self.redirect,
            Some(4) => &mut self.client_error,
            Some(5) => &mut self.server_error,
            _ => &mut self.other,
        }
    }

    /// 4xx and 5xx.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.client_error.saturating_add(self.server_error)
    }

    fn merge(&mut self, other: &Self) {
        add(&mut self.informational, other.informational);
        add(&mut self.success, other.success);
        add(&mut self.redirect, other.redirect);
        add(&mut self.client_error, other.client_error);
        add(&mut self.server_error, other.server_error);
        add(&mut self.other, other.other);
    }
}

/// Requests, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Traffic {
    /// How many, with those whose time is not known.
    pub requests: u64,
    /// How they were answered.
    pub statuses: StatusCounts,
    /// Bytes that were sent, as far as the log tells.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// When the first was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When the last was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// How many there were each day.
    #[serde(skip_serializing_if = "Days::is_empty")]
    pub days: Days,
    /// Requests that are stamped later than when they were read: a clock was wrong,
    /// and they may be of any time.
    #[serde(skip_serializing_if = "is_zero")]
    pub undated: u64,
}

impl Traffic {
    /// Adds all that another one has.
    pub fn merge(&mut self, other: &Self) {
        add(&mut self.requests, other.requests);
        self.statuses.merge(&other.statuses);
        add(&mut self.bytes, other.bytes);
        self.first_seen = match (self.first_seen, other.first_seen) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last_seen = self.last_seen.max(other.last_seen);
        self.days.merge(&other.days);
        add(&mut self.undated, other.undated);
    }

    /// Whether there is no request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests == 0
    }
}

pub(super) fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}
