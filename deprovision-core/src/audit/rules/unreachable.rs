//! It is on its way out, and somebody who calls it can not be told.

use crate::audit::view::{One, View};
use crate::audit::words::some_of;
use crate::audit::{Finding, FindingKind};
use crate::catalog::{Lifecycle, Severity};
use crate::id::CallerId;

pub(in crate::audit) fn find(view: &View<'_>, one: &One<'_>) -> Option<Finding> {
    let api = one.api;
    // While nothing ends, nobody has to be told.
    let ends = api.lifecycle == Lifecycle::Deprecated
        || (api.lifecycle != Lifecycle::Retired
            && (api.sunset.is_some() || api.successor.is_some()));
    if !ends {
        return None;
    }
    let callers = one.usage.top_callers(usize::MAX).into_iter();
    let untold: Vec<&CallerId> = callers
        .filter(|(_, _, last)| last.is_none_or(|last| last >= view.since))
        .map(|(caller, _, _)| caller)
        .filter(|caller| !api.consumers.contains_key(*caller))
        .collect();
    if untold.is_empty() {
        return None;
    }
    let id = &api.id;
    let mut finding = view.finding(
        FindingKind::Unreachable,
        one.subject(),
        Severity::Medium,
        format!(
            "{id} is to end, and nobody is known behind {}",
            some_of(&untold)
        ),
    );
    finding
        .evidence
        .push("they call it, and the catalog has no contact for them".to_owned());
    finding.would_change = "a contact for each of them".to_owned();
    finding.next_step = format!(
        "name them in consumers: of {id}, or in a directory of callers: a retirement is not \
         planned before everybody who calls can be told"
    );
    Some(finding)
}
