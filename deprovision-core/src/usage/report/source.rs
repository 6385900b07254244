//! All shards of one source, put together.

use std::collections::BTreeMap;

use super::{Demand, Operation, Shard, UsageReport};
use crate::catalog::Api;
use crate::id::CallerId;
use crate::time::{Period, Timestamp, Window};
use crate::usage::{CallerUse, Stretches};

/// How many gaps are named; more are counted.
const NAMED_GAPS: usize = 5;

/// All shards of one source.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) shards: Vec<&'a Shard>,
    pub(super) seen: Stretches,
    /// What is no whole line, and may be a call of anything.
    pub(super) unreadable: Stretches,
    pub(super) unreadable_undated: u64,
    pub(super) read_at: Timestamp,
    /// What the windows of its shards leave out, when they do.
    pub(super) window: Option<Window>,
}

impl<'a> Source<'a> {
    /// The sources of a report, in the order of their names.
    pub(super) fn all(report: &'a UsageReport) -> Vec<Self> {
        let mut sources: BTreeMap<&str, Vec<&Shard>> = BTreeMap::new();
        for shard in report.shards() {
            sources.entry(&shard.source).or_default().push(shard);
        }
        sources
            .into_iter()
            .map(|(name, shards)| Self::of(name, shards))
            .collect()
    }

    fn of(name: &'a str, shards: Vec<&'a Shard>) -> Self {
        let mut source = Self {
            name,
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
            source.unreadable_undated = source
                .unreadable_undated
                .saturating_add(shard.malformed.unreadable_undated);
            source.read_at = source.read_at.max(shard.read_at);
            // What one shard was not asked for, no other can vouch for.
            source.window = match (source.window, shard.window) {
                (Some(a), Some(b)) => Some(Window::new(a.from.max(b.from), a.to.min(b.to))),
                (a, b) => a.or(b),
            };
        }
        source
    }

    /// How many lines may be calls of any API in the window: those that are no further
    /// from it than the longest gap, for a line may be a little out of order, and a
    /// broken one may hold the next.
    pub(super) fn unreadable_in(&self, window: Window, max_gap: Period) -> u64 {
        let near = Window::new(max_gap.before(window.from), max_gap.after(window.to));
        self.unreadable
            .count_near(near)
            .saturating_add(self.unreadable_undated)
    }

    /// From the first line that was counted, if it was called, to the last.
    pub(super) fn counted(&self, first: Timestamp) -> Window {
        match self.window {
            None => Window::new(first, self.read_at),
            Some(read) => Window::new(first.max(read.from), self.read_at.min(read.to)),
        }
    }

    /// How many lines are stamped later than they were read.
    pub(super) fn future(&self) -> u64 {
        let all = self.shards.iter().map(|shard| shard.future);
        all.fold(0, u64::saturating_add)
    }

    /// What is missing of the window for any API, when so many unreadable lines are
    /// borne with.
    pub(super) fn missing(
        &self,
        window: Window,
        max_gap: Period,
        unreadable_borne: u64,
    ) -> Vec<String> {
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
        if let Some(read) = self.window
            && read.to < window.to.min(self.read_at)
        {
            missing.push(format!("only lines before {} were read", read.to));
        }
        if window.to > self.read_at {
            missing.push(format!(
                "the window ends at {}, and it was read at {}",
                window.to, self.read_at
            ));
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
        let unreadable = self.unreadable_in(window, max_gap);
        if unreadable > unreadable_borne {
            let samples = self.shards.iter().flat_map(|s| &s.malformed.samples);
            // Others may be malformed, too, that can be no call.
            let first = samples
                .min()
                .map(|line| format!("; the first malformed one is {line}"));
            missing.push(format!(
                "{unreadable} malformed lines may be calls of any API{}",
                first.unwrap_or_default()
            ));
        }
        let future = self.future();
        if future > 0 {
            missing.push(format!(
                "{future} lines are stamped later than they were read; check the clocks"
            ));
        }
        missing
    }

    /// What was counted for the API.
    pub(super) fn demand(&self, api: &Api) -> (Demand, BTreeMap<&'a CallerId, Calls<'a>>) {
        let mut demand = Demand::default();
        let mut callers = BTreeMap::<_, Calls<'a>>::new();
        for shard in &self.shards {
            for (endpoint, (counted, by)) in shard.endpoints_of(&api.id) {
                demand.merge(counted);
                for count in by {
                    if let Some(caller) = shard.caller(count.caller) {
                        let calls = callers.entry(caller).or_default();
                        calls.requests = calls.requests.saturating_add(count.requests);
                        calls.last = calls.last.max(count.last_seen());
                        if let Some(operation) = &endpoint.operation {
                            let route = calls.routes.entry(operation).or_default();
                            *route = route.saturating_add(count.requests);
                        }
                    }
                }
            }
        }
        (demand, callers)
    }
}

/// What one caller did.
#[derive(Debug, Default)]
pub(super) struct Calls<'a> {
    pub(super) requests: u64,
    pub(super) last: Option<Timestamp>,
    routes: BTreeMap<&'a Operation, u64>,
}

impl Calls<'_> {
    /// The routes, the busiest first, as many as evidence holds.
    pub(super) fn routes(&self) -> Vec<String> {
        let mut routes: Vec<_> = self.routes.iter().collect();
        // The map is in order, and the sort keeps that among equals.
        routes.sort_by_key(|(_, requests)| std::cmp::Reverse(**requests));
        let busiest = routes.into_iter().take(CallerUse::MOST_ROUTES);
        busiest
            .map(|(operation, _)| operation.to_string())
            .collect()
    }
}
