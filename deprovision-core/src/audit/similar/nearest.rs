//! The most similar others of each item, in bounded memory.

use std::cmp::Ordering;

use super::overlap::Overlap;

/// Another item, and how much it has in common with the one at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) other: usize,
    pub(super) operations: Overlap,
    pub(super) fields: Option<Overlap>,
}

impl Near {
    /// The same pair, seen from the other, to which the one at hand is `item`.
    pub(super) fn turned(self, item: usize) -> Self {
        Self {
            other: item,
            operations: self.operations.turned(),
            fields: self.fields.map(Overlap::turned),
        }
    }

    /// The more similar one first; of equally similar ones, that which comes first.
    fn cmp_nearer(&self, other: &Self) -> Ordering {
        let operations = other.operations.cmp_similarity(&self.operations);
        let fields = match (&self.fields, &other.fields) {
            (Some(mine), Some(theirs)) => theirs.cmp_similarity(mine),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        operations.then(fields).then(self.other.cmp(&other.other))
    }
}

/// The nearest of all items.
#[derive(Debug)]
pub(super) struct Nearest {
    most: usize,
    of: Vec<Vec<Near>>,
    /// How many pairs were added.
    pub(super) added: u64,
}

impl Nearest {
    pub(super) fn new(items: usize, most: usize) -> Self {
        Self {
            most,
            of: vec![Vec::new(); items],
            added: 0,
        }
    }

    /// Adds a pair, which must not have been added before.
    pub(super) fn add(&mut self, item: usize, near: Near) {
        self.added += 1;
        for (item, near) in [(item, near), (near.other, near.turned(item))] {
            if let Some(of) = self.of.get_mut(item) {
                of.push(near);
                if of.len() >= 2 * self.most {
                    keep(of, self.most);
                }
            }
        }
    }

    /// Each pair that is among the nearest of either, once, the smaller item first.
    pub(super) fn pairs(mut self) -> Vec<(usize, Near)> {
        let mut pairs = Vec::new();
        for (item, of) in self.of.iter_mut().enumerate() {
            keep(of, self.most);
            pairs.extend(of.iter().map(|near| {
                if item < near.other {
                    (item, *near)
                } else {
                    (near.other, near.turned(item))
                }
            }));
        }
        pairs.sort_unstable_by_key(|(item, near)| (*item, near.other));
        pairs.dedup_by_key(|(item, near)| (*item, near.other));
        pairs
    }
}

fn keep(of: &mut Vec<Near>, most: usize) {
    of.sort_unstable_by(Near::cmp_nearer);
    of.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against all pairs in one list.
        #[test]
        fn the_nearest_of_each_are_kept_whatever_came_before(
            pairs in prop::collection::btree_map((0usize..12, 0usize..12), 0usize..9, 0..60),
            most in 1usize..4,
        ) {
            let mut nearest = Nearest::new(12, most);
            let mut all: Vec<Vec<Near>> = vec![Vec::new(); 12];
            for ((a, b), shared) in pairs.into_iter().filter(|((a, b), _)| a < b) {
                let (a_set, b_set): (Vec<_>, Vec<_>) = ((0..9).collect(), (9 - shared..18).collect());
                let near = Near { other: b, operations: Overlap::of(&a_set, &b_set), fields: None };
                nearest.add(a, near);
                all[a].push(near);
                all[b].push(near.turned(a));
            }
            let mut expected = Vec::new();
            for (item, mut of) in all.into_iter().enumerate() {
                of.sort_by(Near::cmp_nearer);
                let of = of.into_iter().take(most);
                expected.extend(of.map(|near| (item.min(near.other), item.max(near.other))));
            }
            expected.sort_unstable();
            expected.dedup();
            let found: Vec<_> = nearest.pairs().iter().map(|(item, near)| (*item, near.other)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
