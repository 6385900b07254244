//! What all rules look at: the sources once, and each API in turn.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::{Judgement, judge};
use super::{Finding, FindingKind, Subject, hidden, words};
use crate::catalog::{Api, Catalog, LintRule, Severity};
use crate::id::ApiId;
use crate::policy::AuditPolicy;
use crate::time::{Period, Timestamp, Window};
use crate::usage::{ApiUse, AskedReport, Days, SourceCoverage, Traffic, Unmatched, UsageReport};

/// Everything that does not depend on one API.
pub(super) struct View<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) report: &'a UsageReport,
    pub(super) policy: &'a AuditPolicy,
    pub(super) now: Timestamp,
    /// The beginning of the period in which a call counts as use.
    pub(super) since: Timestamp,
    pub(super) asked: AskedReport<'a>,
    pub(super) sources: Vec<SourceCoverage>,
    coverage: String,
    pub(super) unmatched: Vec<Unmatched>,
    /// Requests of consumers that fit no API, by host.
    unmatched_on: BTreeMap<String, u64>,
    /// Requests that fit no API, though they fit these by the catalog at hand.
    pub(super) hidden: BTreeMap<&'a ApiId, u64>,
    /// APIs without an owner who can be reached, with the reason.
    pub(super) orphans: BTreeMap<ApiId, String>,
    /// The days of the trend that every source has whole.
    pub(super) trend_days: Vec<i32>,
    /// On how many lines of a day it is not known what they are.
    pub(super) unreadable: BTreeMap<i32, u64>,
    /// The days of the period that every source has whole.
    pub(super) period_days: Vec<i32>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        report: &'a UsageReport,
        policy: &'a AuditPolicy,
        now: Timestamp,
    ) -> Self {
        // The period of a source ends when the source was read, so the earliest
        // reading says from when on all of them must have looked.
        let read_at = oldest_reading(report).map_or(now, |read_at| read_at.min(now));
        let asked_since = policy.idle_after.before(read_at);
        let asked = report.asked_since(asked_since, policy.max_gap, policy.unreadable);
        let today = Days::start(Days::of(read_at));
        let trend = Window::ending_at(today, policy.trend.over);
        let sources = asked.coverage();
        let unmatched = report.unmatched();
        let mut unmatched_on: BTreeMap<String, u64> = BTreeMap::new();
        for paths in &unmatched {
            let host = paths.host.clone().unwrap_or_default();
            let sum = unmatched_on.entry(host).or_default();
            *sum = sum.saturating_add(paths.demand.consumers.requests);
        }
        let orphans = catalog
            .lint()
            .into_iter()
            .filter(|lint| lint.rule == LintRule::NoOwner)
            .map(|lint| (lint.api, lint.message))
            .collect();
        Self {
            catalog,
            report,
            policy,
            now,
            since: policy.idle_after.before(now),
            coverage: words::coverage(&sources),
            hidden: hidden::look(catalog, &unmatched),
            trend_days: asked.complete_days(trend),
            unreadable: asked.unreadable_by_day(trend),
            period_days: asked.complete_days(Window::new(asked_since, today)),
            asked,
            sources,
            unmatched_on,
            unmatched,
            orphans,
        }
    }

    /// A finding, with what the sources cover.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        subject: Subject,
        severity: Severity,
        title: impl Into<String>,
    ) -> Finding {
        let mut finding = Finding::new(kind, subject, severity, title);
        finding.coverage.clone_from(&self.coverage);
        finding
    }

    /// Whether any of the requests is of the period, or may be.
    pub(super) fn is_recent(&self, traffic: &Traffic) -> bool {
        is_since(traffic, self.since)
    }

    /// How many requests there were on these days.
    pub(super) fn on(days: &[i32], traffic: &Traffic) -> u64 {
        let counts = days.iter().map(|day| traffic.days.on(*day));
        counts.fold(0, u64::saturating_add)
    }

    /// For how long something has been over, in days.
    pub(super) fn since_then(&self, then: Timestamp) -> String {
        let days = Period::between(then, self.now).as_seconds() / Period::days(1).as_seconds();
        match days {
            0 => "less than a day".to_owned(),
            days => words::count(days, "day"),
        }
    }
}

/// When the source that was read longest ago was read last.
fn oldest_reading(report: &UsageReport) -> Option<Timestamp> {
    let mut read: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for shard in report.shards() {
        let at = read.entry(&shard.source).or_insert(shard.read_at);
        *at = shard.read_at.max(*at);
    }
    read.into_values().min()
}

/// Whether any of the requests is of then or later, or may be.
pub(super) fn is_since(traffic: &Traffic, since: Timestamp) -> bool {
    traffic.undated > 0 || traffic.last_seen.is_some_and(|last| last >= since)
}

/// One API, with all that was counted for it.
pub(super) struct One<'a> {
    pub(super) api: &'a Api,
    pub(super) usage: ApiUse,
    pub(super) judgement: Judgement,
}

impl<'a> One<'a> {
    pub(super) fn new(view: &View<'a>, api: &'a Api) -> Self {
        let usage = view.report.api(&api.id);
        let judgement = judge(view, api, &usage);
        Self {
            api,
            usage,
            judgement,
        }
    }

    pub(super) fn subject(&self) -> Subject {
        Subject::Api(self.api.id.clone())
    }

    /// Who may be asked about it.
    pub(super) fn owner(&self) -> Option<&str> {
        self.api.owner.as_ref().map(|owner| owner.person.as_str())
    }

    /// The last request of bots and health checks.
    pub(super) fn last_machine(&self) -> Option<Timestamp> {
        let total = &self.usage.total;
        total.bots.last_seen.max(total.health_checks.last_seen)
    }

    /// How many requests on the API's own hosts fit no API.
    pub(super) fn unmatched_nearby(&self, view: &View<'_>) -> u64 {
        let hosts: BTreeSet<&String> = self.api.hosts.iter().collect();
        hosts
            .iter()
            .filter_map(|host| view.unmatched_on.get(*host))
            .fold(0, |sum, requests| sum.saturating_add(*requests))
    }
}
