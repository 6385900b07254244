//! Its sunset is past, and it is not retired.

use crate::audit::view::{One, View};
use crate::audit::words::{callers_since, count, day, some_of};
use crate::audit::{Finding, FindingKind};
use crate::catalog::{Lifecycle, Route, Severity};
use crate::time::Timestamp;
use crate::usage::{Operation, Verdict};

pub(in crate::audit) fn find(view: &View<'_>, one: &One<'_>) -> Option<Finding> {
    match one.api.lifecycle {
        Lifecycle::Retired => None,
        Lifecycle::Experimental | Lifecycle::Production | Lifecycle::Deprecated => {
            match one.api.sunset.filter(|end| *end <= view.now) {
                Some(end) => Some(whole(view, one, end)),
                None => operations(view, one),
            }
        }
    }
}

/// The API itself.
fn whole(view: &View<'_>, one: &One<'_>, end: Timestamp) -> Finding {
    let id = &one.api.id;
    let called = called(one);
    let mut finding = view.finding(
        FindingKind::Overdue,
        one.subject(),
        severity(view, end, called),
        format!(
            "{id} was promised to end on {}, {} ago, and is not retired",
            day(end),
            view.since_then(end)
        ),
    );
    finding.evidence.push(match called {
        Called::Yes => {
            let callers = callers_since(one.api, &one.usage, view.since);
            if callers.is_empty() {
                "it is still called".to_owned()
            } else {
                format!("it is still called: {}", some_of(callers))
            }
        }
        Called::No => "nobody calls it any more".to_owned(),
        Called::Unknown => "it is not known whether anybody calls it".to_owned(),
    });
    finding.would_change = "a later sunset, or its retirement, in the catalog".to_owned();
    finding.next_step = match called {
        Called::No => "propose its retirement now, while nobody calls it".to_owned(),
        Called::Yes => "tell the callers a last date and write it as the sunset, or propose its retirement, which tells them".to_owned(),
        Called::Unknown => "find out who calls it first, then propose its retirement".to_owned(),
    };
    finding
}

/// Some of its operations.
fn operations(view: &View<'_>, one: &One<'_>) -> Option<Finding> {
    let mut over: Vec<(&Route, Timestamp, Called)> = one
        .api
        .routes
        .iter()
        .filter_map(|route| {
            let end = route.sunset.filter(|end| *end <= view.now)?;
            Some((route, end, operation_called(view, one, route)))
        })
        .collect();
    over.sort_by_key(|(route, end, _)| (*end, &route.path, route.method));
    let first = over.first().map(|(_, end, _)| *end)?;
    let worst = over
        .iter()
        .map(|(_, end, called)| severity(view, *end, *called))
        .max()
        .unwrap_or(Severity::Low);
    let mut finding = view.finding(
        FindingKind::Overdue,
        one.subject(),
        worst,
        format!(
            "{} of {} should have ended, the first on {}",
            count(over.len() as u64, "operation"),
            one.api.id,
            day(first)
        ),
    );
    finding.evidence = over
        .iter()
        .map(|(route, end, called)| {
            let called = match called {
                Called::Yes => "still called",
                Called::No => "not called",
                Called::Unknown => "not known whether it is called",
            };
            format!(
                "{} {}: ended on {}, {called}",
                route.method,
                route.path,
                day(*end)
            )
        })
        .collect();
    finding.would_change =
        "a later sunset of the operations, or a description without them".to_owned();
    finding.next_step =
        "take what nobody calls out of the service and its description; tell the callers of the rest a last date"
            .to_owned();
    Some(finding)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Called {
    Yes,
    No,
    Unknown,
}

fn called(one: &One<'_>) -> Called {
    match &one.judgement.verdict {
        Verdict::InUse { .. } => Called::Yes,
        Verdict::Idle { .. } | Verdict::NeverSeen { .. } => Called::No,
        Verdict::Unknown { .. } => Called::Unknown,
    }
}

/// An operation may be silent while its API is not; it is only known to be when every
/// source is complete, and no call of the API fits none of its operations.
fn operation_called(view: &View<'_>, one: &One<'_>, route: &Route) -> Called {
    let operation = Operation::new(route.method, route.path.as_str());
    let demand = one.usage.operations.get(&Some(operation));
    if demand.is_some_and(|demand| view.is_recent(&demand.consumers)) {
        return Called::Yes;
    }
    let rest = one.usage.operations.get(&None);
    let is_complete = !view.sources.is_empty()
        && view.sources.iter().all(|source| source.is_complete())
        && rest.is_none_or(|rest| !view.is_recent(&rest.consumers))
        && one.usage.total.malformed == 0;
    match &one.judgement.verdict {
        Verdict::Idle { .. } | Verdict::NeverSeen { .. } => Called::No,
        Verdict::InUse { .. } if is_complete => Called::No,
        Verdict::InUse { .. } | Verdict::Unknown { .. } => Called::Unknown,
    }
}

/// What is called, or may be, is graver, and so is what has been over for long.
fn severity(view: &View<'_>, end: Timestamp, called: Called) -> Severity {
    let is_long = view.policy.overdue_after.after(end) <= view.now;
    match (called, is_long) {
        (Called::Yes, true) => Severity::High,
        (Called::Yes, false) | (Called::Unknown, _) | (Called::No, true) => Severity::Medium,
        (Called::No, false) => Severity::Low,
    }
}
