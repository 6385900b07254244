//! Where a retirement is, and how it got there.

use std::fmt;

use serde::Serialize;

use crate::engine::stream::{event_of, read_all};
use crate::engine::{Engine, EngineError, sentence};
use crate::id::{ApiId, RetirementId, StepId};
use crate::journal::{Actor, Entry, Version};
use crate::pipeline::Stage;
use crate::provider::EffectClass;
use crate::retirement::{ActionPhase, ActionRun, Explain, Next, Phase, Retirement, WaitRule};
use crate::time::Timestamp;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepStatus {
    /// It has no targets.
    Empty,
    /// Nothing was done yet.
    Waiting,
    /// Under way.
    Running,
    /// Every action is complete.
    Done,
    /// Its actions are being, or were, undone.
    Undone,
}

/// One step's progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepProgress {
    /// Which step.
    pub step: StepId,
    /// Which part of the work.
    pub stage: Stage,
    /// What it does.
    pub title: String,
    /// How far it is.
    pub status: StepStatus,
    /// How many of its actions are complete.
    pub complete: usize,
    /// How many there are.
    pub actions: usize,
}

/// Where a retirement is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// Which retirement.
    pub retirement: RetirementId,
    /// Of which API.
    pub api: ApiId,
    /// In one word.
    pub phase: Phase,
    /// The version of its log.
    pub version: Version,
    /// Each step.
    pub steps: Vec<StepProgress>,
    /// What is waited for now, each explained: the rule, what there is, what is
    /// needed, and when it is looked at again.
    pub waits: Vec<Explain>,
    /// When something can be done without a person.
    pub next_check_at: Option<Timestamp>,
}

impl Status {
    /// Whether something waits for this now.
    ///
    /// ```
    /// use deprovision_core::engine::Status;
    /// use deprovision_core::retirement::WaitRule;
    ///
    /// fn somebody_should_be_asked(status: &Status) -> bool {
    ///     status.waits_for(WaitRule::Approval) || status.waits_for(WaitRule::Parked)
    /// }
    /// ```
    #[must_use]
    pub fn waits_for(&self, rule: WaitRule) -> bool {
        self.waits.iter().any(|why| why.rule == rule)
    }
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TimelineEntry {
    /// Its position in the log.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What happened, in a sentence.
    pub what: String,
}

impl Engine {
    /// Where a retirement is now.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such retirement or its log can not be read.
    pub async fn status(&self, id: &RetirementId) -> Result<Status, EngineError> {
        let stream = self.open(id).await?;
        let state = &stream.state;
        let now = state.forward(self.clock.now());
        let (waits, next_check_at) = match state.next(now) {
            Next::Wait { until, why } => (Explain::without_order(why), until),
            Next::MakePlan
            | Next::ReadUsage { .. }
            | Next::CheckScope { .. }
            | Next::Prepare { .. }
            | Next::Act { .. }
            | Next::Observe { .. }
            | Next::Undo { .. }
            | Next::Certify
            | Next::Audit
            | Next::Tell { .. }
            | Next::SeeDeliveries => (Vec::new(), Some(now)),
            Next::Finished => (Vec::new(), None),
        };
        Ok(Status {
            retirement: stream.id.clone(),
            api: state.api().id.clone(),
            phase: state.phase(now),
            version: stream.version,
            steps: steps(state),
            waits,
            next_check_at,
        })
    }

    /// The folded state of a retirement, for whoever wants to know more than
    /// [`Engine::status`] says.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such retirement or its log can not be read.
    pub async fn retirement(&self, id: &RetirementId) -> Result<Retirement, EngineError> {
        let stream = self.open(id).await?;
        Ok(stream.state)
    }

    /// How a retirement got where it is: every event as a sentence.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such retirement or its log can not be read.
    pub async fn timeline(&self, id: &RetirementId) -> Result<Vec<TimelineEntry>, EngineError> {
        let entries = self.entries(id).await?;
        entries
            .iter()
            .map(|entry| {
                Ok(TimelineEntry {
                    version: entry.version,
                    at: entry.at,
                    actor: entry.actor.clone(),
                    what: sentence(&event_of(entry)?),
                })
            })
            .collect()
    }

    /// The whole log of a retirement, its chain checked.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such retirement or its log can not be read.
    pub async fn entries(&self, id: &RetirementId) -> Result<Vec<Entry>, EngineError> {
        read_all(self.journal.as_ref(), id).await
    }
}

/// How far each step of a retirement is.
pub(crate) fn steps(state: &Retirement) -> Vec<StepProgress> {
    let planned = |step: &StepId| state.plan().map_or(&[][..], |(plan, _)| plan.actions(step));
    let steps = state.pipeline().steps().iter();
    steps
        .map(|spec| {
            let runs: Vec<&ActionRun> = planned(&spec.id)
                .iter()
                .filter_map(|action| state.actions().get(&action.id))
                .collect();
            let complete = runs.iter().filter(|run| run.is_complete()).count();
            StepProgress {
                step: spec.id.clone(),
                stage: spec.stage,
                title: spec.title.clone(),
                status: status(&runs, complete, spec.effect),
                complete,
                actions: runs.len(),
            }
        })
        .collect()
}

fn status(runs: &[&ActionRun], complete: usize, effect: EffectClass) -> StepStatus {
    let undone = |run: &&&ActionRun| {
        matches!(
            run.phase,
            ActionPhase::UndoIntended | ActionPhase::UndoSettling | ActionPhase::Undone
        )
    };
    if runs.is_empty() {
        StepStatus::Empty
    } else if runs.iter().any(|run| undone(&run)) {
        StepStatus::Undone
    } else if complete == runs.len() {
        StepStatus::Done
    } else if complete > 0
        || runs
            .iter()
            .any(|run| run.attempts > 0 || (effect == EffectClass::Reading && run.agreeing > 0))
    {
        StepStatus::Running
    } else {
        StepStatus::Waiting
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.retirement, self.api, self.phase)?;
        for step in &self.steps {
            let mark = match step.status {
                StepStatus::Empty => continue,
                StepStatus::Waiting => ' ',
                StepStatus::Running => '~',
                StepStatus::Done => 'x',
                StepStatus::Undone => '<',
            };
            write!(
                f,
                "\n  [{mark}] {} {}/{}",
                step.title, step.complete, step.actions
            )?;
        }
        for wait in &self.waits {
            write!(
                f,
                "\n  waits ({}): {}; needed: {}",
                wait.rule, wait.have, wait.need
            )?;
            if let Some(at) = wait.next_check_at {
                write!(f, "; next look {at}")?;
            }
        }
        Ok(())
    }
}
