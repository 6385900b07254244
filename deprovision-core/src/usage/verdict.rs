//! From the evidence of all sources to one verdict. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::Api;
use crate::id::CallerId;
use crate::observation::Observation;
use crate::time::{Period, Timestamp};
use crate::usage::{CallerUse, UsageEvidence};

/// When an API counts as idle, and which evidence is good enough to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VerdictRule {
    /// Nobody called for this long.
    pub idle_after: Period,
    /// The evidence must not have been read longer ago than this. Default a day.
    pub max_age: Period,
    /// The records must reach to within this of the read. Default an hour, as the
    /// standard policy's `usage_lag`.
    pub lag: Period,
}

impl VerdictRule {
    /// A rule with the defaults.
    #[must_use]
    pub fn new(idle_after: Period) -> Self {
        Self {
            idle_after,
            max_age: Period::days(1),
            lag: Period::hours(1),
        }
    }
}

/// Whether an API is used, with what says so.
///
/// One source that saw a call is enough for *in use*, however incomplete it is.
/// *Idle* and *never seen* need every source, each complete, fresh and reaching
/// over the whole period: a gap is unknown, never unused (invariant I-9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict", deny_unknown_fields)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever decides by a verdict must decide for each of them, unknown above all"
)]
pub enum Verdict {
    /// Somebody called within the period.
    InUse {
        /// At least so many requests in the sources' windows: sources may see the
        /// same request, so the largest count of one source is told.
        requests: u64,
        /// When last, as far as it is known.
        last_seen: Option<Timestamp>,
        /// Who, of all sources; the counts are at least so many, too.
        callers: Vec<CallerUse>,
        /// When the verdict would be idle, if nobody called any more.
        idle_at: Option<Timestamp>,
        /// What the sources said.
        evidence: Vec<Observation<UsageEvidence>>,
    },
    /// Nobody called within the period, and somebody did before.
    Idle {
        /// The last call that any source has.
        last_seen: Timestamp,
        /// Up to when that is known: the records of every source reach so far.
        until: Timestamp,
        /// What the sources said.
        evidence: Vec<Observation<UsageEvidence>>,
    },
    /// No source has any call at all.
    NeverSeen {
        /// Since when every source has been looking.
        since: Timestamp,
        /// Up to when that is known: the records of every source reach so far.
        until: Timestamp,
        /// What the sources said.
        evidence: Vec<Observation<UsageEvidence>>,
    },
    /// It can not be told.
    Unknown {
        /// Why: one reason or more, each of which alone is enough.
        why: Vec<String>,
        /// What the sources said.
        evidence: Vec<Observation<UsageEvidence>>,
    },
}

impl Verdict {
    /// What the sources said.
    #[must_use]
    pub fn evidence(&self) -> &[Observation<UsageEvidence>] {
        match self {
            Self::InUse { evidence, .. }
            | Self::Idle { evidence, .. }
            | Self::NeverSeen { evidence, .. }
            | Self::Unknown { evidence, .. } => evidence,
        }
    }

    /// What would change the verdict, for a person.
    #[must_use]
    pub fn would_change(&self) -> String {
        match self {
            Self::InUse {
                idle_at: Some(at), ..
            } => format!("it is idle on {at} if nobody calls until then and every source can say so"),
            Self::InUse { idle_at: None, .. } => {
                "it is idle when no source saw a call for long enough; the time of the last call is not known".to_owned()
            }
            Self::Idle { until, .. } | Self::NeverSeen { until, .. } => {
                format!("any call after {until}, and any source that no longer answers completely")
            }
            Self::Unknown { why, .. } => format!("it can be told when this is mended: {}", why.join("; ")),
        }
    }
}

