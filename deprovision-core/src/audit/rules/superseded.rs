//! Its successor has most of the calls.

use std::collections::BTreeSet;

use crate::audit::view::{One, View};
use crate::audit::words::{caller, count, day, some_of};
use crate::audit::{Finding, FindingKind, Subject};
use crate::catalog::{Lifecycle, Severity};
use crate::id::CallerId;
use crate::policy::Percent;
use crate::time::Timestamp;
use crate::usage::{ApiUse, Days, Verdict};

/// On how many whole days both must have been counted: each weekday once.
const FEWEST_DAYS: usize = 7;

pub(in crate::audit) fn find(view: &View<'_>, one: &One<'_>) -> Option<Finding> {
    match &one.judgement.verdict {
        Verdict::InUse { .. } => {}
        // Nobody is left to move, or it is not known who is.
        Verdict::Idle { .. } | Verdict::NeverSeen { .. } | Verdict::Unknown { .. } => return None,
    }
    match one.api.lifecycle {
        Lifecycle::Retired => return None,
        Lifecycle::Experimental | Lifecycle::Production | Lifecycle::Deprecated => {}
    }
    let (old, new) = (&one.api.id, one.api.successor.as_ref()?);
    view.catalog.apis.get(new).filter(|_| new != old)?;
    let newer = view.report.api(new);
    let days = &view.period_days;
    if days.len() < FEWEST_DAYS {
        return None;
    }
    let to_old = View::on(days, &one.usage.total.consumers);
    let to_new = View::on(days, &newer.total.consumers);
    let both = to_old.saturating_add(to_new);
    if to_new == 0 || !view.policy.successor_share.is_reached_by(to_new, both) {
        return None;
    }
    let share = Percent::of(to_new, both);
    let mut finding = view.finding(
        FindingKind::Superseded,
        Subject::Apis(vec![old.clone(), new.clone()]),
        Severity::Medium,
        format!("{old} is superseded: its successor {new} has {share} of the calls of the two"),
    );
    let from = days.first().map_or(view.since, |first| Days::start(*first));
    finding.evidence.push(format!(
        "on {} since {}: {} of {old}, {} of {new}",
        count(days.len() as u64, "whole day"),
        day(from),
        count(to_old, "request"),
        count(to_new, "request"),
    ));
    let ours = callers_since(&one.usage, view.since);
    let theirs = callers_since(&newer, view.since);
    let left: Vec<String> = ours
        .difference(&theirs)
        .map(|id| caller(one.api, id))
        .collect();
    let moved = ours.len() - left.len();
    finding.evidence.push(format!(
        "{moved} of {} of {old} {} {new} too",
        count(ours.len() as u64, "caller"),
        if moved == 1 { "calls" } else { "call" },
    ));
    if !left.is_empty() {
        finding
            .evidence
            .push(format!("only on {old}: {}", some_of(&left)));
    }
    finding.would_change = format!("a share of {new} below {}", view.policy.successor_share);
    let until = match one.api.sunset {
        Some(sunset) if sunset > view.now => format!(" before its sunset on {}", day(sunset)),
        Some(_) => "; its sunset is past".to_owned(),
        None => ", and write its sunset into the catalog".to_owned(),
    };
    finding.next_step = if left.is_empty() {
        format!("ask the callers, who know {new} already, to leave {old}{until}")
    } else {
        format!("help those who are only on {old} to leave it{until}")
    };
    Some(finding)
}

fn callers_since(usage: &ApiUse, since: Timestamp) -> BTreeSet<&CallerId> {
    usage
        .callers
        .iter()
        .filter(|(_, (_, last))| last.is_none_or(|last| last >= since))
        .map(|(id, _)| id)
        .collect()
}
