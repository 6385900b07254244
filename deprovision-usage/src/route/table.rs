//! All routes of a catalog, to look requests up in.

use std::fmt;

use deprovision_core::catalog::{Api, Method};
use deprovision_core::id::ApiId;
use deprovision_core::usage::{Endpoint, Operation};

use super::build::Builder;
use super::host::{Host, Hosts};
use super::slots::{NO_SLOT, Slot, Slots};
use super::walk::Walk;
use crate::names::Names;

/// Nothing at that place of the tree.
pub(super) const NONE: u32 = u32::MAX;

/// One place in the tree of path segments.
#[derive(Debug)]
pub(super) struct Node {
    /// Whether a literal segment may follow.
    pub(super) literals: bool,
    /// Where its segments with a literal beginning or end are.
    pub(super) mixed: u32,
    /// Any one segment.
    pub(super) any: u32,
    /// What ends here.
    pub(super) leaf: u32,
    /// What takes all that follows.
    pub(super) rest: u32,
    /// APIs whose prefix ends here.
    pub(super) prefix: u32,
}

impl Node {
    pub(super) fn new() -> Self {
        Self {
            literals: false,
            mixed: NONE,
            any: NONE,
            leaf: NONE,
            rest: NONE,
            prefix: NONE,
        }
    }
}

/// A segment like `{id}.json` or `{name}:cancel`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mixed {
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    pub(super) child: u32,
}

/// Literal segments between nodes.
#[derive(Debug)]
pub(super) struct Edges {
    /// The segments below each node, and the node that each leads to.
    names: Names,
}

impl Edges {
    pub(super) fn new() -> Self {
        Self {
            names: Names::new(),
        }
    }

    /// The node that a segment leads to.
    #[inline]
    pub(super) fn find(&self, node: u32, text: &[u8], (start, end): (u32, u32)) -> Option<u32> {
        let (start, end) = (index(start), index(end));
        let key = self.names.key_in(node, text, start, end);
        self.names.find(text.get(start..end)?, key)
    }

    pub(super) fn add(&mut self, node: u32, segment: &[u8], child: u32) {
        let key = self.names.key(node, segment);
        self.names.insert(segment, key, child);
    }
}

/// What requests of one host that end at one place are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fits {
    /// Operations with the request's own method.
    pub(super) exact: [Slot; Method::ALL.len()],
    /// APIs that have the path with other methods only.
    pub(super) other: Slot,
}

/// What ends at one place, by host.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) foreign: Fits,
    pub(super) known: Vec<(u32, Fits)>,
}

/// All routes of all APIs of a catalog. A request is looked up in time that depends
/// on its own length, hardly on how many routes there are.
///
/// # Which API a request is counted for
/// Segment by segment from the left, a literal segment goes before one with a
/// literal part (`{id}.json`), that before a parameter, and that before the rest of
/// a path (`{proxy+}`). The first template that fits, with the request's method,
/// takes the request. Besides,
/// - a later template that has a literal segment where the first has a parameter is
///   no worse (`/v1/orders/{id}` and `/v1/{kind}/export`): where they are two APIs'
///   both count it;
/// - a path that only other methods have is counted for the API, and for none of
///   its operations; so is a path under its prefix: its routes up to and with their
///   version (`/v1`), or without a version their literal beginning (`/orders`);
/// - what was passed on the way to the first fit, as its method did not fit or it
///   was only a prefix of no fewer literal segments, is counted too: it may have
///   been meant;
/// - several APIs at the same place each count it; of several operations of one
///   API the first in the catalog does;
/// - an API with hosts counts requests for these, and those that name no host or a
///   bare address; an API without hosts counts those for any host.
///
/// Letters are compared without case, percent-encoding is undone first; `//`, `.`,
/// `..`, a slash at the end, `;parameters` and the query do not matter. Stages,
/// aliases and mirrors among the API's faces are its paths, too.
///
/// ```
/// use deprovision_core::{catalog::{Api, Method, Route}, id::ApiId};
/// use deprovision_usage::RouteTable;
/// let mut orders = Api::new(ApiId::parse("orders-v1")?, "Orders");
/// orders.routes.push(Route::new(Method::Get, "/v1/orders/{id}"));
/// orders.routes.push(Route::new(Method::Get, "/v1/orders/export"));
/// let table = RouteTable::new([&orders]);
/// let found = table.find("GET", None, "/v1/orders/export?all=1");
/// assert_eq!(found[0].operation.as_ref().unwrap().path, "/v1/orders/export");
/// assert!(table.find("GET", None, "/v2/orders/7").is_empty());
/// # Ok::<(), deprovision_core::id::ParseIdError>(())
/// ```
pub struct RouteTable {
    pub(super) apis: Vec<ApiId>,
    pub(super) endpoints: Vec<Endpoint>,
    /// The API of each endpoint.
    pub(super) api_of: Vec<u32>,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Edges,
    /// The segments of a node with a literal beginning or end, the most literal first.
    pub(super) mixed: Vec<Vec<Mixed>>,
    /// What ends at each leaf, for requests that name no host.
    pub(super) untold: Vec<Fits>,
    /// The same for the others. Leaves at which no API has hosts come last, and are
    /// the same for all requests.
    pub(super) leaves: Vec<Leaf>,
    pub(super) hosts: Hosts,
    pub(super) slots: Slots,
    pub(super) without_routes: Vec<ApiId>,
}

