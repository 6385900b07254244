//! Making the table.

use std::collections::BTreeMap;

use deprovision_core::catalog::{Api, FaceKind, Method};
use deprovision_core::id::ApiId;
use deprovision_core::usage::Endpoint;

use super::host::Hosts;
use super::slots::{NO_SLOT, Slot, Slots};
use super::table::{Edges, Fits, Leaf, Mixed, NONE, Node, RouteTable, index, operation};
use super::target::segments;
use super::template::{Segment, Template};

/// One operation, or one API's prefix, at one place.
#[derive(Debug, Clone, Copy)]
struct Entry {
    api: u32,
    endpoint: u32,
    method: Option<Method>,
}

/// What ends at the places of the tree, by what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Leaf,
    Rest,
    Prefix,
}

/// A table in the making.
#[derive(Debug)]
pub(super) struct Builder {
    apis: Vec<ApiId>,
    /// The hosts of each API; none for any host.
    api_hosts: Vec<Vec<u32>>,
    /// The endpoint of each API that stands for none of its operations.
    beside: Vec<u32>,
    endpoints: Vec<Endpoint>,
    api_of: Vec<u32>,
    nodes: Vec<Node>,
    edges: Edges,
    mixed: Vec<Vec<Mixed>>,
    entries: BTreeMap<(u32, Ending), Vec<Entry>>,
    hosts: Hosts,
    without_routes: Vec<ApiId>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            apis: Vec::new(),
            api_hosts: Vec::new(),
            beside: Vec::new(),
            endpoints: Vec::new(),
            api_of: Vec::new(),
            nodes: vec![Node::new()],
            edges: Edges::new(),
            mixed: Vec::new(),
            entries: BTreeMap::new(),
            hosts: Hosts::default(),
            without_routes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, api: &Api) {
        let number = number(self.apis.len());
        self.apis.push(api.id.clone());
        let mut hosts: Vec<u32> = api.hosts.iter().map(|host| self.hosts.add(host)).collect();
        let beside = self.endpoint(number, Endpoint::new(api.id.clone(), None));
        self.beside.push(beside);
        // A gateway may put the name of a stage before the path.
        let mut stages: Vec<Option<Vec<u8>>> = vec![None];
        let mut aliases = Vec::new();
        for face in &api.faces {
            match face.kind {
                FaceKind::Stage => {
                    stages.extend(segments(face.name.as_bytes()).pop().map(Some));
                }
                // They are not called under a path of the API.
                FaceKind::Documentation | FaceKind::Sdk => {}
                // A face of a kind that this version does not know may be a path.
                FaceKind::Alias | FaceKind::Mirror | _ => aliases.push(face.name.as_str()),
            }
        }
        let mut prefixes: Vec<Template> = Vec::new();
        for alias in aliases {
            let (host, path) = host_and_path(alias);
            // Without hosts any host is the API's; one more must not narrow that.
            if let Some(host) = host
                && !api.hosts.is_empty()
            {
                hosts.push(self.hosts.add(host));
            }
            let path = path.map(Template::parse);
            prefixes.extend(path.filter(|template| template.literals() > 0));
        }
        self.api_hosts.push(hosts);
        let mut tells = false;
        for route in &api.routes {
            let template = Template::parse(&route.path);
            let endpoint =
                Endpoint::new(api.id.clone(), Some(operation(route.method, &route.path)));
            let endpoint = self.endpoint(number, endpoint);
            for stage in &stages {
                let entry = Entry {
                    api: number,
                    endpoint,
                    method: Some(route.method),
                };
                self.place(stage.as_deref(), &template, false, entry);
            }
            tells = true;
            prefixes.extend(template.prefix());
        }
        tells |= !prefixes.is_empty();
        prefixes.sort();
        prefixes.dedup();
        for prefix in &prefixes {
            for stage in &stages {
                let entry = Entry {
                    api: number,
                    endpoint: beside,
                    method: None,
                };
                self.place(stage.as_deref(), prefix, true, entry);
            }
        }
        if !tells {
            self.without_routes.push(api.id.clone());
        }
    }

    fn endpoint(&mut self, api: u32, endpoint: Endpoint) -> u32 {
        self.endpoints.push(endpoint);
        self.api_of.push(api);
        number(self.endpoints.len() - 1)
    }

    /// Puts an entry where its template ends.
    fn place(&mut self, stage: Option<&[u8]>, template: &Template, prefix: bool, entry: Entry) {
        let mut node = 0;
        if let Some(stage) = stage {
            node = self.literal(node, stage);
        }
        let mut ending = if prefix { Ending::Prefix } else { Ending::Leaf };
        for segment in template.segments() {
            node = match segment {
                Segment::Literal(text) => self.literal(node, text),
                Segment::Mixed { before, after } => self.mixed(node, before, after),
                Segment::Any => self.any(node),
                Segment::Rest => {
                    if !prefix {
                        ending = Ending::Rest;
                    }
                    break;
                }
            };
        }
        self.entries.entry((node, ending)).or_default().push(entry);
    }

    fn node(&mut self) -> u32 {
        self.nodes.push(Node::new());
        number(self.nodes.len() - 1)
    }

    fn literal(&mut self, node: u32, segment: &[u8]) -> u32 {
        if let Some(child) = self.edges.find(node, segment, (0, number(segment.len()))) {
            return child;
        }
        let child = self.node();
        self.edges.add(node, segment, child);
        if let Some(node) = self.nodes.get_mut(index(node)) {
            node.literals = true;
        }
        child
    }

    fn mixed(&mut self, node: u32, before: &[u8], after: &[u8]) -> u32 {
        let same = |mixed: &&Mixed| mixed.before == before && mixed.after == after;
        let place = self.nodes.get(index(node)).map_or(NONE, |node| node.mixed);
        let known = self
            .mixed
            .get(index(place))
            .map(|mixed| mixed.iter().find(same));
        if let Some(known) = known.flatten() {
            return known.child;
        }
        let child = self.node();
        let place = if place == NONE {
            self.mixed.push(Vec::new());
            number(self.mixed.len() - 1)
        } else {
            place
        };
        if let Some(node) = self.nodes.get_mut(index(node)) {
            node.mixed = place;
        }
        if let Some(mixed) = self.mixed.get_mut(index(place)) {
            mixed.push(Mixed {
                before: before.to_vec(),
                after: after.to_vec(),
                child,
            });
            // The most literal first.
            mixed.sort_by_key(|mixed| std::cmp::Reverse(mixed.before.len() + mixed.after.len()));
        }
        child
    }

    fn any(&mut self, node: u32) -> u32 {
        let any = self.nodes.get(index(node)).map_or(NONE, |node| node.any);
        if any != NONE {
            return any;
        }
        let child = self.node();
        if let Some(node) = self.nodes.get_mut(index(node)) {
            node.any = child;
        }
        child
    }

    pub(super) fn finish(mut self) -> RouteTable {
        let slots = Slots::default();
        let (mut untold, mut leaves) = (Vec::new(), Vec::new());
        for ((node, ending), entries) in std::mem::take(&mut self.entries) {
            let leaf = number(leaves.len());
            let (fits, by_host) = self.leaf(&entries, &slots);
            untold.push(fits);
            leaves.push(by_host);
            if let Some(node) = self.nodes.get_mut(index(node)) {
                match ending {
                    Ending::Leaf => node.leaf = leaf,
                    Ending::Rest => node.rest = leaf,
                    Ending::Prefix => node.prefix = leaf,
                }
            }
        }
        RouteTable {
            apis: self.apis,
            endpoints: self.endpoints,
            api_of: self.api_of,
            nodes: self.nodes,
            edges: self.edges,
            mixed: self.mixed,
            untold,
            leaves,
            hosts: self.hosts,
            slots,
            without_routes: self.without_routes,
        }
    }

    /// What ends at a leaf: for requests that name no host, and for the others.
    fn leaf(&self, entries: &[Entry], slots: &Slots) -> (Fits, Leaf) {
        let hosts_of = |entry: &Entry| {
            let hosts = self.api_hosts.get(index(entry.api));
            hosts.map_or(&[][..], Vec::as_slice)
        };
        let mut hosts: Vec<u32> = entries.iter().flat_map(hosts_of).copied().collect();
        hosts.sort_unstable();
        hosts.dedup();
        let fits = |accepts: &dyn Fn(&Entry) -> bool| {
            let entries: Vec<Entry> = entries.iter().copied().filter(|e| accepts(e)).collect();
            self.fits(&entries, slots)
        };
        let by_host = Leaf {
            foreign: fits(&|entry| hosts_of(entry).is_empty()),
            known: hosts
                .iter()
                .map(|host| {
                    let accepts = |entry: &Entry| {
                        let hosts = hosts_of(entry);
                        hosts.is_empty() || hosts.contains(host)
                    };
                    (*host, fits(&accepts))
                })
                .collect(),
        };
        (fits(&|_| true), by_host)
    }

    fn fits(&self, entries: &[Entry], slots: &Slots) -> Fits {
        let mut exact = [NO_SLOT; Method::ALL.len()];
        for (slot, method) in exact.iter_mut().zip(Method::ALL) {
            let have = entries.iter().filter(|entry| entry.method == Some(method));
            *slot = one_of_each(have.map(|entry| (entry.api, entry.endpoint)), slots);
        }
        let beside = entries.iter().filter_map(|entry| {
            let beside = self.beside.get(index(entry.api))?;
            Some((entry.api, *beside))
        });
        Fits {
            exact,
            other: one_of_each(beside, slots),
        }
    }
}

/// The slot of the first endpoint of each API.
fn one_of_each(entries: impl Iterator<Item = (u32, u32)>, slots: &Slots) -> Slot {
    let mut first: BTreeMap<u32, u32> = BTreeMap::new();
    for (api, endpoint) in entries {
        first.entry(api).or_insert(endpoint);
    }
    let mut endpoints: Vec<u32> = first.into_values().collect();
    endpoints.sort_unstable();
    slots.intern(endpoints)
}

/// The host and the path of another name: a host, a path, or a URL with both.
fn host_and_path(name: &str) -> (Option<&str>, Option<&str>) {
    match (name.split_once("://"), name.starts_with('/')) {
        (Some((_, rest)), _) => match rest.find('/') {
            Some(slash) => {
                let (host, path) = rest.split_at(slash);
                (Some(host), Some(path))
            }
            None => (Some(rest), None),
        },
        (None, true) => (None, Some(name)),
        (None, false) => (Some(name), None),
    }
}

fn number(index: usize) -> u32 {
    // More than four thousand million routes do not fit into memory.
    u32::try_from(index).unwrap_or(NONE)
}
