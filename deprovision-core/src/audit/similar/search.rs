//! Which items are compared.

use super::bands::Bands;
use super::compare::compare;
use super::items::Items;
use super::nearest::{Near, Nearest};
use super::rule::SimilarityRule;
use super::sketch::sketch;

/// How many of those that follow it in its bucket, in the order of their operations,
/// an item is compared with. A bucket with more is what a generator made thousands of.
const WINDOW: usize = 100;

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) nearest: Nearest,
    pub(super) not_compared: u64,
}

/// Compares all items whose sketches agree in a band.
pub(super) fn search(all: &Items<'_>, rule: &SimilarityRule) -> Found {
    let mut found = Found {
        nearest: Nearest::new(all.items.len(), rule.most()),
        not_compared: 0,
    };
    let mut earlier: Vec<Band> = Vec::new();
    for keys in keys(all, rule) {
        let (band, order) = Band::new(keys);
        for bucket in order.chunk_by(|a, b| a.0 == b.0) {
            found.not_compared += not_compared(bucket.len());
            for (a, b) in close(bucket) {
                if !earlier.iter().any(|band| band.brings_together(a, b))
                    && let (Some(first), Some(second)) = (all.items.get(a), all.items.get(b))
                    && let Some((operations, fields)) = compare(first, second, rule)
                {
                    let near = Near {
                        other: b,
                        operations,
                        fields,
                    };
                    found.nearest.add(a, near);
                }
            }
        }
        earlier.push(band);
    }
    found
}

/// For each band, the key of each item.
fn keys(all: &Items<'_>, rule: &SimilarityRule) -> Vec<Vec<u64>> {
    let bands = Bands::for_percent(rule.operations());
    let mut keys = vec![Vec::with_capacity(all.items.len()); bands.count];
    for item in &all.items {
        let sketch = sketch(all.hashes(item));
        for (keys, key) in keys.iter_mut().zip(bands.keys(&sketch)) {
            keys.push(key);
        }
    }
    keys
}

/// A band that was gone through.
struct Band {
    /// The key of each item, and its place in the bucket of that key.
    items: Vec<(u64, usize)>,
}

impl Band {
    /// The band, and its items by key: those of a bucket stand together, in the order
    /// of their operations.
    fn new(keys: Vec<u64>) -> (Self, Vec<(u64, usize)>) {
        let mut items: Vec<(u64, usize)> = keys.into_iter().map(|key| (key, 0)).collect();
        let mut order: Vec<(u64, usize)> = Vec::with_capacity(items.len());
        order.extend(
            items
                .iter()
                .enumerate()
                .map(|(item, (key, _))| (*key, item)),
        );
        order.sort_unstable();
        for bucket in order.chunk_by(|a, b| a.0 == b.0) {
            for (at, (_, item)) in bucket.iter().enumerate() {
                if let Some((_, place)) = items.get_mut(*item) {
                    *place = at;
                }
            }
        }
        (Self { items }, order)
    }

    /// Whether the two were compared because of this band.
    fn brings_together(&self, a: usize, b: usize) -> bool {
        match (self.items.get(a), self.items.get(b)) {
            (Some((key, place)), Some((other_key, other_place))) => {
                key == other_key && place.abs_diff(*other_place) <= WINDOW
            }
            (None, _) | (_, None) => false,
        }
    }
}

/// The pairs of a bucket that are not too far apart, in the order of the items.
fn close(bucket: &[(u64, usize)]) -> impl Iterator<Item = (usize, usize)> {
    bucket.iter().enumerate().flat_map(move |(at, (_, a))| {
        let next = bucket.iter().skip(at + 1).take(WINDOW);
        next.map(move |(_, b)| (*a, *b))
    })
}

/// How many pairs of a bucket are too far apart.
fn not_compared(bucket: usize) -> u64 {
    let beyond = u64::try_from(bucket.saturating_sub(WINDOW + 1)).unwrap_or(u64::MAX);
    beyond.saturating_mul(beyond.saturating_add(1)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_compared_and_what_is_not_are_all_pairs(size in 0usize..400) {
            let bucket: Vec<(u64, usize)> = (0..size).map(|item| (7, item)).collect();
            let compared = close(&bucket).count() as u64;
            let all = (size * size.saturating_sub(1) / 2) as u64;
            prop_assert_eq!(compared + not_compared(size), all);
            let (band, order) = Band::new(vec![7; size]);
            prop_assert_eq!(&order, &bucket);
            prop_assert!(close(&bucket).all(|(a, b)| band.brings_together(a, b)));
            if size > WINDOW + 1 {
                prop_assert!(!band.brings_together(0, WINDOW + 1));
            }
        }
    }
}
