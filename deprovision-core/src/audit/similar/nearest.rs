//! The most similar others of each item, in bounded memory.

use std::cmp::Ordering;

use super::overlap::Overlap;

/// Another item, and how much it has in common with the one at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) other: u32,
    pub(super) operations: Overlap,
    pub(super) fields: Option<Overlap>,
}

impl Near {
    /// The more similar one first; of equally similar ones, that which comes first.
    fn cmp_nearer(&self, other: &Self) -> Ordering {
        let fields = match (&self.fields, &other.fields) {
            (Some(mine), Some(theirs)) => theirs.cmp_similarity(mine),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let operations = other.operations.cmp_similarity(&self.operations);
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
    pub(super) fn add(&mut self, a: u32, near: Near) {
        self.added += 1;
        let turned = Near {
            other: a,
            operations: near.operations.turned(),
            fields: near.fields.map(Overlap::turned),
        };
        for (item, near) in [(a, near), (near.other, turned)] {
            let of = usize::try_from(item)
                .ok()
                .and_then(|at| self.of.get_mut(at));
            let Some(of) = of else { continue };
            of.push(near);
            if of.len() >= 2 * self.most {
                keep(of, self.most);
            }
        }
    }

    /// Each pair that is among the nearest of either, once, the smaller item first.
    pub(super) fn pairs(mut self) -> Vec<(u32, Near)> {
        let mut pairs = Vec::new();
        for (item, of) in (0_u32..).zip(&mut self.of) {
            keep(of, self.most);
            for near in of {
                if item < near.other {
                    pairs.push((item, *near));
                } else {
                    let turned = Near {
                        other: item,
                        operations: near.operations.turned(),
                        fields: near.fields.map(Overlap::turned),
                    };
                    pairs.push((near.other, turned));
                }
            }
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
