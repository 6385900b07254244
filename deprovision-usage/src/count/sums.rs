//! The callers of one endpoint, from the lists of all threads.

use deprovision_core::usage::{CallerCount, CallerCounts};

use crate::route::index;

/// Beyond so many callers they are sorted, as a table of all would take too much
/// memory.
const MOST: usize = 1 << 18;

/// Brings lists whose callers have numbers of their threads into one, in the order of
/// the callers' places. Where an endpoint has many of all callers, each goes into a
/// table at its place: that takes less time than sorting them.
#[derive(Debug)]
pub(super) struct Sums<'a> {
    /// For each thread, the places of its callers; `u32::MAX` for none.
    places: &'a [Vec<u32>],
    /// How many callers there are of all threads.
    callers: usize,
    table: Vec<CallerCount>,
    /// A bit for each place in the table that has a caller.
    taken: Vec<u64>,
    sum: CallerCounts,
}

impl<'a> Sums<'a> {
    pub(super) fn new(places: &'a [Vec<u32>], callers: usize) -> Self {
        Self {
            places,
            callers,
            table: Vec::new(),
            taken: Vec::new(),
            sum: CallerCounts::default(),
        }
    }

    /// The sum of the lists, each with the number of its thread.
    pub(super) fn of(&mut self, lists: Vec<(usize, CallerCounts)>) -> CallerCounts {
        let pairs: usize = lists.iter().map(|(_, list)| list.len()).sum();
        if pairs == 0 {
            return CallerCounts::default();
        }
        if self.callers > MOST || pairs < self.callers / 64 {
            return lists
                .iter()
                .flat_map(|(thread, list)| {
                    let places = self.places.get(*thread);
                    list.iter()
                        .filter_map(move |count| placed(count, places.map(Vec::as_slice)))
                })
                .collect();
        }
        let nobody = CallerCount::at_second(0, 0, 0);
        self.table.resize(self.callers, nobody);
        self.taken.resize(self.callers.div_ceil(64), 0);
        for (thread, list) in lists {
            let places = self.places.get(thread).map(Vec::as_slice);
            for count in list.iter().filter_map(|count| placed(count, places)) {
                let place = index(count.caller);
                if let Some(sum) = self.table.get_mut(place)
                    && let Some(taken) = self.taken.get_mut(place / 64)
                {
                    let bit = 1 << (place % 64);
                    if *taken & bit == 0 {
                        *sum = count;
                        *taken |= bit;
                    } else {
                        sum.add(&count);
                    }
                }
            }
        }
        self.sum.clear();
        for (word, taken) in self.taken.iter_mut().enumerate() {
            let mut bits = std::mem::take(taken);
            while bits != 0 {
                let place = word * 64 + index(bits.trailing_zeros());
                bits &= bits - 1;
                self.table
                    .get(place)
                    .into_iter()
                    .for_each(|count| self.sum.add(*count));
            }
        }
        // Without the room that it had to grow.
        self.sum.clone()
    }
}

/// The same under the caller's place.
fn placed(count: CallerCount, places: Option<&[u32]>) -> Option<CallerCount> {
    let place = places?.get(index(count.caller)).copied()?;
    (place != u32::MAX).then(|| CallerCount::at_second(place, count.requests, count.second()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_table_and_the_sorting_say_the_same(
            lists in prop::collection::vec((0usize..2, prop::collection::vec((0u32..300, 1u64..9, 0u32..9), 0..40)), 0..3),
            more in 0usize..40_000,
        ) {
            // The threads met the callers in another order, and one is no name.
            let places: [Vec<u32>; 2] = [(0..300).rev().collect(), (0..300).map(|n| if n == 7 { u32::MAX } else { n }).collect()];
            let lists: Vec<(usize, CallerCounts)> = lists
                .into_iter()
                .map(|(thread, counts)| {
                    let counts = counts.into_iter().map(|(caller, requests, second)| CallerCount::at_second(caller, requests, second));
                    (thread, counts.collect())
                })
                .collect();
            let expected: CallerCounts = lists
                .iter()
                .flat_map(|(thread, list)| list.iter().filter_map(|count| placed(count, Some(&places[*thread]))))
                .collect();
            let mut sums = Sums::new(&places, 300 + more);
            for _ in 0..2 {
                prop_assert_eq!(sums.of(lists.clone()), expected.clone());
            }
        }
    }
}
