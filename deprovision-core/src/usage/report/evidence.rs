//! What a report says about one API, as evidence for a verdict.

use super::UsageReport;
use super::source::Source;
use crate::catalog::Api;
use crate::observation::Observation;
use crate::time::{Period, Timestamp, Window};
use crate::usage::{CallerUse, UsageEvidence};

impl UsageReport {
    /// What each source says about the API: one observation a source, for
    /// [`verdict`](crate::usage::verdict).
    ///
    /// The window of the evidence reaches from the source's first record that was
    /// counted, or from `since` where that is earlier, to when the source was read.
    /// Whether it is complete is asked for the time from `since` on.
    ///
    /// Bots and health checks are no callers, but requests: an API that only they
    /// call is in use by something. See
    /// [`Demand`](crate::usage::Demand) for them apart.
    #[must_use]
    pub fn evidence(
        &self,
        api: &Api,
        since: Timestamp,
        max_gap: Period,
    ) -> Vec<Observation<UsageEvidence>> {
        self.asked_since(since, max_gap, 0).evidence(api)
    }
}

/// What one source says about the API. `missing` is what of the window is missing for
/// any API.
pub(super) fn evidence(
    source: &Source<'_>,
    missing: &[String],
    api: &Api,
    asked: Window,
) -> Observation<UsageEvidence> {
    let name = source.name;
    let (Some(first), Some(last)) = (source.seen.first(), source.seen.last()) else {
        let why = match missing {
            [] => "there is no line whose time is known".to_owned(),
            _ => missing.join("; "),
        };
        return Observation::unknown(format!("{name}: {why}"));
    };
    // All that was counted is in it, and no time of which nothing was counted.
    let counted = source.counted(first);
    let window = Window::new(asked.from.min(counted.from), asked.to.max(counted.to));
    let (demand, by_caller) = source.demand(api);
    let mut missing = missing.to_vec();
    if demand.malformed > 0 {
        missing.push(format!(
            "{} malformed lines are calls of it, their callers not known",
            demand.malformed
        ));
    }
    if demand.consumers.undated > 0 {
        missing.push(format!(
            "{} calls of it are of unknown time",
            demand.consumers.undated
        ));
    }
    if demand.unlisted > 0 {
        missing.push(format!(
            "{} requests are of callers beyond those that are listed",
            demand.unlisted
        ));
    }
    let requests = [&demand.consumers, &demand.bots, &demand.health_checks]
        .iter()
        .fold(demand.malformed, |sum, traffic| {
            sum.saturating_add(traffic.requests)
        });
    let mut evidence = UsageEvidence::new(
        api.id.clone(),
        name,
        window,
        requests,
        demand.last_seen(),
        last,
    );
    evidence.callers = by_caller
        .into_iter()
        .filter_map(|(caller, calls)| {
            // One without any dated call is among the undated ones.
            let mut used = CallerUse::new(caller.clone(), calls.requests, calls.last?);
            used.routes = calls.routes();
            Some(used)
        })
        .collect();
    evidence.callers.sort_by(|a, b| {
        b.requests
            .cmp(&a.requests)
            .then_with(|| a.caller.cmp(&b.caller))
    });
    if missing.is_empty() {
        Observation::complete(evidence, source.read_at)
    } else {
        Observation::partial(evidence, source.read_at, missing.join("; "))
    }
}
