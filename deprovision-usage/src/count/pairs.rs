//! How often and when last each caller called one endpoint.

/// No caller.
const EMPTY: u32 = u32::MAX;

/// One caller's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) caller: u32,
    pub(super) requests: u32,
    /// Seconds of Unix time; zero when no time is known.
    pub(super) last: u32,
}

/// Calls by caller: an open table with linear probing, as there are millions of
/// pairs of endpoint and caller, and each costs twelve bytes here.
///
/// The keys are numbers that we gave out ourselves, in the order in which the
/// callers came: nobody outside can choose them to collide.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    table: Vec<Calls>,
    len: usize,
}

impl Pairs {
    /// The smallest table.
    const SMALLEST: usize = 4;

    /// How many callers there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many bytes the table takes.
    pub(super) fn bytes(&self) -> usize {
        self.table.len() * size_of::<Calls>()
    }

    /// Where a caller most likely is: a look into memory without a decision, so that
    /// many of them can be waited for together.
    #[inline]
    pub(super) fn guess(&self, caller: u32) -> Option<usize> {
        let mask = self.table.len().checked_sub(1)?;
        let at = spread(caller) & mask;
        (self.table.get(at)?.caller == caller).then_some(at)
    }

    /// The calls at a place that was guessed, when they are still the caller's.
    #[inline]
    pub(super) fn at(&mut self, guessed: usize, caller: u32) -> Option<&mut Calls> {
        self.table
            .get_mut(guessed)
            .filter(|calls| calls.caller == caller)
    }

    /// The calls of a caller.
    pub(super) fn find(&mut self, caller: u32) -> Option<&mut Calls> {
        let mask = self.table.len().checked_sub(1)?;
        let mut at = spread(caller) & mask;
        // The table is never full.
        loop {
            let found = self.table.get(at)?.caller;
            if found == caller {
                return self.table.get_mut(at);
            }
            if found == EMPTY {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a caller that is not there.
    pub(super) fn insert(&mut self, calls: Calls) {
        // At most three quarters full.
        if (self.len + 1) * 4 > self.table.len() * 3 {
            self.grow();
        }
        self.place(calls);
        self.len += 1;
    }

    fn place(&mut self, calls: Calls) {
        let Some(mask) = self.table.len().checked_sub(1) else {
            return;
        };
        let mut at = spread(calls.caller) & mask;
        while let Some(entry) = self.table.get_mut(at) {
            if entry.caller == EMPTY {
                *entry = calls;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let empty = Calls {
            caller: EMPTY,
            requests: 0,
            last: 0,
        };
        let size = (self.table.len() * 2).max(Self::SMALLEST);
        let old = std::mem::replace(&mut self.table, vec![empty; size]);
        for calls in old {
            if calls.caller != EMPTY {
                self.place(calls);
            }
        }
    }

    /// All calls, in no order.
    pub(super) fn into_calls(self) -> impl Iterator<Item = Calls> {
        self.table.into_iter().filter(|calls| calls.caller != EMPTY)
    }
}

/// Spreads consecutive numbers over the table: multiplied by the golden ratio, the
/// upper bits depend on all of them.
fn spread(caller: u32) -> usize {
    let mixed = u64::from(caller).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn pairs_count_as_a_map_does(
            all in prop::collection::vec((0u32..200, 1u32..4, 0u32..100), 0..400),
        ) {
            let mut pairs = Pairs::default();
            let mut map: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
            for (caller, requests, last) in all {
                let guess = pairs.guess(caller);
                let found = guess.and_then(|at| pairs.at(at, caller).map(|calls| *calls));
                prop_assert!(found.is_none() || found == pairs.find(caller).copied());
                match pairs.find(caller) {
                    Some(calls) => {
                        calls.requests += requests;
                        calls.last = calls.last.max(last);
                    }
                    None => pairs.insert(Calls { caller, requests, last }),
                }
                let entry = map.entry(caller).or_default();
                entry.0 += requests;
                entry.1 = entry.1.max(last);
            }
            prop_assert_eq!(pairs.len(), map.len());
            let counted: BTreeMap<u32, (u32, u32)> =
                pairs.into_calls().map(|c| (c.caller, (c.requests, c.last))).collect();
            prop_assert_eq!(counted, map);
        }
    }
}
