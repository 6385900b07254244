//! Sets of endpoints that requests are counted for.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;

/// A set of endpoints, at most one of each API.
pub(crate) type Slot = u32;

/// No endpoint at all.
pub(crate) const NO_SLOT: Slot = u32::MAX;

/// Each set of endpoints once, by number.
#[derive(Debug, Default)]
struct Sets {
    endpoints: Vec<Box<[u32]>>,
    numbers: HashMap<Box<[u32]>, Slot, foldhash::fast::RandomState>,
}

impl Sets {
    fn intern(&mut self, endpoints: Box<[u32]>) -> Slot {
        if endpoints.is_empty() {
            return NO_SLOT;
        }
        if let Some(slot) = self.numbers.get(&endpoints) {
            return *slot;
        }
        let slot = Slot::try_from(self.endpoints.len()).unwrap_or(NO_SLOT);
        self.endpoints.push(endpoints.clone());
        self.numbers.insert(endpoints, slot);
        slot
    }
}

/// The sets that requests were counted for so far. Nearly all are made with the
/// table; a request that may be meant for two APIs adds one.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    sets: Mutex<Sets>,
}

impl Slots {
    /// The number of a set.
    pub(super) fn intern(&self, endpoints: Vec<u32>) -> Slot {
        self.with(|sets| sets.intern(endpoints.into()))
    }

    /// The endpoints of a slot.
    pub(crate) fn endpoints(&self, slot: Slot) -> Box<[u32]> {
        let at = usize::try_from(slot).unwrap_or(usize::MAX);
        self.with(|sets| sets.endpoints.get(at).cloned().unwrap_or_default())
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
        self.intern(endpoints)
    }

    fn with<T>(&self, use_sets: impl FnOnce(&mut Sets) -> T) -> T {
        // The sets are whole after each change, so a panic elsewhere harms nothing.
        use_sets(&mut self.sets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
