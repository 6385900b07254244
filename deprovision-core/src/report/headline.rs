//! What, how far, and the verdict in one sentence.

use serde::Serialize;

use crate::catalog::Api;
use crate::report::history::History;
use crate::report::words::{Tone, When, count, day, when};
use crate::retirement::{ActionRun, Event, Explain, Mode, Next, Phase, WaitRule};

/// The top of the page.
#[derive(Debug, Serialize)]
pub(super) struct Headline {
    title: String,
    api: String,
    retirement: String,
    phase: String,
    tone: Tone,
    verdict: String,
    reason: String,
    facts: Vec<Fact>,
    waits: Vec<Wait>,
    as_of: When,
}

/// A name and what it stands for.
#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    text: String,
}

/// What is waited for.
#[derive(Debug, Serialize)]
struct Wait {
    rule: String,
    have: String,
    need: String,
    next: Option<When>,
    /// Whether only a person's act changes it.
    person: bool,
}

impl Headline {
    pub(super) fn of(history: &History<'_>) -> Self {
        let state = &history.state;
        let phase = state.phase(history.now);
        let drift = drift(history);
        let api = state.api();
        Self {
            title: api.title.clone(),
            api: api.id.to_string(),
            retirement: history.verified.stream.to_string(),
            phase: phase.to_string(),
            tone: match phase {
                Phase::Retired if drift.is_some() => Tone::Bad,
                Phase::Retired => Tone::Good,
                Phase::Parked | Phase::OnHold | Phase::Destroying => Tone::Warn,
                Phase::Unwinding
                | Phase::Announced
                | Phase::BrownOut
                | Phase::Closed
                | Phase::Suspended => Tone::Busy,
                Phase::Proposed | Phase::Planned | Phase::Cancelled => Tone::Calm,
            },
            verdict: verdict(history, phase, drift),
            reason: state.reason().to_owned(),
            facts: facts(history),
            waits: waits(history),
            as_of: when(history.now),
        }
    }
}

fn facts(history: &History<'_>) -> Vec<Fact> {
    let state = &history.state;
    let api = state.api();
    let mut facts = vec![Fact {
        name: "Successor",
        text: match (state.successor(), &api.successor) {
            (Some(successor), _) => named(successor),
            (None, Some(id)) => id.to_string(),
            (None, None) => "none: nothing comes instead".to_owned(),
        },
    }];
    let mut add = |name, text: String| facts.push(Fact { name, text });
    add(
        "Proposed",
        format!("{} by {}", day(state.proposed_at()), state.proposer()),
    );
    match state.mode() {
        Mode::Forward => add("Promised end", day(state.promised_end())),
        Mode::Unwinding | Mode::Cancelled | Mode::Watching { .. } | Mode::Finished => {}
    }
    if let Some(at) = history.certified_at() {
        add("Retired", day(at));
    }
    add(
        "Point of no return",
        state.pivot_at().map_or_else(
            || "not passed: nothing irreversible was begun".to_owned(),
            |at| format!("passed on {}", day(at)),
        ),
    );
    if let Some(owner) = &api.owner {
        add("Owner", format!("{} <{}>", owner.person, owner.email));
    }
    if let Some(url) = &api.url {
        add("Address", url.clone());
    }
    if !api.hosts.is_empty() {
        add("Hosts", api.hosts.join(", "));
    }
    facts
}

fn named(api: &Api) -> String {
    match &api.url {
        Some(url) => format!("{} ({}), {url}", api.title, api.id),
        None => format!("{} ({})", api.title, api.id),
    }
}

/// What the last look after retirement found, when it found something.
fn drift(history: &History<'_>) -> Option<String> {
    let mut last = None;
    for told in &history.told {
        match &told.event {
            Event::AuditPassed => last = None,
            Event::DriftFound { what } => last = Some(what.join("; ")),
            _of_no_audit => {}
        }
    }
    last
}

fn verdict(history: &History<'_>, phase: Phase, drift: Option<String>) -> String {
    let state = &history.state;
    match phase {
        Phase::Retired => retired(history, drift),
        Phase::Cancelled => format!(
            "Called off{}; everything that was done is undone, and two agreeing reads saw that.",
            who_called_it_off(history)
        ),
        Phase::Unwinding => format!(
            "Called off{}; what was done is being undone.",
            who_called_it_off(history)
        ),
        Phase::Parked => match state.parked() {
            Some(parked) => format!(
                "Parked since {} until {} helps: {}. Next safe action: {}.",
                day(parked.since),
                parked.owner,
                unstopped(&parked.reason),
                unstopped(&parked.next_safe_action)
            ),
            None => "Parked until a person helps.".to_owned(),
        },
        Phase::OnHold => match state.open_objection(history.now) {
            Some(open) => format!(
                "On hold until {}, unless withdrawn: {} objects, because “{}”. {}",
                day(open.expires),
                open.by,
                unstopped(&open.reason),
                progress(history)
            ),
            None => "On hold.".to_owned(),
        },
        Phase::Destroying => format!(
            "Past the point of no return: something irreversible was begun. {}",
            progress(history)
        ),
        Phase::Proposed => proposed(history),
        Phase::Planned => format!("Planned; no step is complete. {}", progress(history)),
        Phase::Announced | Phase::BrownOut | Phase::Closed | Phase::Suspended => {
            format!("Under way, and still reversible. {}", progress(history))
        }
    }
}

