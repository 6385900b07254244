//! Sets of endpoints that requests are counted for.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;

/// A set of endpoints, at most one of each API.
pub(crate) type Slot = u32;

/// No endpoint at all.
pub(crate) const NO_SLOT: Slot = u32::MAX;

/// Each set of endpoints once, by number. Nearly all are of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// The endpoints of all sets, and where those of each end.
    endpoints: Vec<u32>,
    ends: Vec<usize>,
    /// The sets of one, by their endpoint.
    of_one: Vec<Slot>,
    of_more: HashMap<Box<[u32]>, Slot, foldhash::fast::RandomState>,
}

impl Sets {
    pub(super) fn intern(&mut self, endpoints: &[u32]) -> Slot {
        let next = Slot::try_from(self.ends.len()).unwrap_or(NO_SLOT);
        match endpoints {
            [] => return NO_SLOT,
            [one] => {
                let at = usize::try_from(*one).unwrap_or(usize::MAX);
                if self.of_one.len() <= at {
                    self.of_one.resize(at.saturating_add(1), NO_SLOT);
                }
                match self.of_one.get_mut(at) {
                    Some(slot) if *slot == NO_SLOT => *slot = next,
                    Some(slot) => return *slot,
                    None => return NO_SLOT,
                }
            }
            more => match self.of_more.get(more) {
                Some(slot) => return *slot,
                None => {
                    self.of_more.insert(more.into(), next);
                }
            },
        }
        self.endpoints.extend_from_slice(endpoints);
        self.ends.push(self.endpoints.len());
        next
    }

    fn get(&self, slot: Slot) -> Option<&[u32]> {
        let at = usize::try_from(slot).ok()?;
        let start = match at.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.endpoints.get(start..*self.ends.get(at)?)
    }
}

/// The sets that requests were counted for so far. Nearly all are made with the
/// table; a request that may be meant for two APIs adds one.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    sets: Mutex<Sets>,
}

impl Slots {
    pub(super) fn of(sets: Sets) -> Self {
        Self {
            sets: Mutex::new(sets),
        }
    }

    /// The endpoints of a slot.
    pub(crate) fn endpoints(&self, slot: Slot) -> Box<[u32]> {
        self.with(|sets| sets.get(slot).map(Box::from).unwrap_or_default())
    }

    /// The union of slots. Of one API's endpoints that of the earlier slot is taken.
    pub(super) fn join(
        &self,
        mut slots: impl Iterator<Item = Slot>,
        api_of: impl Fn(u32) -> u32,
    ) -> Slot {
        let Some(first) = slots.next() else {
            return NO_SLOT;
        };
        let mut endpoints = Vec::new();
        for slot in slots {
            if endpoints.is_empty() {
                endpoints = self.endpoints(first).into_vec();
            }
            for endpoint in self.endpoints(slot) {
                if !endpoints
                    .iter()
                    .any(|have| api_of(*have) == api_of(endpoint))
                {
                    endpoints.push(endpoint);
                }
            }
        }
        if endpoints.is_empty() {
            return first;
        }
        endpoints.sort_unstable();
        self.with(|sets| sets.intern(&endpoints))
    }

    fn with<T>(&self, use_sets: impl FnOnce(&mut Sets) -> T) -> T {
        // The sets are whole after each change, so a panic elsewhere harms nothing.
        use_sets(&mut self.sets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_set_has_one_number_and_is_found_by_it(
            all in prop::collection::vec(prop::collection::btree_set(0u32..20, 0..4), 0..60),
        ) {
            let mut sets = Sets::default();
            let mut known: Vec<Vec<u32>> = Vec::new();
            for set in all {
                let set: Vec<u32> = set.into_iter().collect();
                let slot = sets.intern(&set);
                if set.is_empty() {
                    prop_assert_eq!(slot, NO_SLOT);
                    continue;
                }
                if !known.contains(&set) {
                    known.push(set.clone());
                }
                let first = known.iter().position(|other| *other == set);
                prop_assert_eq!(usize::try_from(slot).ok(), first);
                prop_assert_eq!(sets.get(slot), Some(set.as_slice()));
            }
            prop_assert_eq!(sets.get(NO_SLOT), None);
        }
    }
}
