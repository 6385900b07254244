//! Looking a request up.

use deprovision_core::catalog::Method;
use hashbrown::HashMap;

use super::host::Host;
use super::slots::{NO_SLOT, Slot};
use super::table::{NONE, Node, RouteTable, index};
use super::target::Target as Parsed;
use crate::line::PathCut;

/// What was found on the way, the most literal of each kind.
#[derive(Debug)]
pub(super) struct Found {
    /// Operations with the request's method.
    pub(super) exact: Slot,
    /// Where the first of them has literal segments, a bit each.
    literals: u64,
    /// Operations that have a literal segment where each before has a parameter.
    pub(super) rivals: Vec<(Slot, u64)>,
    /// APIs that have the path with other methods.
    pub(super) other: Slot,
    /// APIs whose prefix the path has.
    pub(super) prefix: Slot,
}

impl Found {
    fn nothing() -> Self {
        Self {
            exact: NO_SLOT,
            literals: 0,
            rivals: Vec::new(),
            other: NO_SLOT,
            prefix: NO_SLOT,
        }
    }

    /// An operation fits.
    fn fits(&mut self, slot: Slot, literals: u64) {
        if self.exact == NO_SLOT {
            self.exact = slot;
            self.literals = literals;
            return;
        }
        let mut before = std::iter::once(self.literals).chain(self.rivals.iter().map(|r| r.1));
        if before.all(|before| literals & !before != 0) {
            self.rivals.push((slot, literals));
        }
    }

    /// All slots, the better before.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        std::iter::once(self.exact)
            .chain(self.rivals.iter().map(|(slot, _)| *slot))
            .chain([self.other, self.prefix])
            .filter(|slot| *slot != NO_SLOT)
    }
}

/// A target, with what follows it in its line: short segments are looked up by what
/// lies around them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) length: usize,
}

/// Looks requests up, one after the other, in memory of its own.
#[derive(Debug)]
pub(crate) struct Walk<'t> {
    table: &'t RouteTable,
    /// Where the segments of the path are.
    cut: PathCut,
    /// The path in lower case, when it is not.
    lower: Vec<u8>,
    /// The last host and what it is: most logs have few.
    host: (Vec<u8>, Host),
    /// Slots that were joined before.
    joined: HashMap<(Slot, Slot, Slot), Slot, foldhash::fast::RandomState>,
}

impl<'t> Walk<'t> {
    pub(crate) fn new(table: &'t RouteTable) -> Self {
        Self {
            table,
            cut: PathCut::default(),
            lower: Vec::new(),
            host: (Vec::new(), Host::Untold),
            joined: HashMap::default(),
        }
    }

    /// What a request is counted for; [`NO_SLOT`] for nothing.
    pub(crate) fn slot(&mut self, method: &[u8], host: Option<&[u8]>, target: &[u8]) -> Slot {
        let mut cut = std::mem::take(&mut self.cut);
        if cut.cut(target) < target.len() {
            // A space or a quote in it.
            cut.plain = false;
        }
        let text = Target {
            text: target,
            length: target.len(),
        };
        let slot = self.slot_of(method, host, text, &cut);
        self.cut = cut;
        slot
    }

    /// What a request is counted for whose path was cut already.
    pub(crate) fn slot_of(
        &mut self,
        method: &[u8],
        host: Option<&[u8]>,
        target: Target<'_>,
        cut: &PathCut,
    ) -> Slot {
        let method = method_number(method);
        let Target { text, length } = target;
        let target = text.get(..length).unwrap_or(text);
        if !cut.plain {
            return self.slowly(method, host, target);
        }
        let host = self.host(host);
        let path = if cut.upper {
            self.lower.clear();
            self.lower.extend(target.iter().map(u8::to_ascii_lowercase));
            self.lower.as_slice()
        } else {
            text
        };
        let found = Lookup {
            table: self.table,
            bounds: &cut.bounds,
            path,
            method,
            host,
        }
        .run();
        self.join(&found)
    }