/// Without a plan: there was none yet, or it was voided, perhaps in the middle.
fn proposed(history: &History<'_>) -> String {
    let voided = history
        .told
        .iter()
        .rev()
        .find_map(|told| match &told.event {
            Event::PlanVoided { why } => Some((told.entry.at, why)),
            _of_no_plan => None,
        });
    let Some((at, why)) = voided else {
        return "Proposed; there is no plan yet, and nothing was done.".to_owned();
    };
    let runs = history.state.actions().values();
    let begun = runs.filter(|run| run.may_have_effect()).count();
    format!(
        "Waiting for a new plan: the one before was voided on {}, because {}. {}",
        day(at),
        unstopped(why),
        match begun {
            0 => "Nothing was done under it.".to_owned(),
            some => format!(
                "{} under it may have had an effect, and stay.",
                count(some, "action")
            ),
        }
    )
}

fn retired(history: &History<'_>, drift: Option<String>) -> String {
    let at = history.certified_at().map(day);
    let at = at.map_or_else(String::new, |at| format!(" on {at}"));
    let (complete, all) = tally(history);
    let signed = match history.attested() {
        Some(attested) => {
            let names: Vec<String> = attested.signers.iter().map(ToString::to_string).collect();
            format!(
                "the certificate of {} holds for this log",
                names.join(" and ")
            )
        }
        None => "the certificate was not checked for this page".to_owned(),
    };
    let since = match (drift, history.state.mode()) {
        (Some(what), _) => format!("The last look found something that came back: {what}."),
        (None, Mode::Finished) => "The watch is over, and nothing was found at its end.".to_owned(),
        (None, _) => "It is being watched; at the last look nothing had come back.".to_owned(),
    };
    let since = if history
        .told
        .iter()
        .any(|told| matches!(told.event, Event::AuditPassed | Event::DriftFound { .. }))
    {
        since
    } else {
        "It is being watched; nobody has looked again yet.".to_owned()
    };
    format!("Retired{at}: {complete} of {all} are verified, and {signed}. {since}")
}

/// How many actions of the plan are complete, and how many there are.
fn tally(history: &History<'_>) -> (usize, String) {
    let state = &history.state;
    let runs = state.plan().map_or_else(Vec::new, |(plan, _)| {
        plan.all()
            .map(|(_, action)| state.actions().get(&action.id))
            .collect()
    });
    let complete = runs
        .iter()
        .flatten()
        .filter(|run| ActionRun::is_complete(run))
        .count();
    (complete, count(runs.len(), "action"))
}

fn progress(history: &History<'_>) -> String {
    let (complete, all) = tally(history);
    format!("{complete} of {all} are verified.")
}

fn who_called_it_off(history: &History<'_>) -> String {
    let last = history
        .told
        .iter()
        .rev()
        .find_map(|told| match &told.event {
            Event::CancelRequested { by, reason } => Some((told.entry.at, by, reason)),
            _of_no_cancel => None,
        });
    last.map_or_else(String::new, |(at, by, reason)| {
        format!(" on {} by {by}, because “{}”", day(at), unstopped(reason))
    })
}

/// A text without the full stop that a sentence around it has.
fn unstopped(text: &str) -> &str {
    text.trim_end().trim_end_matches('.')
}

fn waits(history: &History<'_>) -> Vec<Wait> {
    let all = match history.state.next(history.now) {
        Next::Wait { why, .. } => why,
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
        | Next::SeeDeliveries
        | Next::Finished => Vec::new(),
    };
    // Steps beside one another wait for the same.
    let mut seen: Vec<Explain> = Vec::new();
    for why in Explain::without_order(all) {
        if !seen.contains(&why) {
            seen.push(why);
        }
    }
    seen.into_iter()
        .map(|why| Wait {
            person: why.next_check_at.is_none() && why.rule != WaitRule::Order,
            rule: why.rule.to_string(),
            have: why.have,
            need: why.need,
            next: why.next_check_at.map(when),
        })
        .collect()
}
