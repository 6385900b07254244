//! Nobody answers for it.

use crate::audit::view::{One, View};
use crate::audit::words::{callers_since, some_of};
use crate::audit::{Finding, FindingKind};
use crate::catalog::Severity;
use crate::usage::Verdict;

pub(in crate::audit) fn find(view: &View<'_>, one: &One<'_>) -> Option<Finding> {
    let id = &one.api.id;
    let why = view.orphans.get(id)?;
    let callers = callers_since(one.api, &one.usage, view.since);
    let (severity, is_used) = match &one.judgement.verdict {
        Verdict::InUse { .. } if callers.is_empty() => (Severity::High, "it is called".to_owned()),
        Verdict::InUse { .. } => (
            Severity::High,
            format!("it is called by {}", some_of(&callers)),
        ),
        Verdict::Unknown { .. } => (
            Severity::High,
            "it is not known whether anybody calls it".to_owned(),
        ),
        Verdict::Idle { .. } | Verdict::NeverSeen { .. } => {
            (Severity::Medium, "nobody calls it".to_owned())
        }
    };
    let mut finding = view.finding(
        FindingKind::Orphaned,
        one.subject(),
        severity,
        format!("nobody answers for {id}"),
    );
    finding.evidence.push(format!("by the catalog, {why}"));
    finding.evidence.push(is_used);
    let clue = if let Some(repository) = one.api.resources.repositories.first() {
        format!("look who last changed {repository}")
    } else if callers.is_empty() {
        "ask who pays for its hosts".to_owned()
    } else {
        "ask its callers whom they turn to when it fails".to_owned()
    };
    finding.would_change = "an owner with an address that is read, in the catalog".to_owned();
    finding.next_step = format!("{clue}, and write owner: with a person and an e-mail address");
    Some(finding)
}
