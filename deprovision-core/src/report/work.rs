//! What was done, step by step.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::engine::{StepStatus, progress_of};
use crate::id::ActionId;
use crate::plan::Action;
use crate::report::history::History;
use crate::report::words::{Tone, When, answer, phase, when};
use crate::retirement::{ActionPhase, ActionRun};

/// All steps.
#[derive(Debug, Serialize)]
pub(super) struct Work {
    steps: Vec<StepPart>,
    /// The titles of steps without a target.
    empty: Vec<String>,
    /// Actions of plans that were voided, which may have had an effect.
    earlier: Vec<ActionPart>,
}

/// One step.
#[derive(Debug, Serialize)]
struct StepPart {
    id: String,
    stage: String,
    title: String,
    irreversible: bool,
    status: String,
    tone: Tone,
    actions: Vec<ActionPart>,
}

/// One action.
#[derive(Debug, Serialize)]
struct ActionPart {
    summary: String,
    kind: &'static str,
    target: String,
    status: &'static str,
    tone: Tone,
    evidence: String,
    at: Option<When>,
}

impl Work {
    pub(super) fn of(history: &History<'_>) -> Self {
        let state = &history.state;
        let Some((plan, _)) = state.plan() else {
            return Self {
                steps: Vec::new(),
                empty: Vec::new(),
                earlier: earlier(history),
            };
        };
        let (mut steps, mut empty) = (Vec::new(), Vec::new());
        for progress in progress_of(state) {
            let (status, tone) = match progress.status {
                StepStatus::Empty => {
                    empty.push(progress.title);
                    continue;
                }
                StepStatus::Waiting => ("not begun", Tone::Calm),
                StepStatus::Running => ("under way", Tone::Busy),
                StepStatus::Done => ("done", Tone::Good),
                StepStatus::Undone => ("undone", Tone::Calm),
            };
            let spec = state.pipeline().step(&progress.step);
            let actions = plan.actions(&progress.step).iter();
            steps.push(StepPart {
                id: progress.step.to_string(),
                stage: progress.stage.to_string(),
                title: progress.title,
                irreversible: spec.is_some_and(|spec| spec.is_irreversible()),
                status: match progress.status {
                    StepStatus::Running => {
                        format!("{} of {} done", progress.complete, progress.actions)
                    }
                    StepStatus::Empty
                    | StepStatus::Waiting
                    | StepStatus::Done
                    | StepStatus::Undone => status.to_owned(),
                },
                tone,
                actions: actions
                    .map(|action| part(action, state.actions().get(&action.id)))
                    .collect(),
            });
        }
        Self {
            steps,
            empty,
            earlier: earlier(history),
        }
    }

    /// The titles of steps without a target.
    pub(super) fn without_target(&self) -> &[String] {
        &self.empty
    }
}

fn part(action: &Action, run: Option<&ActionRun>) -> ActionPart {
    let (status, tone) = run.map_or(("not begun", Tone::Calm), phase);
    let seen = run.filter(|run| run.phase != ActionPhase::Waiting);
    let evidence = seen.map_or_else(String::new, |run| {
        if run.evidence.text.is_empty() {
            answer(run)
        } else {
            run.evidence.text.clone()
        }
    });
    ActionPart {
        summary: action.summary.clone(),
        kind: action.target.kind(),
        target: action.target.locator().to_string(),
        status,
        tone,
        evidence,
        at: seen.map(|run| when(run.since)),
    }
}

/// Actions that the plan in force does not have and that were begun once.
fn earlier(history: &History<'_>) -> Vec<ActionPart> {
    let state = &history.state;
    let in_force: BTreeSet<&ActionId> = state.plan().map_or_else(BTreeSet::new, |(plan, _)| {
        plan.all().map(|(_, action)| &action.id).collect()
    });
    let begun = state
        .actions()
        .iter()
        .filter(|(id, run)| run.phase != ActionPhase::Waiting && !in_force.contains(id));
    begun
        .filter_map(|(id, run)| Some(part(state.known_action(id)?, Some(run))))
        .collect()
}
