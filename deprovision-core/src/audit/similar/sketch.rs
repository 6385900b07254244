//! MinHash: a set as a row of numbers, of which two rows agree in as large a share as
//! the sets have in common.

use crate::catalog::mix;

/// How many numbers a sketch has. More would cost more, and fewer would make the
/// bands too coarse for a threshold of 50 percent.
pub(super) const LEN: usize = 128;

/// One seed for each number of a sketch: the SplitMix64 sequence (Steele, Lea and
/// Flood, 2014), so that no two are related.
const SEEDS: [u64; LEN] = {
    let mut seeds = [0; LEN];
    let mut state: u64 = 0;
    let mut at = 0;
    while at < LEN {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        seeds[at] = mix(state);
        at += 1;
    }
    seeds
};

/// The sketch of a set of hashes. Each permutation of all hashes is `mix(hash ^ seed)`,
/// which is one to one, and its number is the smallest.
pub(super) fn sketch(hashes: impl Iterator<Item = u64>) -> [u64; LEN] {
    let mut smallest = [u64::MAX; LEN];
    for hash in hashes {
        for (smallest, seed) in smallest.iter_mut().zip(&SEEDS) {
            *smallest = (*smallest).min(mix(hash ^ seed));
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::hash;

    /// A change here would find other pairs than the version before.
    #[test]
    fn a_sketch_never_changes() {
        let one = sketch([hash(b"GET /order/{}"), hash(b"GET /order")].into_iter());
        let folded = one.iter().fold(0, |all, number| mix(all ^ number));
        assert_eq!(folded, 16_206_447_957_079_597_489);
    }

    #[test]
    fn sketches_agree_as_much_as_the_sets_do() {
        // 60 of 100 in common; the standard deviation of the share is 4.3 points.
        let range = |from: u32, to: u32| (from..to).map(|n| hash(&n.to_le_bytes()));
        let (a, b) = (sketch(range(0, 80)), sketch(range(20, 100)));
        let agree = a.iter().zip(&b).filter(|(a, b)| a == b).count();
        assert!((60..95).contains(&agree), "{agree} of 128");
    }
}
