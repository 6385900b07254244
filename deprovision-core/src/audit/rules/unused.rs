//! Nobody calls it: never, or no longer.

use crate::audit::view::{One, View};
use crate::audit::words::{count, day, minute, some_of};
use crate::audit::{Finding, FindingKind};
use crate::catalog::{Criticality, Lifecycle, Severity};
use crate::usage::Verdict;

pub(in crate::audit) fn find(view: &View<'_>, one: &One<'_>) -> Option<Finding> {
    let id = &one.api.id;
    let verdict = &one.judgement.verdict;
    let (kind, title, fact) = match verdict {
        Verdict::InUse { .. } | Verdict::Unknown { .. } => return None,
        Verdict::NeverSeen { until, .. } => (
            FindingKind::Unused,
            format!(
                "nobody has called {id} for {}, nor at any time before that a log reaches",
                view.since_then(view.since)
            ),
            format!(
                "no log has a request for it, and none is silent for more than {} from {} to {}",
                view.policy.max_gap,
                minute(view.since),
                minute(*until)
            ),
        ),
        Verdict::Idle {
            last_seen, until, ..
        } => (
            FindingKind::Idle,
            format!("nobody has called {id} for {}", view.since_then(*last_seen)),
            format!(
                "the last request was at {}, and no log has one after it until {}",
                minute(*last_seen),
                minute(*until)
            ),
        ),
    };
    let next_step = match one.api.lifecycle {
        // Silence is what a retired API should have.
        Lifecycle::Retired => return None,
        Lifecycle::Experimental | Lifecycle::Production | Lifecycle::Deprecated => next_step(one),
    };
    let mut finding = view.finding(kind, one.subject(), Severity::Medium, title);
    finding.evidence.push(fact);
    finding.evidence.extend(before(one));
    finding.evidence.extend(successor(view, one));
    let nearby = one.unmatched_nearby(view);
    if nearby > 0 {
        finding.evidence.push(format!(
            "{} on its hosts fit no API; if the catalog misses a route of it, they may be its calls",
            count(nearby, "request")
        ));
    }
    if matches!(
        one.api.criticality,
        Criticality::High | Criticality::Critical
    ) {
        finding.evidence.push(
            "much depends on it by the catalog: look for a yearly job before anything else"
                .to_owned(),
        );
    }
    finding.would_change = verdict.would_change();
    finding.next_step = next_step;
    Some(finding)
}

/// Who called while somebody did.
fn before(one: &One<'_>) -> Option<String> {
    let callers = one.usage.top_callers(usize::MAX);
    if callers.is_empty() {
        return None;
    }
    let names = callers.iter().map(|(id, _, last)| {
        let name = crate::audit::words::caller(one.api, id);
        match last {
            Some(last) => format!("{name} until {}", day(*last)),
            None => name,
        }
    });
    Some(format!("called before by {}", some_of(names)))
}

/// What its successor has.
fn successor(view: &View<'_>, one: &One<'_>) -> Option<String> {
    let id = one.api.successor.as_ref()?;
    let requests = view.report.api(id).total.consumers.requests;
    Some(format!(
        "its successor {id} has {}",
        count(requests, "request")
    ))
}

fn next_step(one: &One<'_>) -> String {
    match (one.owner(), one.api.lifecycle == Lifecycle::Deprecated) {
        (None, _) => "find who answers for it and write owner: into the catalog; without an owner it can not be retired".to_owned(),
        (Some(owner), true) => format!("propose its retirement, with {owner} as who is asked first"),
        (Some(owner), false) => format!(
            "ask {owner} whether anything rare needs it; if not, mark it deprecated and propose its retirement"
        ),
    }
}
