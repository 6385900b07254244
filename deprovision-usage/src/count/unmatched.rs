//! Requests that fit no API, by host and inferred template.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::id::CallerId;
use deprovision_core::usage::Unmatched;
use hashbrown::HashMap;

use super::tally::Tally;
use super::template::infer;

/// How many templates are kept apart; what is more becomes one template.
const MAX_TEMPLATES: usize = 10_000;

/// How many names may follow one beginning before they are taken for values.
const MAX_NAMES: usize = 60;

/// How many methods of one template are told apart.
const MAX_METHODS: usize = 16;

/// What is counted of a request that fits no API.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stray<'a> {
    pub(super) host: Option<&'a [u8]>,
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) at: Option<i64>,
    pub(super) class: u8,
    pub(super) bytes: u64,
    /// What kind of caller: an index into the tallies.
    pub(super) kind: usize,
    pub(super) caller: &'a [u8],
}

#[derive(Debug, Default)]
struct Cluster {
    methods: BTreeMap<Vec<u8>, u64>,
    tallies: [Tally; 3],
    /// The first few by their bytes, whatever the order in which they came.
    callers: BTreeSet<Vec<u8>>,
}

/// The templates so far.
#[derive(Debug, Default)]
pub(super) struct Strays {
    /// By `host NUL template`.
    clusters: HashMap<Vec<u8>, Cluster, foldhash::fast::RandomState>,
    key: Vec<u8>,
    template: Vec<u8>,
}

impl Strays {
    pub(super) fn add(&mut self, stray: Stray<'_>) {
        infer(stray.target, &mut self.template);
        self.key.clear();
        let host = stray.host.unwrap_or_default();
        // Any text may stand in a Host header.
        let host = host.get(..host.len().min(255)).unwrap_or_default();
        let plain = host
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(b));
        if plain {
            self.key.extend(host.iter().map(u8::to_ascii_lowercase));
        }
        self.key.push(0);
        self.key.extend_from_slice(&self.template);
        if !self.clusters.contains_key(&self.key) {
            if self.clusters.len() >= MAX_TEMPLATES {
                self.key.clear();
                self.key.extend_from_slice(b"\0/**");
            }
            self.clusters.entry(self.key.clone()).or_default();
        }
        let Some(cluster) = self.clusters.get_mut(&self.key) else {
            return;
        };
        match cluster.methods.get_mut(stray.method) {
            Some(count) => *count += 1,
            None => {
                let known = cluster.methods.len() < MAX_METHODS
                    && stray.method.len() <= 24
                    && stray.method.iter().all(u8::is_ascii_graphic);
                let name = if known { stray.method } else { b"other" };
                *cluster.methods.entry(name.to_vec()).or_default() += 1;
            }
        }
        if let Some(tally) = cluster.tallies.get_mut(stray.kind) {
            tally.add(stray.at, stray.class, stray.bytes);
        }
        if stray.kind == 0 && !stray.caller.is_empty() && !cluster.callers.contains(stray.caller) {
            let first = cluster.callers.len() < Unmatched::MAX_CALLERS
                || cluster
                    .callers
                    .last()
                    .is_some_and(|last| stray.caller < last.as_slice());
            if first {
                cluster.callers.insert(stray.caller.to_vec());
                if cluster.callers.len() > Unmatched::MAX_CALLERS {
                    cluster.callers.pop_last();
                }
            }
        }
    }

    /// What came of it, not yet put together.
    pub(super) fn into_unmatched(
        self,
        id: impl Fn(&[u8]) -> Option<CallerId>,
    ) -> impl Iterator<Item = Unmatched> {
        self.clusters.into_iter().map(move |(key, cluster)| {
            let mut parts = key.splitn(2, |b| *b == 0);
            let mut text =
                || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
            let host = Some(text()).filter(|host| !host.is_empty());
            let mut unmatched = Unmatched::new(host, text());
            for (method, count) in cluster.methods {
                let method = String::from_utf8_lossy(&method).into_owned();
                unmatched.methods.insert(method, count);
            }
            let [consumers, bots, health_checks] = cluster.tallies;
            unmatched.demand.consumers = consumers.into_traffic();
            unmatched.demand.bots = bots.into_traffic();
            unmatched.demand.health_checks = health_checks.into_traffic();
            unmatched.callers = cluster.callers.iter().filter_map(|c| id(c)).collect();
            unmatched
        })
    }
}

