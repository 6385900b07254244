//! About how many callers there are, when they are too many to list.

use std::hash::BuildHasher as _;

/// How many of a hash's bits choose a register.
const BITS: u32 = 14;

/// A HyperLogLog sketch (Flajolet, Fusy, Gandouet and Meunier, 2007): about how
/// many different names it saw, within about one in a hundred, in 16 KiB. Only for
/// display; nothing is decided by it.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    registers: Vec<u8>,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self {
            registers: vec![0; 1 << BITS],
        }
    }

    pub(super) fn add(&mut self, name: &[u8]) {
        // The same on every thread, so that sketches can be merged.
        let hash = foldhash::quality::FixedState::default().hash_one(name);
        let rank = (hash << BITS | 1 << (BITS - 1)).leading_zeros() + 1;
        let register = usize::try_from(hash >> (64 - BITS)).unwrap_or(0);
        if let Some(register) = self.registers.get_mut(register) {
            *register = (*register).max(u8::try_from(rank).unwrap_or(u8::MAX));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *ours = (*ours).max(*theirs);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate of something countable"
    )]
    pub(super) fn about(&self) -> u64 {
        let count = self.registers.len() as f64;
        let sum: f64 = self
            .registers
            .iter()
            .map(|rank| 2f64.powi(-i32::from(*rank)))
            .sum();
        let raw = 0.7213 / (1.0 + 1.079 / count) * count * count / sum;
        let empty = self.registers.iter().filter(|rank| **rank == 0).count();
        // Few names are better told by the registers that nothing chose.
        if raw <= 2.5 * count && empty > 0 {
            (count * (count / empty as f64).ln()).round() as u64
        } else {
            raw.round() as u64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_near_the_truth_at_any_size() {
        for truth in [0u32, 1, 100, 10_000, 300_000] {
            let (mut a, mut b) = (Sketch::new(), Sketch::new());
            for number in 0..truth {
                let name = format!("caller-{number}");
                a.add(name.as_bytes());
                b.add(name.as_bytes());
                if number % 2 == 0 {
                    a.add(name.as_bytes());
                }
            }
            a.merge(&b);
            let (about, truth) = (a.about(), u64::from(truth));
            assert!(about.abs_diff(truth) * 25 <= truth, "{about} for {truth}");
        }
    }
}
