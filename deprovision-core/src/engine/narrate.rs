//! Events as sentences.

use crate::observation::Observation;
use crate::provider::{NoticeStage, Outcome};
use crate::retirement::{Answer, Answered, Event, Reading, Undelivered, Untold};
use crate::time::Timestamp;

/// What happened, in one sentence for a person.
#[must_use]
pub fn sentence(event: &Event) -> String {
    match event {
        Event::Proposed { proposal } => format!(
            "{} proposed to retire {}: {}",
            proposal.by, proposal.api.id, proposal.reason
        ),
        Event::Planned { plan, digest } => {
            format!(
                "the plan was made: {} actions, {digest}",
                plan.all().count()
            )
        }
        Event::PlanVoided { why } => format!("the plan was voided: {why}"),
        Event::Approved { approval } => match &approval.step {
            Some(step) => format!("{} approved step {step}", approval.by),
            None => format!("{} approved the plan", approval.by),
        },
        Event::Objected { objection } => {
            format!(
                "{} objected ({}): {}",
                objection.by, objection.id, objection.reason
            )
        }
        Event::ObjectionWithdrawn { id, by } => format!("{by} withdrew the objection {id}"),
        Event::GrantWaived { waiver } => format!(
            "{} lets {} stay until {}: {}",
            waiver.by, waiver.grant, waiver.expires, waiver.reason
        ),
        Event::WaiverWithdrawn { grant, by } => {
            format!("{by} took the waiver of {grant} back")
        }
        Event::Answered { answered } => said(answered),
        Event::Postponed { to, by, reason } => {
            format!("{by} moved the promised end to {to}: {reason}")
        }
        Event::PeopleTold {
            stage,
            told: people,
            untold,
        } => told(*stage, people.len(), untold),
        Event::DeliveriesSeen {
            delivered,
            undelivered,
            again,
        } => arrived(delivered.len(), undelivered, *again),
        Event::UsageRead { sources, .. } => format!("usage was read: {}", usage(sources)),
        Event::ScopeConfirmed { step } => format!("the targets of {step} are those of the plan"),
        Event::ActionSkipped { action, evidence } => {
            format!("{action} was so before: {evidence}")
        }
        Event::ActionPrepared { action, .. } => format!("{action}: what undo restores is noted"),
        Event::ActionIntended { action, .. } => format!("{action} begins"),
        Event::ActionReported { action, outcome } => format!("{action}: {}", answer(outcome)),
        Event::ActionObserved { action, reading } => format!("{action}: {}", look(reading)),
        Event::ActionVerified { action, evidence } => {
            format!("{action} is verified by two reads: {evidence}")
        }
        Event::LookDelayed { action, why, until } => {
            format!("{action} could not be looked at ({why}); again at {until}")
        }
        Event::ActionDelayed { action, why, until } => {
            format!("{action} did not work ({why}); again at {until}")
        }
        Event::UndoIntended { action, .. } => format!("the undo of {action} begins"),
        Event::UndoReported { action, outcome } => {
            format!("the undo of {action}: {}", answer(outcome))
        }
        Event::UndoObserved { action, reading } => {
            format!("the undo of {action}: {}", look(reading))
        }
        Event::ActionUndone { action } => format!("{action} is undone, seen by two reads"),
        Event::Parked {
            reason,
            owner,
            next_safe_action,
        } => format!("parked for {owner}: {reason}. Next: {next_safe_action}"),
        Event::Resumed { by, reason } => format!("{by} resumed it: {reason}"),
        Event::CancelRequested { by, reason } => format!("{by} called it off: {reason}"),
        Event::Unwound => "everything is as it was".to_owned(),
        Event::ClockStepped { by } => {
            format!("the clock stepped forward by {by}; no wait gets shorter")
        }
        Event::Certified { statement, .. } => format!("retired and certified: {statement}"),
        Event::AuditPassed => "looked again: nothing came back".to_owned(),
        Event::DriftFound { what } => format!("something came back: {}", what.join("; ")),
        Event::WatchEnded => "the watch is over".to_owned(),
    }
}

fn said(answered: &Answered) -> String {
    let (by, notice) = (&answered.by, answered.notice.name());
    match &answered.answer {
        Answer::Acknowledge => format!("{by} acknowledged {notice}"),
        Answer::Object { reason } => format!("{by} answered {notice} with an objection: {reason}"),
        Answer::MoreTime { until, reason } => {
            format!("{by} asked for time until {until} ({notice}): {reason}")
        }
        Answer::Approve { .. } => format!("{by} answered {notice} with an approval"),
    }
}

fn told(stage: NoticeStage, people: usize, untold: &[Untold]) -> String {
    let mut text = match people {
        1 => format!("1 person is told: {stage}"),
        _ => format!("{people} people are told: {stage}"),
    };
    for untold in untold {
        text.push_str(&format!("; not {}: {}", untold.person, untold.why));
    }
    text
}

fn arrived(delivered: usize, undelivered: &[Undelivered], again: Option<Timestamp>) -> String {
    let mut text = match delivered {
        1 => "1 notice was delivered".to_owned(),
        _ => format!("{delivered} notices were delivered"),
    };
    for one in undelivered {
        text.push_str(&format!("; not {}: {}", one.notice.name(), one.why));
    }
    if let Some(at) = again {
        text.push_str(&format!("; the others are looked for at {at}"));
    }
    text
}

fn answer(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { .. } => "the provider answered".to_owned(),
        Outcome::NotDone { why } => format!("not done: {why}"),
        Outcome::Unknown { why } => format!("not known whether it was done: {why}"),
    }
}

fn look(reading: &Observation<Reading>) -> String {
    match (reading.known_completely(), reading.doubt()) {
        (Some(Reading::Applied { evidence }), _) => format!("seen: {evidence}"),
        (Some(Reading::NotApplied { .. }), _) => "not seen".to_owned(),
        (Some(Reading::Pending { why, .. }), _) => format!("pending: {why}"),
        (None, doubt) => format!("not known: {}", doubt.unwrap_or_default()),
    }
}

fn usage(sources: &[Observation<crate::usage::UsageEvidence>]) -> String {
    let parts: Vec<String> = sources
        .iter()
        .map(|source| match source {
            Observation::Known { value, .. } => {
                let doubt = source
                    .doubt()
                    .map_or_else(String::new, |d| format!(" ({d})"));
                format!("{} saw {} requests{doubt}", value.source, value.requests)
            }
            Observation::Unknown { why } => format!("not known: {why}"),
        })
        .collect();
    if parts.is_empty() {
        "there is no source".to_owned()
    } else {
        parts.join(", ")
    }
}