/// Puts templates together: equal ones are added up, and where too many names
/// follow the same beginning they are values, and become `{name}`.
pub(super) fn collapse(all: impl IntoIterator<Item = Unmatched>) -> Vec<Unmatched> {
    let mut merged: BTreeMap<(Option<String>, String), Unmatched> = BTreeMap::new();
    let add = |merged: &mut BTreeMap<_, Unmatched>, one: Unmatched| {
        merged
            .entry((one.host.clone(), one.template.clone()))
            .and_modify(|known| known.merge(&one))
            .or_insert(one);
    };
    for one in all {
        add(&mut merged, one);
    }
    let deepest = merged
        .keys()
        .map(|(_, template)| template.matches('/').count())
        .max()
        .unwrap_or(0);
    // From the left: what becomes equal by it is one beginning for the next.
    for depth in 1..=deepest {
        let mut names: BTreeMap<(Option<String>, String), BTreeSet<String>> = BTreeMap::new();
        for (host, template) in merged.keys() {
            if let Some((before, name, _)) = at(template, depth) {
                let names = names.entry((host.clone(), before.to_owned())).or_default();
                names.insert(name.to_owned());
            }
        }
        names.retain(|_, names| names.len() > MAX_NAMES);
        if names.is_empty() {
            continue;
        }
        for mut one in std::mem::take(&mut merged).into_values() {
            if let Some((before, _, after)) = at(&one.template, depth)
                && names.contains_key(&(one.host.clone(), before.to_owned()))
            {
                one.template = format!("{before}/{{name}}{after}");
            }
            add(&mut merged, one);
        }
    }
    merged.into_values().collect()
}

/// A template around its segment of that number, counted from one.
fn at(template: &str, number: usize) -> Option<(&str, &str, &str)> {
    let (start, _) = template.match_indices('/').nth(number - 1)?;
    let (before, rest) = template.split_at(start);
    let rest = rest.get(1..)?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    (name != "**").then_some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stray<'a>(target: &'a str, caller: &'a str) -> Stray<'a> {
        Stray {
            host: Some(b"Old.example.com"),
            method: b"GET",
            target: target.as_bytes(),
            at: Some(100),
            class: 2,
            bytes: 1,
            kind: 0,
            caller: caller.as_bytes(),
        }
    }

    fn unmatched(strays: Strays) -> Vec<Unmatched> {
        let id = |name: &[u8]| CallerId::parse(String::from_utf8_lossy(name).into_owned()).ok();
        collapse(strays.into_unmatched(id))
    }

    #[test]
    fn requests_of_one_shape_are_one_template() {
        let mut strays = Strays::default();
        for number in 0..100 {
            strays.add(stray(
                &format!("/old/orders/{number}"),
                &format!("c{:02}", number % 30),
            ));
        }
        strays.add(stray("/old/health", "c99"));
        let all = unmatched(strays);
        let templates: Vec<&str> = all.iter().map(|one| one.template.as_str()).collect();
        assert_eq!(templates, ["/old/health", "/old/orders/{id}"]);
        assert_eq!(all[1].demand.consumers.requests, 100);
        assert_eq!(all[1].host.as_deref(), Some("old.example.com"));
        assert_eq!(all[1].callers.len(), Unmatched::MAX_CALLERS);
        assert_eq!(all[1].callers.first().unwrap().as_str(), "c00");
    }

    #[test]
    fn too_many_names_at_one_place_are_values() {
        let mut strays = Strays::default();
        for number in 0..26 {
            for other in 0..26 {
                let name: String = [number, other]
                    .iter()
                    .map(|n| char::from(b'a' + n))
                    .collect();
                strays.add(stray(&format!("/people/{name}/photo"), "c"));
                strays.add(stray(&format!("/people/{name}"), "c"));
            }
        }
        let all = unmatched(strays);
        let templates: Vec<&str> = all.iter().map(|one| one.template.as_str()).collect();
        assert_eq!(templates, ["/people/{name}", "/people/{name}/photo"]);
        assert_eq!(all[0].demand.consumers.requests, 26 * 26);
    }

    #[test]
    fn a_scan_does_not_fill_the_memory() {
        let mut strays = Strays::default();
        for number in 0..MAX_TEMPLATES + 500 {
            let name: String = format!("{number:05}")
                .bytes()
                .map(|b| char::from(b + 50))
                .collect();
            strays.add(stray(&format!("/{name}/x"), "c"));
        }
        assert!(strays.clusters.len() <= MAX_TEMPLATES + 1);
        let all = unmatched(strays);
        let total: u64 = all.iter().map(|one| one.demand.consumers.requests).sum();
        assert_eq!(total, MAX_TEMPLATES as u64 + 500);
    }
}
