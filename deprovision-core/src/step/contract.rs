//! The contract of a step.

use async_trait::async_trait;

use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{
    Delivery, EffectClass, Notice, NoticeStage, Outcome, ProviderError, Reversibility,
};
use crate::resource::NoticeId;
use crate::retirement::Reading;
use crate::step::{StepContext, WriteAuthority};

/// What a step says of itself. The engine compares it with the pipeline that
/// names the step: neither can call irreversible things reversible alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepDescription {
    /// What it does, for a person.
    pub title: String,
    /// Whether it can be taken back.
    pub reversibility: Reversibility,
    /// Why repeating it is safe.
    pub effect: EffectClass,
}

impl StepDescription {
    /// A description.
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        reversibility: Reversibility,
        effect: EffectClass,
    ) -> Self {
        Self {
            title: title.into(),
            reversibility,
            effect,
        }
    }
}

/// What a step would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StepPlan {
    /// One action a target; none when there is nothing to do.
    pub actions: Vec<Action>,
    /// What whoever approves should know.
    pub notes: Vec<String>,
    /// What could not be seen.
    pub gaps: Vec<String>,
}

impl StepPlan {
    /// A plan without notes.
    #[must_use]
    pub fn new(actions: Vec<Action>) -> Self {
        Self {
            actions,
            notes: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// The plan with one more thing to know.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The plan with one more thing that could not be seen.
    #[must_use]
    pub fn lacking(mut self, gap: impl Into<String>) -> Self {
        self.gaps.push(gap.into());
        self
    }
}

/// Tells people what stage a retirement is at, beside its steps: reminders, the last
/// call, that it is closed.
///
/// # Behaviour
/// What every implementation keeps:
/// - `notices` sends nothing, and gives each notice the same id each time.
/// - `send` twice is `send` once, as for any [`Notifier`](crate::provider::Notifier).
#[async_trait]
pub trait Teller: Send + Sync {
    /// What there is to send at a stage, one notice a person. For a last call the
    /// context has fresh usage.
    async fn notices(
        &self,
        stage: NoticeStage,
        cx: &StepContext<'_>,
    ) -> Result<Vec<Notice>, ProviderError>;

    /// Sends one of them.
    async fn send(&self, notice: &Notice, permit: &WritePermit) -> Result<Outcome, ProviderError>;

    /// What became of one of them.
    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError>;
}

/// One step of a pipeline, as code.
///
/// # Behaviour
/// What every implementation keeps:
/// - `plan` and `observe` change nothing.
/// - `plan` gives the same actions for the same world: what is there and is not
///   in the approved plan stops the run (invariants I-12 and I-18).
/// - `plan` gives no actions for an empty selection, never *all*; what it can not
///   enumerate completely is an error.
/// - `apply` says [`Outcome::Unknown`] when the effect may have happened, and an
///   error only when it certainly did not.
/// - `observe` does not trust what `apply` said (invariant I-10), and says
///   `NotApplied` with all that `undo` needs.
/// - `undo` after `undo` changes nothing.
#[async_trait]
pub trait Step: Send + Sync {
    /// What the step is.
    fn describe(&self) -> StepDescription;

    /// What it would do now.
    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError>;

    /// Does one action.
    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError>;

    /// Looks whether the action's effect is there.
    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError>;

    /// Restores what was there before, as [`ActionRun::before`](crate::retirement::ActionRun) has it.
    /// Never called for what is irreversible.
    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Who tells people what stage the retirement is at, where this step has told them
    /// of it first.
    fn teller(&self) -> Option<&dyn Teller> {
        None
    }

    /// Looks whether the undo took effect: `NotApplied` when it did. What was
    /// sent to people stays sent, so that a step whose undo is another message
    /// has to look for that message.
    async fn observe_undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        self.observe(action, cx).await
    }
}
