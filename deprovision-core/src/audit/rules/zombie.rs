//! It is retired and still called.

use crate::audit::view::{One, View, is_since};
use crate::audit::words::{answers, callers_since, count, day, some_of};
use crate::audit::{Finding, FindingKind};
use crate::catalog::{Lifecycle, Severity};
use crate::time::Timestamp;
use crate::usage::{Days, Traffic};

pub(in crate::audit) fn find(view: &View<'_>, one: &One<'_>) -> Option<Finding> {
    match one.api.lifecycle {
        Lifecycle::Retired => {}
        Lifecycle::Experimental | Lifecycle::Production | Lifecycle::Deprecated => return None,
    }
    let id = &one.api.id;
    let total = &one.usage.total;
    // Calls before the end were no wrong.
    let since = one.api.sunset.map_or(view.since, |end| end.max(view.since));
    let mut finding = if is_since(&total.consumers, since) {
        let (severity, next_step) = match is_refused(&total.consumers) {
            true => (
                Severity::Medium,
                "tell the callers that it is gone, so that they stop; nothing has to be closed",
            ),
            false => (
                Severity::High,
                "find out whether anything still answers, and close it: its path, its aliases and its keys",
            ),
        };
        let title = format!("{id} is retired and still called");
        let mut finding = view.finding(FindingKind::Zombie, one.subject(), severity, title);
        finding.evidence = facts(&total.consumers, "consumers", since);
        let callers = callers_since(one.api, &one.usage, since);
        if !callers.is_empty() {
            finding
                .evidence
                .push(format!("called by {}", some_of(callers)));
        }
        finding.next_step = next_step.to_owned();
        finding
    } else {
        let machines = [
            (&total.health_checks, "health checks"),
            (&total.bots, "bots"),
        ];
        let recent = machines
            .into_iter()
            .filter(|(traffic, _)| is_since(traffic, since));
        let evidence: Vec<String> = recent
            .flat_map(|(traffic, who)| facts(traffic, who, since))
            .collect();
        if evidence.is_empty() {
            return None;
        }
        let title = format!("{id} is retired, and machines still call it");
        let mut finding = view.finding(FindingKind::Zombie, one.subject(), Severity::Low, title);
        finding.evidence = evidence;
        finding.next_step =
            "stop the monitor, and look whether what it reaches still answers".to_owned();
        finding
    };
    finding.evidence.push(match one.api.sunset {
        Some(end) => format!("its sunset was on {}", day(end)),
        None => format!(
            "the catalog has no sunset of it, so any call of the last {} counts",
            view.policy.idle_after
        ),
    });
    finding.would_change = format!("no call of it from {} on", day(view.now));
    Some(finding)
}

/// Whether every answer is a refusal, so that nothing of it is left but its callers.
fn is_refused(traffic: &Traffic) -> bool {
    traffic.requests > 0 && traffic.statuses.client_error == traffic.requests
}

/// What was asked for from then on.
fn facts(traffic: &Traffic, who: &str, since: Timestamp) -> Vec<String> {
    let first = Days::of(since);
    let dated = traffic.days.iter().filter(|(day, _)| *day >= first);
    let requests = dated.fold(0u64, |sum, (_, count)| sum.saturating_add(count));
    let mut facts = vec![format!(
        "{} of {who} from {} on",
        count(requests, "request"),
        day(since)
    )];
    if traffic.undated > 0 {
        facts.push(format!(
            "{} of {who} of unknown time",
            count(traffic.undated, "request")
        ));
    }
    facts.push(format!(
        "answers, in all that was read: {}",
        answers(traffic)
    ));
    facts
}