impl RouteTable {
    /// The table of these APIs.
    #[must_use]
    pub fn new<'a>(apis: impl IntoIterator<Item = &'a Api>) -> Self {
        let mut builder = Builder::new();
        for api in apis {
            builder.add(api);
        }
        builder.finish()
    }

    /// The APIs in it.
    pub fn apis(&self) -> impl ExactSizeIterator<Item = &ApiId> {
        self.apis.iter()
    }

    /// APIs of which the catalog says too little to find them in a log: no route and
    /// no other path. Nothing is ever counted for them.
    pub fn without_routes(&self) -> impl ExactSizeIterator<Item = &ApiId> {
        self.without_routes.iter()
    }

    /// How many operations there are.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.endpoints
            .iter()
            .filter(|endpoint| endpoint.operation.is_some())
            .count()
    }

    /// What a request is counted for: at most one endpoint of each API.
    ///
    /// `target` is the request line's: a path or a whole URL, with or without query.
    #[must_use]
    pub fn find(&self, method: &str, host: Option<&str>, target: &str) -> Vec<&Endpoint> {
        let slot = Walk::new(self).slot(
            method.as_bytes(),
            host.map(str::as_bytes),
            target.as_bytes(),
        );
        self.endpoints(slot)
    }

    /// The endpoints of a slot.
    pub(crate) fn endpoints(&self, slot: Slot) -> Vec<&Endpoint> {
        if slot == NO_SLOT {
            return Vec::new();
        }
        let numbers = self.slots.endpoints(slot);
        numbers
            .iter()
            .filter_map(|number| self.endpoints.get(index(*number)))
            .collect()
    }

    /// What a request for a host that ends at a leaf is counted for.
    #[inline]
    pub(super) fn fits(&self, leaf: u32, host: Host) -> Option<&Fits> {
        let leaf = index(leaf);
        let untold = self.untold.get(leaf);
        let number = match host {
            Host::Untold => return untold,
            Host::Foreign => None,
            Host::Known(number) => Some(number),
        };
        let Some(by_host) = self.leaves.get(leaf) else {
            return untold;
        };
        let known = by_host
            .known
            .iter()
            .find(|(known, _)| Some(*known) == number);
        Some(known.map_or(&by_host.foreign, |(_, fits)| fits))
    }

    /// One slot for all of these, the better before.
    pub(super) fn join(&self, slots: impl Iterator<Item = Slot>) -> Slot {
        self.slots.join(slots, |endpoint| {
            self.api_of.get(index(endpoint)).copied().unwrap_or(NONE)
        })
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteTable")
            .field("apis", &self.apis.len())
            .field("operations", &self.operations())
            .finish_non_exhaustive()
    }
}

/// An operation of the catalog as reports name it.
pub(super) fn operation(method: Method, path: &str) -> Operation {
    Operation::new(method, path)
}

pub(crate) fn index(number: u32) -> usize {
    // Platforms with less than 32 bits are not supported by std's collections of
    // this size anyway; there the lookup finds nothing.
    usize::try_from(number).unwrap_or(usize::MAX)
}
