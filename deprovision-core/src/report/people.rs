//! Who proposed, approved, objected, helped.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::id::{ObjectionId, PersonId, StepId};
use crate::permit::Approval;
use crate::report::history::History;
use crate::report::notices::{AnswerPart, StagePart, ToldPart, answers, later, told};
use crate::report::words::{Tone, When, day, when};
use crate::retirement::{Event, Objection};

/// The people of a retirement.
#[derive(Debug, Serialize)]
pub(super) struct People {
    proposer: String,
    proposed_at: When,
    approvals: Vec<ApprovalPart>,
    objections: Vec<ObjectionPart>,
    waivers: Vec<WaiverPart>,
    interventions: Vec<Intervention>,
    told: Vec<ToldPart>,
    later: Vec<StagePart>,
    answers: Vec<AnswerPart>,
}

/// One person's approvals of one thing.
#[derive(Debug, Serialize)]
struct ApprovalPart {
    by: String,
    roles: String,
    of: String,
    in_force: bool,
    times: usize,
    first: When,
    last: When,
    expires: When,
}

/// One objection.
#[derive(Debug, Serialize)]
struct ObjectionPart {
    by: String,
    id: String,
    at: When,
    reason: String,
    end: String,
    tone: Tone,
}

/// One waiver that was not taken back.
#[derive(Debug, Serialize)]
struct WaiverPart {
    by: String,
    roles: String,
    grant: String,
    reason: String,
    at: When,
    end: String,
    tone: Tone,
}

/// Somebody helped, or called it off.
#[derive(Debug, Serialize)]
struct Intervention {
    at: When,
    text: String,
}

impl People {
    pub(super) fn of(history: &History<'_>) -> Self {
        let state = &history.state;
        Self {
            proposer: state.proposer().to_string(),
            proposed_at: when(state.proposed_at()),
            approvals: approvals(history),
            objections: objections(history),
            waivers: waivers(history),
            interventions: interventions(history),
            told: told(history),
            later: later(history),
            answers: answers(history),
        }
    }
}

fn approvals(history: &History<'_>) -> Vec<ApprovalPart> {
    let mut given: BTreeMap<(bool, Option<&StepId>, &PersonId, String), Vec<&Approval>> =
        BTreeMap::new();
    let in_force = history.state.plan().map(|(_, digest)| digest);
    for told in &history.told {
        if let Event::Approved { approval } = &told.event {
            let voided = in_force != Some(approval.plan);
            let plan = approval.plan.to_string();
            let key = (voided, approval.step.as_ref(), &approval.by, plan);
            given.entry(key).or_default().push(approval);
        }
    }
    given
        .into_iter()
        .filter_map(|((voided, step, by, _), given)| {
            let (first, last) = (given.first()?, given.last()?);
            let roles: Vec<&str> = last.roles.iter().map(|role| role.as_str()).collect();
            Some(ApprovalPart {
                by: by.to_string(),
                roles: roles.join(", "),
                of: step.map_or_else(|| "the plan".to_owned(), |step| format!("step {step}")),
                in_force: !voided,
                times: given.len(),
                first: when(first.at),
                last: when(last.at),
                expires: when(last.expires),
            })
        })
        .collect()
}

fn objections(history: &History<'_>) -> Vec<ObjectionPart> {
    let mut all: Vec<(&Objection, When, Option<String>)> = Vec::new();
    let withdraw = |all: &mut Vec<(&Objection, When, Option<String>)>, id: &ObjectionId, end| {
        let open = all.iter_mut().rev();
        let mut open = open.filter(|(objection, _, ended)| objection.id == *id && ended.is_none());
        if let Some((_, _, ended)) = open.next() {
            *ended = Some(end);
        }
    };
    for told in &history.told {
        match &told.event {
            Event::Objected { objection } => all.push((objection, when(told.entry.at), None)),
            Event::ObjectionWithdrawn { id, by } => {
                let end = format!("withdrawn by {by} on {}", day(told.entry.at));
                withdraw(&mut all, id, end);
            }
            _of_no_objection => {}
        }
    }
    all.into_iter()
        .map(|(objection, at, ended)| {
            let expires = day(objection.expires);
            let (end, tone) = match ended {
                Some(end) => (end, Tone::Good),
                None if objection.expires <= history.now => {
                    (format!("expired on {expires}"), Tone::Calm)
                }
                None => (format!("open until {expires}"), Tone::Warn),
            };
            ObjectionPart {
                by: objection.by.to_string(),
                id: objection.id.to_string(),
                at,
                reason: objection.reason.clone(),
                end,
                tone,
            }
        })
        .collect()
}

/// Those in force, those that ran out, and those that are not enough alone.
fn waivers(history: &History<'_>) -> Vec<WaiverPart> {
    let waived = history.state.waived(history.now);
    let given = history.state.waivers().iter();
    given
        .map(|waiver| {
            let roles: Vec<&str> = waiver.roles.iter().map(|role| role.as_str()).collect();
            let expires = day(waiver.expires);
            let (end, tone) = if waiver.expires <= history.now {
                (format!("ran out on {expires}"), Tone::Calm)
            } else if waived.covers(&waiver.grant) {
                (format!("in force until {expires}"), Tone::Warn)
            } else {
                ("not enough alone".to_owned(), Tone::Calm)
            };
            WaiverPart {
                by: waiver.by.to_string(),
                roles: roles.join(", "),
                grant: waiver.grant.to_string(),
                reason: waiver.reason.clone(),
                at: when(waiver.at),
                end,
                tone,
            }
        })
        .collect()
}

fn interventions(history: &History<'_>) -> Vec<Intervention> {
    let said = history.told.iter().filter_map(|told| {
        let text = match &told.event {
            Event::Parked { .. } | Event::Resumed { .. } | Event::CancelRequested { .. } => {
                crate::engine::sentence(&told.event)
            }
            _of_nobody => return None,
        };
        Some(Intervention {
            at: when(told.entry.at),
            text,
        })
    });
    said.collect()
}