    fn host(&mut self, host: Option<&[u8]>) -> Host {
        match host {
            None => Host::Untold,
            Some(name) if name == self.host.0.as_slice() => self.host.1,
            Some(name) => {
                let host = self.table.hosts.find(Some(name));
                self.host.0.clear();
                self.host.0.extend_from_slice(name);
                self.host.1 = host;
                host
            }
        }
    }

    fn slowly(&mut self, method: usize, host: Option<&[u8]>, target: &[u8]) -> Slot {
        let Some(target) = Parsed::parse(target) else {
            return NO_SLOT;
        };
        let host = match target.host.as_deref().or(host) {
            Some(name) => self.table.hosts.find(Some(name)),
            None => Host::Untold,
        };
        // The server may have resolved the dots, or not.
        let slots: Vec<Slot> = std::iter::once(&target.path)
            .chain(&target.resolved)
            .map(|segments| {
                self.lower.clear();
                let mut bounds = Vec::new();
                for segment in segments {
                    let start = u32::try_from(self.lower.len()).unwrap_or(NONE);
                    self.lower.extend_from_slice(segment);
                    let end = u32::try_from(self.lower.len()).unwrap_or(NONE);
                    bounds.push((start, end));
                }
                let found = Lookup {
                    table: self.table,
                    bounds: &bounds,
                    path: &self.lower,
                    method,
                    host,
                }
                .run();
                self.join(&found)
            })
            .collect();
        match slots.as_slice() {
            [one, two] => {
                let mut found = Found::nothing();
                (found.exact, found.other) = (*one, *two);
                self.join(&found)
            }
            [one, ..] => *one,
            [] => NO_SLOT,
        }
    }

    /// One slot for all that was found.
    fn join(&mut self, found: &Found) -> Slot {
        match (found.exact, found.other, found.prefix) {
            (exact, NO_SLOT, NO_SLOT) if found.rivals.is_empty() => exact,
            (NO_SLOT, other, NO_SLOT) => other,
            (NO_SLOT, NO_SLOT, prefix) => prefix,
            key if found.rivals.is_empty() => {
                if let Some(slot) = self.joined.get(&key) {
                    return *slot;
                }
                let slot = self.table.join(found.slots());
                self.joined.insert(key, slot);
                slot
            }
            _ => self.table.join(found.slots()),
        }
    }
}

/// One request on its way through the tree.
struct Lookup<'a> {
    table: &'a RouteTable,
    bounds: &'a [(u32, u32)],
    path: &'a [u8],
    method: usize,
    host: Host,
}

