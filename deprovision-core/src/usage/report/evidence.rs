//! What a report says about one API, as evidence for a verdict.

use std::collections::BTreeMap;

use super::{Demand, Shard, UsageReport};
use crate::catalog::Api;
use crate::id::CallerId;
use crate::observation::Observation;
use crate::time::{Period, Timestamp, Window};
use crate::usage::{CallerUse, Stretches, UsageEvidence};

/// How many gaps are named; more are counted.
const NAMED_GAPS: usize = 5;

/// All shards of one source.
struct Source<'a> {
    shards: Vec<&'a Shard>,
    seen: Stretches,
    /// What is no whole line, and may be a call of anything.
    unreadable: Stretches,
    unreadable_undated: u64,
    read_at: Timestamp,
    /// What the windows of its shards leave out, when they do.
    window: Option<Window>,
}

impl<'a> Source<'a> {
    fn of(shards: Vec<&'a Shard>) -> Self {
        let mut source = Self {
            seen: Stretches::default(),
            unreadable: Stretches::default(),
            unreadable_undated: 0,
            read_at: Timestamp::MIN,
            window: None,
            shards,
        };
        for shard in &source.shards {
            source.seen.merge(&shard.seen);
            source.unreadable.merge(&shard.malformed.unreadable);
            source.unreadable_undated += shard.malformed.unreadable_undated;
            source.read_at = source.read_at.max(shard.read_at);
            // What one shard was not asked for, no other can vouch for.
            source.window = match (source.window, shard.window) {
                (Some(a), Some(b)) => Some(Window::new(a.from.max(b.from), a.to.min(b.to))),
                (a, b) => a.or(b),
            };
        }
        source
    }

    /// What is missing of the window for any API.
    fn missing(&self, window: Window, max_gap: Period) -> Vec<String> {
        let mut missing: Vec<String> = self
            .shards
            .iter()
            .flat_map(|shard| shard.missing.iter().cloned())
            .collect();
        if let Some(read) = self.window
            && read.from > window.from
        {
            missing.push(format!("only lines since {} were read", read.from));
        }
        let gaps = self.seen.gaps(window, max_gap);
        if !gaps.is_empty() {
            let named: Vec<String> = gaps
                .iter()
                .take(NAMED_GAPS)
                .map(|gap| format!("from {} to {}", gap.from, gap.to))
                .collect();
            let more = match gaps.len().saturating_sub(NAMED_GAPS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            missing.push(format!("the log has no line {}{more}", named.join(", ")));
        }
        let unreadable = self.unreadable.count_near(window) + self.unreadable_undated;
        if unreadable > 0 {
            let samples = self.shards.iter().flat_map(|s| &s.malformed.samples);
            let first = samples.min().map(|line| format!(", the first at {line}"));
            missing.push(format!(
                "{unreadable} malformed lines may be calls of any API{}",
                first.unwrap_or_default()
            ));
        }
        let future: u64 = self.shards.iter().map(|shard| shard.future).sum();
        if future > 0 {
            missing.push(format!(
                "{future} lines are stamped later than they were read; check the clocks"
            ));
        }
        missing
    }

    /// What was counted for the API.
    fn demand(&self, api: &Api) -> (Demand, BTreeMap<&'a CallerId, (u64, Option<Timestamp>)>) {
        let mut demand = Demand::default();
        let mut callers = BTreeMap::<_, (u64, Option<Timestamp>)>::new();
        for shard in &self.shards {
            for (_, (counted, by)) in shard.endpoints_of(&api.id) {
                demand.merge(counted);
                for count in by {
                    if let Some(caller) = shard.caller(count.caller) {
                        let (requests, last) = callers.entry(caller).or_default();
                        *requests = requests.saturating_add(count.requests);
                        *last = (*last).max(count.last_seen());
                    }
                }
            }
        }
        (demand, callers)
    }
}

impl UsageReport {
    /// What each source says about the API: one observation a source, for
    /// [`verdict`](crate::usage::verdict).
    ///
    /// The window of the evidence reaches from the source's first record, or from
    /// `since` where that is earlier, to when the source was read. Whether it is
    /// complete is asked for the time from `since` on.
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
        let mut sources: BTreeMap<&str, Vec<&Shard>> = BTreeMap::new();
        for shard in self.shards() {
            sources.entry(&shard.source).or_default().push(shard);
        }
        sources
            .into_iter()
            .map(|(name, shards)| evidence(name, &Source::of(shards), api, since, max_gap))
            .collect()
    }
}

fn evidence(
    name: &str,
    source: &Source<'_>,
    api: &Api,
    since: Timestamp,
    max_gap: Period,
) -> Observation<UsageEvidence> {
    let (Some(first), Some(last)) = (source.seen.first(), source.seen.last()) else {
        let missing = source.missing(Window::new(since, source.read_at), max_gap);
        return Observation::unknown(format!("{name}: {}", missing.join("; ")));
    };
    let window = Window::new(since.min(first), source.read_at);
    let (demand, by_caller) = source.demand(api);
    let mut missing = source.missing(Window::new(since, source.read_at), max_gap);
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
        .filter_map(|(caller, (requests, last))| {
            // One without any dated call is among the undated ones.
            last.map(|last| CallerUse::new(caller.clone(), requests, last))
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
