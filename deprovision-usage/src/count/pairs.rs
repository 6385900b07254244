//! How often and when last each caller called one endpoint.

use deprovision_core::usage::{CallerCount, CallerCounts};

/// The requests of one endpoint by caller.
///
/// There are millions of pairs of an endpoint and a caller. A table of them is a look
/// into far memory for each request, and half air. So requests are put down as they
/// come, and from time to time they are sorted and merged into the packed list of all
/// callers: everything is read and written in its order.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    known: CallerCounts,
    /// The requests since: the caller in the upper half, the second in the lower.
    recent: Vec<u64>,
}

impl Pairs {
    /// How many requests are put down, at least, before they are merged.
    const FEWEST: usize = 16;

    /// How many callers there are for each request that is put down: what is merged
    /// together is worth going through all of them.
    const SHARE: usize = 4;

    /// How many bytes are kept.
    pub(super) fn bytes(&self) -> usize {
        self.known.memory() + self.recent.capacity() * size_of::<u64>()
    }

    /// Puts a request down; zero for a time that is not known. True when it is time
    /// to merge.
    #[inline]
    pub(super) fn add(&mut self, caller: u32, second: u32) -> bool {
        self.recent
            .push(u64::from(caller) << 32 | u64::from(second));
        self.recent.len() == self.recent.capacity()
    }

    /// Merges what was put down; `space` is for the list in the making. When it is
    /// `closed`, callers who are not there are not added: gives how many requests
    /// they are.
    pub(super) fn merge(&mut self, space: &mut CallerCounts, closed: bool) -> u64 {
        self.recent.sort_unstable();
        space.clear();
        let mut unlisted = 0;
        let mut known = self.known.iter();
        let mut next = known.next();
        for requests in self.recent.chunk_by(|a, b| a >> 32 == b >> 32) {
            // The last of them is the latest.
            let Some(last) = requests.last() else {
                continue;
            };
            let number = requests.len() as u64;
            let new = CallerCount::at_second(upper(*last), number, lower(*last));
            while let Some(before) = next.take_if(|known| known.caller < new.caller) {
                space.add(before);
                next = known.next();
            }
            match next.take_if(|known| known.caller == new.caller) {
                Some(mut both) => {
                    both.add(&new);
                    space.add(both);
                    next = known.next();
                }
                None if closed => unlisted += number,
                None => space.add(new),
            }
        }
        next.into_iter()
            .chain(known)
            .for_each(|rest| space.add(rest));
        // Without the room that it had to grow.
        self.known = space.clone();
        self.recent.clear();
        self.recent
            .reserve_exact(Self::FEWEST.max(self.known.len() / Self::SHARE));
        unlisted
    }

    /// All callers, when everything is merged.
    pub(super) fn into_counts(self) -> CallerCounts {
        self.known
    }
}

fn upper(pair: u64) -> u32 {
    u32::try_from(pair >> 32).unwrap_or(u32::MAX)
}

fn lower(pair: u64) -> u32 {
    u32::try_from(pair & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pairs_count_as_a_map_does(
            all in prop::collection::vec((0u32..200, 0u32..100), 0..400),
            closed in prop::collection::vec((0u32..300, 0u32..100), 0..100),
        ) {
            let mut pairs = Pairs::default();
            let mut space = CallerCounts::default();
            let mut map: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
            for (caller, second) in all {
                if pairs.add(caller, second) {
                    prop_assert_eq!(pairs.merge(&mut space, false), 0);
                }
                let entry = map.entry(caller).or_default();
                *entry = (entry.0 + 1, entry.1.max(second));
            }
            prop_assert_eq!(pairs.merge(&mut space, false), 0);
            let (mut unlisted, mut expected) = (0, 0);
            for (caller, second) in closed {
                if pairs.add(caller, second) {
                    unlisted += pairs.merge(&mut space, true);
                }
                match map.get_mut(&caller) {
                    Some(entry) => *entry = (entry.0 + 1, entry.1.max(second)),
                    None => expected += 1,
                }
            }
            unlisted += pairs.merge(&mut space, true);
            prop_assert_eq!(unlisted, expected);
            let counted: BTreeMap<u32, (u64, u32)> = pairs
                .into_counts()
                .iter()
                .map(|count| (count.caller, (count.requests, count.second())))
                .collect();
            prop_assert_eq!(counted, map);
        }
    }
}
