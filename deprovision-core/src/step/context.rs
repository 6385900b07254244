//! What a step may know.

use crate::catalog::Api;
use crate::id::{ActionId, ParseIdError, RetirementId};
use crate::observation::Observation;
use crate::permit::WaivedGrants;
use crate::pipeline::StepSpec;
use crate::plan::Action;
use crate::policy::Policy;
use crate::resource::ResourceRef;
use crate::retirement::{ActionRun, Retirement};
use crate::time::Timestamp;
use crate::usage::UsageEvidence;

/// What a step may know when it is called.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StepContext<'a> {
    /// Which retirement.
    pub id: &'a RetirementId,
    /// The retirement so far.
    pub retirement: &'a Retirement,
    /// The API: when a plan is made, as the catalog knows it now, else as it was planned.
    pub api: &'a Api,
    /// The step, as the pipeline has it.
    pub step: &'a StepSpec,
    /// Who called lately, for planning; empty at every other time.
    pub usage: &'a [Observation<UsageEvidence>],
    /// The moment, never before anything in the log.
    pub now: Timestamp,
}

impl<'a> StepContext<'a> {
    /// For tests of steps: a context without usage. The engine makes its own.
    #[must_use]
    pub fn new(
        id: &'a RetirementId,
        retirement: &'a Retirement,
        step: &'a StepSpec,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            retirement,
            api: retirement.api(),
            step,
            usage: &[],
            now: retirement.forward(now),
        }
    }

    /// What comes instead of the API.
    #[must_use]
    pub fn successor(&self) -> Option<&'a Api> {
        self.retirement.successor()
    }

    /// What the organisation demands.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.retirement.policy()
    }

    /// The grants that may stay now (invariant I-6).
    #[must_use]
    pub fn waived(&self) -> WaivedGrants {
        self.retirement.waived(self.now)
    }

    /// The course of an action so far.
    #[must_use]
    pub fn run(&self, action: &Action) -> Option<&'a ActionRun> {
        self.retirement.actions().get(&action.id)
    }

    /// The action of this step on a target: one target, one action, and the same
    /// id whenever the plan is made again.
    ///
    /// # Errors
    /// [`ParseIdError`], which no step of a pipeline gives.
    pub fn action(
        &self,
        target: impl Into<ResourceRef>,
        summary: impl Into<String>,
    ) -> Result<Action, ParseIdError> {
        let target = target.into();
        let kind = target.kind().replace(' ', "-");
        let readable = format!("{}/{kind}/{}", self.step.id, target.locator());
        // A name with spaces, or a long one, is no id; its digest is.
        let id = ActionId::parse(readable).or_else(|_| {
            let name = target.locator().to_string();
            let digest = crate::digest::Digest::of_bytes(name.as_bytes()).to_hex();
            ActionId::parse(format!("{}/{kind}/{}", self.step.id, &digest[..32]))
        })?;
        Ok(Action::new(id, target, summary))
    }
}
