//! Who was told what, what arrived, and what they answered.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::pipeline::Stage;
use crate::plan::Action;
use crate::report::history::History;
use crate::report::words::{Tone, When, answer, phase, when};
use crate::resource::{NoticeId, ResourceRef};
use crate::retirement::{Answer, Event, Mode};

/// Somebody who is to be told that the API goes.
#[derive(Debug, Serialize)]
pub(super) struct ToldPart {
    who: String,
    email: String,
    role: String,
    status: &'static str,
    tone: Tone,
    evidence: String,
    at: Option<When>,
}

/// What became of the notices of a later stage.
#[derive(Debug, Serialize)]
pub(super) struct StagePart {
    stage: String,
    at: When,
    handed_over: usize,
    delivered: usize,
    /// Who was not told, and why.
    missing: Vec<String>,
    awaited: usize,
    /// Whether nobody looks for those any more.
    over: bool,
    tone: Tone,
}

/// One answer to a notice.
#[derive(Debug, Serialize)]
pub(super) struct AnswerPart {
    who: String,
    at: When,
    notice: String,
    what: String,
}

pub(super) fn told(history: &History<'_>) -> Vec<ToldPart> {
    let pipeline = history.state.pipeline();
    let announcing = history.actions_of(|step| {
        let spec = pipeline.step(step);
        spec.is_some_and(|spec| spec.stage == Stage::Announce)
    });
    announcing
        .filter(|(action, _)| matches!(action.target, ResourceRef::Notice(_)))
        .map(|(action, run)| {
            let (status, tone) = phase(run);
            let complete = run.is_complete();
            let text = |path| detail(action, path).and_then(Value::as_str);
            let roles = detail(action, &["roles"]).and_then(Value::as_array);
            let roles = roles.into_iter().flatten();
            let roles = roles.filter_map(|role| role.get("text")?.as_str());
            ToldPart {
                who: text(&["to", "person"])
                    .unwrap_or(&action.summary)
                    .to_owned(),
                email: text(&["to", "email"]).unwrap_or_default().to_owned(),
                role: roles.collect::<Vec<_>>().join(", "),
                status: if complete { "told" } else { status },
                tone,
                evidence: if complete {
                    run.evidence.text.clone()
                } else {
                    answer(run)
                },
                at: complete.then(|| when(run.since)),
            }
        })
        .collect()
}

/// A part of an action's details, which belong to its step.
fn detail<'a>(action: &'a Action, path: &[&str]) -> Option<&'a Value> {
    path.iter()
        .try_fold(&action.detail, |value, name| value.get(name))
}

/// The stages after the announcement.
pub(super) fn later(history: &History<'_>) -> Vec<StagePart> {
    let mut stages: Vec<StagePart> = Vec::new();
    // The stage that a notice belongs to, and whom it was for.
    let mut of: BTreeMap<&NoticeId, (usize, &str)> = BTreeMap::new();
    for one in &history.told {
        match &one.event {
            Event::PeopleTold {
                stage,
                told,
                untold,
            } if !(told.is_empty() && untold.is_empty()) => {
                let whom = told.iter().map(|told| (&told.notice, told.person.as_str()));
                of.extend(whom.map(|(notice, whom)| (notice, (stages.len(), whom))));
                let missing = untold
                    .iter()
                    .map(|one| format!("{}: {}", one.person, one.why));
                stages.push(StagePart {
                    stage: stage.to_string(),
                    at: when(one.entry.at),
                    handed_over: told.len(),
                    delivered: 0,
                    missing: missing.collect(),
                    awaited: 0,
                    over: matches!(history.state.mode(), Mode::Cancelled | Mode::Finished),
                    tone: Tone::Good,
                });
            }
            Event::DeliveriesSeen {
                delivered,
                undelivered,
                ..
            } => {
                for notice in delivered {
                    let stage = of.remove(notice).and_then(|(n, _)| stages.get_mut(n));
                    if let Some(stage) = stage {
                        stage.delivered += 1;
                    }
                }
                for one in undelivered {
                    if let Some((n, whom)) = of.remove(&one.notice)
                        && let Some(stage) = stages.get_mut(n)
                    {
                        stage.missing.push(format!("{whom}: {}", one.why));
                    }
                }
            }
            _of_no_notice => {}
        }
    }
    for (n, _) in of.into_values() {
        if let Some(stage) = stages.get_mut(n) {
            stage.awaited += 1;
        }
    }
    for stage in &mut stages {
        stage.tone = match (stage.missing.is_empty(), stage.awaited) {
            (false, _) => Tone::Warn,
            (true, 0) => Tone::Good,
            (true, _) if stage.over => Tone::Calm,
            (true, _) => Tone::Busy,
        };
    }
    stages
}

pub(super) fn answers(history: &History<'_>) -> Vec<AnswerPart> {
    let answers = history.told.iter().filter_map(|told| {
        let Event::Answered { answered } = &told.event else {
            return None;
        };
        Some(AnswerPart {
            who: answered.by.to_string(),
            at: when(told.entry.at),
            notice: answered.notice.name().to_owned(),
            what: match &answered.answer {
                Answer::Acknowledge => "read it".to_owned(),
                Answer::Object { reason } => format!("objects: {reason}"),
                Answer::MoreTime { until, reason } => {
                    format!("needs time until {}: {reason}", when(*until).text())
                }
                Answer::Approve { step: None, .. } => "approves the plan".to_owned(),
                Answer::Approve {
                    step: Some(step), ..
                } => format!("approves step {step}"),
            },
        })
    });
    answers.collect()
}
