//! Actions on typed targets, in the order of the pipeline.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Api;
use crate::digest::{CanonicalError, Digest};
use crate::id::{ActionId, StepId};
use crate::resource::ResourceRef;

/// One thing that one step does to one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Action {
    /// Unique in its retirement, and the same whenever the plan is made again:
    /// what was done already is found again by it.
    pub id: ActionId,
    /// To what.
    pub target: ResourceRef,
    /// What is done, for a person.
    pub summary: String,
    /// What the step needs to know beside the target; approved with the plan. No secrets.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

impl Action {
    /// An action.
    #[must_use]
    pub fn new(id: ActionId, target: ResourceRef, summary: impl Into<String>) -> Self {
        Self {
            id,
            target,
            summary: summary.into(),
            detail: Value::Null,
        }
    }

    /// The action with what the step needs to know beside the target.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// The actions of one step; none when it has nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PlannedStep {
    /// Which step.
    pub step: StepId,
    /// What it does.
    pub actions: Vec<Action>,
}

impl PlannedStep {
    /// The actions of a step.
    #[must_use]
    pub fn new(step: StepId, actions: Vec<Action>) -> Self {
        Self { step, actions }
    }
}

/// All that will be done to retire one API. Approvals are bound to its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Plan {
    /// The API as it was when the plan was made, all its faces included.
    pub api: Api,
    /// The digest of the policy it is under.
    pub policy: Digest,
    /// The digest of the pipeline it follows.
    pub pipeline: Digest,
    /// The steps in the pipeline's order.
    pub steps: Vec<PlannedStep>,
    /// What whoever approves should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What could not be seen when the plan was made, and is not promised therefore.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

impl Plan {
    /// A plan.
    #[must_use]
    pub fn new(api: Api, policy: Digest, pipeline: Digest, steps: Vec<PlannedStep>) -> Self {
        Self {
            api,
            policy,
            pipeline,
            steps,
            notes: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// The plan with what whoever approves should know.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }

    /// The plan with what could not be seen when it was made.
    #[must_use]
    pub fn with_gaps(mut self, gaps: Vec<String>) -> Self {
        self.gaps = gaps;
        self
    }

    /// The digest that approvals are bound to: any change of the plan changes it.
    ///
    /// # Errors
    /// [`CanonicalError`], which no plan of ids and texts gives.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of_value("deprovision/plan/v1", self)
    }

    /// The actions of one step.
    #[must_use]
    pub fn actions(&self, step: &StepId) -> &[Action] {
        self.steps
            .iter()
            .find(|planned| planned.step == *step)
            .map_or(&[], |planned| &planned.actions)
    }

    /// All actions with their steps, in order.
    pub fn all(&self) -> impl Iterator<Item = (&StepId, &Action)> {
        self.steps.iter().flat_map(|planned| {
            planned
                .actions
                .iter()
                .map(move |action| (&planned.step, action))
        })
    }
}
