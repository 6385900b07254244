//! It can not be told.

use std::collections::BTreeMap;

use crate::audit::judge::WayOut;
use crate::audit::view::{One, View};
use crate::audit::words::{count, minute, some_of};
use crate::audit::{Finding, FindingKind, Subject};
use crate::catalog::{Lifecycle, Severity};
use crate::id::ApiId;
use crate::usage::Verdict;

/// The APIs of which it can not be told, by the reasons: what holds for all of them
/// is said once.
#[derive(Default)]
pub(in crate::audit) struct Unknowns(BTreeMap<Key, (Vec<ApiId>, Finding)>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    severity: Severity,
    why: Vec<String>,
    way_out: WayOut,
    /// What machines do with one API says nothing of another.
    alone: Option<ApiId>,
}

impl Unknowns {
    pub(in crate::audit) fn look(&mut self, view: &View<'_>, one: &One<'_>) {
        let verdict = &one.judgement.verdict;
        let why = match verdict {
            Verdict::Unknown { why, .. } => why,
            Verdict::InUse { .. } | Verdict::Idle { .. } | Verdict::NeverSeen { .. } => return,
        };
        let way_out = one.judgement.way_out;
        let severity = match (one.api.lifecycle, way_out) {
            // The calls of machines to what is gone are a finding of their own.
            (Lifecycle::Retired, WayOut::Owner) => return,
            (Lifecycle::Retired, WayOut::Logs | WayOut::Routes | WayOut::Recount) => Severity::Low,
            (Lifecycle::Experimental | Lifecycle::Production | Lifecycle::Deprecated, _) => {
                Severity::Medium
            }
        };
        let mut distinct: Vec<String> = Vec::new();
        for reason in why {
            if !distinct.contains(reason) {
                distinct.push(reason.clone());
            }
        }
        let key = Key {
            severity,
            why: distinct,
            way_out,
            alone: (way_out == WayOut::Owner).then(|| one.api.id.clone()),
        };
        let (ids, _) = self.0.entry(key).or_insert_with_key(|key| {
            let id = &one.api.id;
            let title = match key.way_out {
                WayOut::Owner => {
                    format!("only machines are seen to call {id}, so it is not known whether anybody needs it")
                }
                WayOut::Logs | WayOut::Routes | WayOut::Recount => {
                    format!("it is not known whether anybody calls {id}")
                }
            };
            let mut finding = view.finding(FindingKind::Unknown, one.subject(), severity, title);
            finding.evidence.clone_from(&key.why);
            if key.alone.is_some() {
                finding.evidence.extend(machines(one));
            }
            finding.would_change = way_out.would_change(verdict);
            finding.next_step = way_out.next_step(one, view);
            (Vec::new(), finding)
        });
        ids.push(one.api.id.clone());
    }

    /// One finding for each set of reasons.
    pub(in crate::audit) fn findings(self) -> impl Iterator<Item = Finding> {
        self.0.into_values().map(|(ids, mut finding)| {
            if ids.len() > 1 {
                finding.title = format!(
                    "it is not known whether anybody calls {}: {}",
                    count(ids.len() as u64, "API"),
                    some_of(&ids)
                );
                finding.subject = Subject::Apis(ids);
            }
            finding
        })
    }
}

/// What the machines asked for.
fn machines(one: &One<'_>) -> Vec<String> {
    let total = &one.usage.total;
    let mut facts = Vec::new();
    for (traffic, who) in [
        (&total.health_checks, "health checks"),
        (&total.bots, "bots"),
    ] {
        if !traffic.is_empty() {
            facts.push(format!(
                "{} of {who} in all that was read",
                count(traffic.requests, "request")
            ));
        }
    }
    if let Some(last) = one.last_machine() {
        facts.push(format!("the last of them at {}", minute(last)));
    }
    facts.push(match total.consumers.last_seen {
        Some(last) => format!("the last request of a consumer was at {}", minute(last)),
        None => "no request of a consumer".to_owned(),
    });
    facts
}