impl Lookup<'_> {
    fn run(&self) -> Found {
        let mut found = Found::nothing();
        match self.straight() {
            Some(slot) => found.exact = slot,
            None => self.from(0, 0, 0, &mut found),
        }
        found
    }

    /// The operation at the end of the path, when there is no choice on the way: then
    /// nothing else fits as well. Most requests are so.
    #[inline]
    fn straight(&self) -> Option<Slot> {
        let mut number = 0;
        for bounds in self.bounds {
            let node = self.table.nodes.get(index(number))?;
            if node.mixed != NONE || node.rest != NONE {
                return None;
            }
            let literal = if node.literals {
                self.table.edges.find(number, self.path, *bounds)
            } else {
                None
            };
            number = match (literal, node.any) {
                (Some(child), NONE) | (None, child) => child,
                (Some(_), _) => return None,
            };
        }
        let node = self.table.nodes.get(index(number))?;
        if node.rest != NONE {
            return None;
        }
        let fits = self.table.fits(node.leaf, self.host)?;
        let exact = fits.exact.get(self.method).copied()?;
        (exact != NO_SLOT).then_some(exact)
    }

    /// Goes on from a node with the segments from `at` on. `literals` are the places
    /// before that were literal.
    fn from(&self, number: u32, at: usize, literals: u64, found: &mut Found) {
        let Some(node) = self.table.nodes.get(index(number)) else {
            return;
        };
        match self.bounds.get(at) {
            None => self.ends(node.leaf, literals, found),
            Some(bounds) => self.below(number, node, *bounds, at, literals, found),
        }
        // A template that takes all is no better than a prefix as long as its literal part.
        let first = found.exact == NO_SLOT && found.other == NO_SLOT && found.prefix == NO_SLOT;
        if node.prefix != NONE && first {
            found.prefix = self.other_of(node.prefix);
        }
        self.ends(node.rest, literals, found);
    }

    fn below(
        &self,
        number: u32,
        node: &Node,
        bounds: (u32, u32),
        at: usize,
        literals: u64,
        found: &mut Found,
    ) {
        // Beyond the width of the mask the first fit wins.
        let literal = literals
            | u32::try_from(at)
                .ok()
                .and_then(|at| 1u64.checked_shl(at))
                .unwrap_or(0);
        if node.literals
            && let Some(child) = self.table.edges.find(number, self.path, bounds)
        {
            self.from(child, at + 1, literal, found);
        }
        let mixed = self.table.mixed.get(index(node.mixed));
        for mixed in mixed.into_iter().flatten() {
            let (start, end) = bounds;
            let segment = self.path.get(index(start)..index(end)).unwrap_or_default();
            let around = mixed.before.len() + mixed.after.len();
            if segment.len() > around
                && segment.starts_with(&mixed.before)
                && segment.ends_with(&mixed.after)
            {
                self.from(mixed.child, at + 1, literal, found);
            }
        }
        if node.any != NONE {
            self.from(node.any, at + 1, literals, found);
        }
    }

    /// The path ends at a leaf.
    fn ends(&self, leaf: u32, literals: u64, found: &mut Found) {
        if leaf == NONE {
            return;
        }
        let Some(fits) = self.table.fits(leaf, self.host) else {
            return;
        };
        let exact = fits.exact.get(self.method).copied().unwrap_or(NO_SLOT);
        if exact != NO_SLOT {
            found.fits(exact, literals);
        } else if found.exact == NO_SLOT && found.other == NO_SLOT {
            found.other = fits.other;
        }
    }

    fn other_of(&self, leaf: u32) -> Slot {
        self.table
            .fits(leaf, self.host)
            .map_or(NO_SLOT, |fits| fits.other)
    }
}

/// The place of a method in [`Method::ALL`]; beyond it for any other.
fn method_number(method: &[u8]) -> usize {
    let (spot, key) = spot(method);
    match METHODS.get(spot) {
        Some((known, number)) if *known == key && method.len() < 8 => *number,
        Some(_) | None => Method::ALL.len(),
    }
}

/// The names of all methods as numbers, each at its spot, and its place in
/// [`Method::ALL`].
const METHODS: [(u64, usize); 16] = {
    let mut methods = [(0, Method::ALL.len()); 16];
    let mut number = 0;
    while number < Method::ALL.len() {
        let (spot, key) = spot(Method::ALL[number].name().as_bytes());
        // Two methods at one spot would not compile.
        assert!(methods[spot].0 == 0);
        methods[spot] = (key, number);
        number += 1;
    }
    methods
};

/// A name of at most seven bytes as a number, and its spot among sixteen: the factor
/// was searched for so that no two methods share one.
const fn spot(name: &[u8]) -> (usize, u64) {
    let mut key = 0;
    let mut at = 0;
    while at < name.len() && at < 8 {
        key |= (name[at] as u64) << (8 * at);
        at += 1;
    }
    let mixed = key.wrapping_mul(0x35bf_992d_c9e9_c617);
    ((mixed >> 60) as usize, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_its_number_and_nothing_else_has() {
        for (number, method) in Method::ALL.into_iter().enumerate() {
            assert_eq!(method_number(method.name().as_bytes()), number);
        }
        for other in ["", "get", "GE", "GETS", "PROPFIND", "OPTIONSX"] {
            assert_eq!(method_number(other.as_bytes()), Method::ALL.len());
        }
    }
}
