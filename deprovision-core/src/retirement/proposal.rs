//! What somebody asks for when they propose to retire an API.

use serde::{Deserialize, Serialize};

use crate::catalog::Api;
use crate::id::PersonId;
use crate::pipeline::Pipeline;
use crate::policy::Policy;

/// A proposal to retire an API, under a policy and along a pipeline that stay
/// with the retirement: changing a file later never changes a run in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Proposal {
    /// What goes.
    pub api: Api,
    /// What comes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Api>,
    /// Who proposes it. They can not approve it.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// What the organisation demands.
    pub policy: Policy,
    /// Which steps, in which order.
    pub pipeline: Pipeline,
}

impl Proposal {
    /// A proposal without a successor.
    #[must_use]
    pub fn new(
        api: Api,
        by: PersonId,
        reason: impl Into<String>,
        policy: Policy,
        pipeline: Pipeline,
    ) -> Self {
        Self {
            api,
            successor: None,
            by,
            reason: reason.into(),
            policy,
            pipeline,
        }
    }

    /// The proposal with what comes instead.
    #[must_use]
    pub fn with_successor(mut self, successor: Api) -> Self {
        self.successor = Some(successor);
        self
    }
}
