//! Making the table.

use deprovision_core::catalog::{Api, FaceKind, Method};
use deprovision_core::id::ApiId;
use deprovision_core::usage::Endpoint;

use super::host::Hosts;
use super::slots::{NO_SLOT, Sets, Slot, Slots};
use super::table::{Edges, Fits, Leaf, Mixed, NONE, Node, RouteTable, index, operation};
use super::target::{decoded, segments};
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

/// Where a template ends.
struct End {
    node: u32,
    ending: Ending,
    /// Where its prefix ends.
    prefix: Option<u32>,
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
    /// With the nodes where they end.
    entries: Vec<(u32, Ending, Entry)>,
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
            entries: Vec::new(),
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
        let mut tells = false;
        let of_prefix = Entry {
            api: number,
            endpoint: beside,
            method: None,
        };
        for alias in aliases {
            let (host, path) = host_and_path(alias);
            // Without hosts any host is the API's; one more must not narrow that.
            if let Some(host) = host
                && !api.hosts.is_empty()
            {
                hosts.push(self.hosts.add(host));
            }
            let path = decoded(path.unwrap_or_default().as_bytes());
            let template = Template::of(&path);
            if template.literals() > 0 {
                tells = true;
                for stage in &stages {
                    let end = self.grow(stage.as_deref(), &template, None);
                    self.entries.push((end.node, Ending::Prefix, of_prefix));
                }
            }
        }
        self.api_hosts.push(hosts);
        // Where the last prefix below each stage ends: most routes have the same.
        let mut last = vec![NONE; stages.len()];
        for route in &api.routes {
            tells = true;
            let path = decoded(route.path.as_bytes());
            let template = Template::of(&path);
            let prefix = template.prefix();
            let endpoint =
                Endpoint::new(api.id.clone(), Some(operation(route.method, &route.path)));
            let entry = Entry {
                api: number,
                endpoint: self.endpoint(number, endpoint),
                method: Some(route.method),
            };
            for (stage, last) in stages.iter().zip(&mut last) {
                let end = self.grow(stage.as_deref(), &template, prefix);
                self.entries.push((end.node, end.ending, entry));
                if let Some(prefix) = end.prefix
                    && prefix != *last
                {
                    *last = prefix;
                    self.entries.push((prefix, Ending::Prefix, of_prefix));
                }
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

    /// The nodes of a template below a stage, of which so many segments are a prefix.
    fn grow(
        &mut self,
        stage: Option<&[u8]>,
        template: &Template<'_>,
        prefix: Option<usize>,
    ) -> End {
        let mut node = 0;
        if let Some(stage) = stage {
            node = self.literal(node, stage);
        }
        let mut end = End {
            node,
            ending: Ending::Leaf,
            prefix: None,
        };
        for (at, segment) in template.segments().iter().enumerate() {
            if prefix == Some(at) {
                end.prefix = Some(end.node);
            }
            end.node = match *segment {
                Segment::Literal(text) => self.literal(end.node, text),
                Segment::Mixed { before, after } => self.mixed(end.node, before, after),
                Segment::Any => self.any(end.node),
                Segment::Rest => {
                    end.ending = Ending::Rest;
                    break;
                }
            };
        }
        if prefix.is_some() && end.prefix.is_none() {
            end.prefix = Some(end.node);
        }
        end
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
        let mut sets = Sets::default();
        let (mut untold, mut leaves) = (Vec::new(), Vec::new());
        let mut entries = std::mem::take(&mut self.entries);
        // Of one API's operations at one place the first one counts.
        entries.sort_by_key(|(node, ending, _)| (*node, *ending));
        for with_hosts in [true, false] {
            let same =
                |a: &(u32, Ending, Entry), b: &(u32, Ending, Entry)| (a.0, a.1) == (b.0, b.1);
            for group in entries.chunk_by(same) {
                let Some((node, ending, _)) = group.first() else {
                    continue;
                };
                let entries = || group.iter().map(|(_, _, entry)| entry);
                if entries().any(|entry| !self.hosts_of(entry).is_empty()) != with_hosts {
                    continue;
                }
                let leaf = number(untold.len());
                untold.push(self.fits(entries(), &mut sets));
                if with_hosts {
                    leaves.push(self.leaf(entries, &mut sets));
                }
                if let Some(node) = self.nodes.get_mut(index(*node)) {
                    match ending {
                        Ending::Leaf => node.leaf = leaf,
                        Ending::Rest => node.rest = leaf,
                        Ending::Prefix => node.prefix = leaf,
                    }
                }
            }
        }
        self.endpoints.shrink_to_fit();
        self.api_of.shrink_to_fit();
        self.nodes.shrink_to_fit();
        untold.shrink_to_fit();
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
            slots: Slots::of(sets),
            without_routes: self.without_routes,
        }
    }

    fn hosts_of(&self, entry: &Entry) -> &[u32] {
        let hosts = self.api_hosts.get(index(entry.api));
        hosts.map_or(&[][..], Vec::as_slice)
    }

    /// What ends at a leaf for requests that name a host.
    fn leaf<'e, E: Iterator<Item = &'e Entry> + Clone>(
        &self,
        entries: impl Fn() -> E,
        sets: &mut Sets,
    ) -> Leaf {
        let mut hosts: Vec<u32> = entries().flat_map(|e| self.hosts_of(e)).copied().collect();
        hosts.sort_unstable();
        hosts.dedup();
        let foreign = entries().filter(|entry| self.hosts_of(entry).is_empty());
        let foreign = self.fits(foreign, sets);
        let known = hosts.into_iter().map(|host| {
            let accepts = |entry: &&Entry| {
                let hosts = self.hosts_of(entry);
                hosts.is_empty() || hosts.contains(&host)
            };
            (host, self.fits(entries().filter(accepts), sets))
        });
        Leaf {
            foreign,
            known: known.collect(),
        }
    }

    fn fits<'e>(&self, entries: impl Iterator<Item = &'e Entry> + Clone, sets: &mut Sets) -> Fits {
        let mut exact = [NO_SLOT; Method::ALL.len()];
        for (slot, method) in exact.iter_mut().zip(Method::ALL) {
            let have = entries.clone().filter(|entry| entry.method == Some(method));
            *slot = one_of_each(have.map(|entry| (entry.api, entry.endpoint)), sets);
        }
        let beside = entries.filter_map(|entry| {
            let beside = self.beside.get(index(entry.api))?;
            Some((entry.api, *beside))
        });
        Fits {
            exact,
            other: one_of_each(beside, sets),
        }
    }
}

/// The slot of the first endpoint of each API.
fn one_of_each(mut entries: impl Iterator<Item = (u32, u32)>, sets: &mut Sets) -> Slot {
    let Some(first) = entries.next() else {
        return NO_SLOT;
    };
    let Some(second) = entries.next() else {
        return sets.intern(&[first.1]);
    };
    let mut all = vec![first, second];
    all.extend(entries);
    all.sort_by_key(|(api, _)| *api);
    all.dedup_by_key(|(api, _)| *api);
    let mut endpoints: Vec<u32> = all.into_iter().map(|(_, endpoint)| endpoint).collect();
    endpoints.sort_unstable();
    sets.intern(&endpoints)
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
