//! A log that is written by hand, and the APIs that it is about.

use std::collections::BTreeMap;

use deprovision_core::audit::{Audit, Finding, FindingKind, Use};
use deprovision_core::catalog::{Api, Catalog, Method, Route};
use deprovision_core::id::{ApiId, CallerId};
use deprovision_core::policy::Policy;
use deprovision_core::time::{Period, Timestamp};
use deprovision_core::usage::{
    CallerCount, Days, Endpoint, Input, Operation, Shard, Traffic, Unmatched, UsageReport,
};

/// How long the log is, in days: longer than the period of an audit.
pub(crate) const DAYS: u64 = 110;

pub(crate) fn now() -> Timestamp {
    "2027-04-11T00:30:00Z".parse().unwrap()
}

/// So many days ago, at noon.
pub(crate) fn ago(days: u64) -> Timestamp {
    Period::hours(12).before(Period::days(days).before("2027-04-11T00:00:00Z".parse().unwrap()))
}

pub(crate) fn id(id: &str) -> ApiId {
    ApiId::parse(id).unwrap()
}

/// An API with one route, `/{id}/{item}`, and an owner.
pub(crate) fn api(name: &str) -> Api {
    let mut api = Api::new(id(name), name);
    api.routes = vec![Route::new(Method::Get, format!("/{name}/{{item}}"))];
    api.hosts = vec!["api.example.com".into()];
    api.owner = Some(
        serde_json::from_value(
            serde_json::json!({"person": "dana@example.com", "email": "dana@example.com"}),
        )
        .unwrap(),
    );
    api
}

/// Who sends a request.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    Caller(&'a str),
    Health,
    Bot,
}

/// One source that wrote each ten minutes, without any call yet.
pub(crate) struct Log {
    pub(crate) shard: Shard,
    counts: BTreeMap<(ApiId, CallerId), (u64, Timestamp)>,
}

impl Log {
    pub(crate) fn new(source: &str) -> Self {
        let input = Input::new(format!("{source}.log"), source.as_bytes(), 1);
        let mut shard = Shard::new(source, vec![input], None, now()).unwrap();
        let mut at = Period::days(DAYS).before(now());
        while at <= now() {
            shard.seen.insert(at, at, 1);
            shard.lines += 1;
            at = Period::minutes(10).after(at);
        }
        Self {
            shard,
            counts: BTreeMap::new(),
        }
    }

    /// The log without the lines of some time.
    pub(crate) fn without(mut self, from: Timestamp, to: Timestamp) -> Self {
        let whole = std::mem::take(&mut self.shard.seen);
        for (first, last, count) in whole.iter() {
            if last < from || first > to {
                self.shard.seen.insert(first, last, count);
            }
        }
        self
    }

    pub(crate) fn call(&mut self, api: &str, by: By<'_>, at: Timestamp, times: u64) {
        self.answered(api, by, at, times, 200);
    }

    pub(crate) fn answered(
        &mut self,
        api: &str,
        by: By<'_>,
        at: Timestamp,
        times: u64,
        status: u16,
    ) {
        let operation = Operation::new(Method::Get, format!("/{api}/{{item}}"));
        let endpoint = Endpoint::new(id(api), Some(operation));
        let (demand, _) = self.shard.endpoints.entry(endpoint).or_default();
        let traffic = match by {
            By::Caller(_) => &mut demand.consumers,
            By::Health => &mut demand.health_checks,
            By::Bot => &mut demand.bots,
        };
        traffic.merge(&requests(at, times, status));
        if let By::Caller(caller) = by {
            let key = (id(api), CallerId::parse(caller).unwrap());
            let (count, last) = self.counts.entry(key).or_insert((0, at));
            *count += times;
            *last = at.max(*last);
        }
    }

    /// Requests for what no API has.
    pub(crate) fn stray(&mut self, method: &str, template: &str, times: u64, status: u16) {
        let mut paths = Unmatched::new(Some("api.example.com".into()), template);
        paths.methods.insert(method.into(), times);
        paths.demand.consumers = requests(ago(3), times, status);
        paths.callers.insert(CallerId::parse("10.0.0.9").unwrap());
        self.shard.unmatched.push(paths);
    }

    pub(crate) fn shard(&self) -> Shard {
        let mut shard = self.shard.clone();
        shard.callers = self
            .counts
            .keys()
            .map(|(_, caller)| caller.clone())
            .collect();
        shard.callers.sort();
        shard.callers.dedup();
        for ((api, caller), (count, last)) in &self.counts {
            let index = shard.callers.binary_search(caller).unwrap() as u32;
            let endpoints = shard.endpoints.iter_mut();
            for (_, (_, callers)) in endpoints.filter(|(endpoint, _)| endpoint.api == *api) {
                callers.add(CallerCount::new(index, *count, Some(*last)));
            }
        }
        shard
    }
}

fn requests(at: Timestamp, times: u64, status: u16) -> Traffic {
    let mut traffic = Traffic::default();
    traffic.requests = times;
    *traffic.statuses.of(Some(status)) = times;
    traffic.first_seen = Some(at);
    traffic.last_seen = Some(at);
    traffic.days.add(Days::of(at), times);
    traffic
}

pub(crate) fn report(logs: &[Log]) -> UsageReport {
    let mut report = UsageReport::default();
    for log in logs {
        report.merge(UsageReport::of(log.shard())).unwrap();
    }
    report
}

/// The audit of one API.
pub(crate) fn audit_of(api: &Api, logs: &[Log]) -> Audit {
    Audit::of(
        &Catalog::new([api.clone()]),
        &report(logs),
        &Policy::default(),
        now(),
    )
}

pub(crate) fn said(audit: &Audit) -> Use {
    audit.apis[0].verdict
}

#[track_caller]
pub(crate) fn only(audit: &Audit, kind: FindingKind) -> &Finding {
    let found: Vec<&Finding> = audit.findings.iter().filter(|f| f.kind == kind).collect();
    assert_eq!(found.len(), 1, "{:?}", audit.findings);
    found[0]
}

pub(crate) fn kinds(audit: &Audit) -> Vec<FindingKind> {
    audit.findings.iter().map(|finding| finding.kind).collect()
}
