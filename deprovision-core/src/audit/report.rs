//! The whole audit.

use serde::{Deserialize, Serialize};

use super::rules::{
    declining, orphaned, overdue, redundant, shadow, superseded, unknown, unreachable, unused,
    zombie,
};
use super::view::{One, View};
use super::{ApiSummary, CallerSummary, Change, Finding, Use};
use crate::catalog::Catalog;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::usage::{Days, SourceCoverage, UsageReport};

/// What is known of all APIs at one moment, and what has to be done about them.
///
/// The same catalog, report, policy and moment give the same audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Audit {
    /// The moment that it is of.
    pub as_of: Timestamp,
    /// The beginning of the period in which a call counts as use.
    pub since: Timestamp,
    /// What was found: the gravest first, then by API.
    pub findings: Vec<Finding>,
    /// Each API of the catalog, by id.
    pub apis: Vec<ApiSummary>,
    /// What each source covers, by name.
    pub sources: Vec<SourceCoverage>,
    /// The requests that fit no API.
    pub unmatched: UnmatchedSummary,
}

/// How much fits no API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UnmatchedSummary {
    /// How many path templates.
    pub paths: u64,
    /// How many requests of anybody.
    pub requests: u64,
    /// How many of the templates have too few requests for a finding.
    pub below_threshold: u64,
}

impl Audit {
    /// Audits every API of the catalog by what was counted, at a moment: the machine's
    /// clock, mostly.
    #[must_use]
    pub fn of(catalog: &Catalog, report: &UsageReport, policy: &Policy, now: Timestamp) -> Self {
        let view = View::new(catalog, report, &policy.audit, now);
        let mut unknowns = unknown::Unknowns::default();
        let mut apis = Vec::with_capacity(catalog.apis.len());
        let (mut findings, unmatched) = shadow::find(&view);
        for api in catalog.apis.values() {
            let one = One::new(&view, api);
            let trend = declining::measure(&view, &one);
            findings.extend(zombie::find(&view, &one));
            findings.extend(overdue::find(&view, &one));
            findings.extend(orphaned::find(&view, &one));
            findings.extend(unreachable::find(&view, &one));
            findings.extend(unused::find(&view, &one));
            findings.extend(superseded::find(&view, &one));
            findings.extend(declining::find(&view, &one, trend.as_ref()));
            unknowns.look(&view, &one);
            apis.push(summary(
                &view,
                &one,
                trend.as_ref().and_then(declining::told),
            ));
        }
        findings.extend(unknowns.findings());
        findings.extend(redundant::find(&view));
        let mut audit = Self {
            as_of: now,
            since: view.since,
            findings: Vec::new(),
            apis,
            sources: view.sources,
            unmatched,
        };
        audit.include(findings);
        audit
    }

    /// Adds findings of other rules, in their place.
    pub fn include(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by(Finding::order);
    }
}

fn summary(view: &View<'_>, one: &One<'_>, change: Option<Change>) -> ApiSummary {
    let total = &one.usage.total;
    let first = Days::of(view.since);
    let mut days = Days::default();
    for (day, count) in total.consumers.days.iter().filter(|(day, _)| *day >= first) {
        days.add(day, count);
    }
    ApiSummary {
        api: one.api.id.clone(),
        title: one.api.title.clone(),
        lifecycle: one.api.lifecycle,
        owner: one.api.owner.as_ref().map(|owner| owner.person.clone()),
        verdict: Use::from(&one.judgement.verdict),
        requests: total.consumers.requests,
        bots: total.bots.requests,
        health_checks: total.health_checks.requests,
        last_seen: total.consumers.last_seen,
        callers: one.usage.callers.len() as u64,
        top_callers: one
            .usage
            .top_callers(ApiSummary::TOP_CALLERS)
            .into_iter()
            .map(|(id, requests, last)| CallerSummary::new(id.clone(), requests, last))
            .collect(),
        days,
        change,
    }
}