/// Whether the API is used, by all its sources.
///
/// ```
/// use deprovision_core::catalog::Api;
/// use deprovision_core::id::ApiId;
/// use deprovision_core::observation::Observation;
/// use deprovision_core::time::{Period, Timestamp};
/// use deprovision_core::usage::{Verdict, VerdictRule, verdict};
/// let api = Api::new(ApiId::parse("orders-v1")?, "Orders");
/// let rule = VerdictRule::new(Period::days(90));
/// let said = verdict(&api, &[Observation::unknown("the log has a gap")], &rule, Timestamp::now());
/// assert!(matches!(said, Verdict::Unknown { .. }));
/// # Ok::<(), deprovision_core::id::ParseIdError>(())
/// ```
#[must_use]
pub fn verdict(
    api: &Api,
    sources: &[Observation<UsageEvidence>],
    rule: &VerdictRule,
    now: Timestamp,
) -> Verdict {
    let evidence = sources.to_vec();
    let own: Vec<&UsageEvidence> = sources
        .iter()
        .filter_map(value)
        .filter(|value| value.api == api.id)
        .collect();
    let last_seen = own.iter().filter_map(|value| value.last_seen).max();
    let threshold = rule.idle_after.before(now);
    let in_use = own.iter().any(|value| is_call_since(value, threshold));
    if in_use {
        return Verdict::InUse {
            requests: own.iter().map(|value| value.requests).max().unwrap_or(0),
            last_seen,
            callers: callers(&own),
            idle_at: last_seen.map(|at| rule.idle_after.after(at)),
            evidence,
        };
    }
    let why = doubts(api, sources, rule, now);
    let until = own.iter().map(|value| reach(value)).min();
    let since = own.iter().map(|value| value.window.from).max();
    match (why.is_empty(), since, until, last_seen) {
        (true, Some(_), Some(until), Some(last_seen)) => Verdict::Idle {
            last_seen,
            until,
            evidence,
        },
        (true, Some(since), Some(until), None) => Verdict::NeverSeen {
            since,
            until,
            evidence,
        },
        (true, None, _, _) | (true, _, None, _) => Verdict::Unknown {
            why: vec![format!("no source answered about {}", api.id)],
            evidence,
        },
        (false, _, _, _) => Verdict::Unknown { why, evidence },
    }
}

fn value(source: &Observation<UsageEvidence>) -> Option<&UsageEvidence> {
    match source {
        Observation::Known { value, .. } => Some(value),
        Observation::Unknown { .. } => None,
    }
}

/// Whether the evidence holds a call since that moment. Requests whose time is not
/// known may be.
fn is_call_since(value: &UsageEvidence, since: Timestamp) -> bool {
    let by_caller = value.callers.iter().map(|caller| caller.last_seen).max();
    match value.last_seen.max(by_caller) {
        Some(last) => last >= since,
        None => value.requests > 0,
    }
}

/// How far the evidence reaches.
fn reach(value: &UsageEvidence) -> Timestamp {
    value.watermark.min(value.window.to)
}

/// Why the sources together can not say that nobody called.
fn doubts(
    api: &Api,
    sources: &[Observation<UsageEvidence>],
    rule: &VerdictRule,
    now: Timestamp,
) -> Vec<String> {
    let mut why = Vec::new();
    if sources.is_empty() {
        why.push(format!(
            "no usage source was read for {}; name one in the catalog",
            api.id
        ));
    }
    let answered: BTreeSet<&str> = sources
        .iter()
        .filter_map(value)
        .map(|value| value.source.as_str())
        .collect();
    let all_known = sources.iter().all(|source| value(source).is_some());
    for name in &api.usage_sources {
        // An unknown answer does not say whose it is, and is a doubt itself.
        if all_known && !answered.contains(name.as_str()) {
            why.push(format!("the source {name} was not read"));
        }
    }
    for source in sources {
        match source {
            Observation::Unknown { why: reason } => why.push(reason.clone()),
            Observation::Known { value, as_of, .. } => {
                let name = &value.source;
                if value.api != api.id {
                    why.push(format!("{name} answered about {}", value.api));
                    continue;
                }
                if let Some(doubt) = source.doubt() {
                    why.push(format!("{name}: {doubt}"));
                }
                if *as_of > now || rule.max_age.after(*as_of) < now {
                    why.push(format!(
                        "{name} was read at {as_of}, and {} is the oldest that counts at {now}; read it again",
                        rule.max_age.before(now)
                    ));
                }
                let needed = rule.idle_after.before(*as_of);
                if value.window.from > needed {
                    why.push(format!(
                        "{name} was asked since {}, and the period begins at {needed}; ask for a longer window",
                        value.window.from
                    ));
                }
                if rule.lag.after(reach(value)) < *as_of {
                    why.push(format!(
                        "{name} reaches to {} only, more than {} before it was read",
                        reach(value),
                        rule.lag
                    ));
                }
            }
        }
    }
    why
}

/// The callers of all sources. A call may be in several of them, so each caller
/// gets the largest count of one source.
fn callers(evidence: &[&UsageEvidence]) -> Vec<CallerUse> {
    let mut merged: BTreeMap<&CallerId, CallerUse> = BTreeMap::new();
    for caller in evidence.iter().flat_map(|value| &value.callers) {
        merged
            .entry(&caller.caller)
            .and_modify(|known| {
                known.requests = known.requests.max(caller.requests);
                known.last_seen = known.last_seen.max(caller.last_seen);
                if known.routes.is_empty() {
                    known.routes.clone_from(&caller.routes);
                }
                known.first_seen = match (known.first_seen, caller.first_seen) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            })
            .or_insert_with(|| caller.clone());
    }
    let mut callers: Vec<CallerUse> = merged.into_values().collect();
    // The map is in the order of the ids, and the sort keeps that among equals.
    callers.sort_by_key(|caller| std::cmp::Reverse(caller.requests));
    callers
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
