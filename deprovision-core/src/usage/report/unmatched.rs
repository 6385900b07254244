//! Requests that fit no API of the catalog.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::count::add;
use crate::id::CallerId;
use crate::usage::Demand;

/// Requests that fit no API of the catalog and look like one path template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Unmatched {
    /// The host they asked for, where the log tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The inferred template; `/**` for what did not fit into the table.
    pub template: String,
    /// Requests by method.
    pub methods: BTreeMap<String, u64>,
    /// How many requests, when, and how they were answered.
    pub demand: Demand,
    /// Some of the callers, at most [`Unmatched::MAX_CALLERS`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub callers: BTreeSet<CallerId>,
}

impl Unmatched {
    /// How many callers are kept as examples.
    pub const MAX_CALLERS: usize = 20;

    /// Requests for a template on a host.
    #[must_use]
    pub fn new(host: Option<String>, template: impl Into<String>) -> Self {
        Self {
            host,
            template: template.into(),
            ..Self::default()
        }
    }

    /// Adds all that another one has; the callers that are kept are the first ones
    /// in the order of their ids.
    pub fn merge(&mut self, other: &Self) {
        for (method, requests) in &other.methods {
            add(self.methods.entry(method.clone()).or_default(), *requests);
        }
        self.demand.merge(&other.demand);
        self.callers.extend(other.callers.iter().cloned());
        while self.callers.len() > Self::MAX_CALLERS {
            self.callers.pop_last();
        }
    }
}
