//! How much two sets have in common, exactly.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// How much two sets have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overlap {
    /// How many members both have.
    pub shared: u32,
    /// How many only the first has.
    pub a_only: u32,
    /// How many only the second has.
    pub b_only: u32,
}

impl Overlap {
    /// That of two sorted lists in which nothing is there twice.
    pub(super) fn of<T: Ord>(a: &[T], b: &[T]) -> Self {
        let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
        let mut shared: usize = 0;
        while let (Some(x), Some(y)) = (left.peek(), right.peek()) {
            match x.cmp(y) {
                Ordering::Less => {
                    left.next();
                }
                Ordering::Greater => {
                    right.next();
                }
                Ordering::Equal => {
                    shared += 1;
                    left.next();
                    right.next();
                }
            }
        }
        let count = |all: usize| u32::try_from(all).unwrap_or(u32::MAX);
        Self {
            shared: count(shared),
            a_only: count(a.len().saturating_sub(shared)),
            b_only: count(b.len().saturating_sub(shared)),
        }
    }

    /// The share of all members that both have (Jaccard), in whole percent, rounded
    /// down; of two empty sets, 100.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let shared = u64::from(self.shared);
        let all = shared + u64::from(self.a_only) + u64::from(self.b_only);
        let percent = (shared * 100).checked_div(all).unwrap_or(100);
        u8::try_from(percent).unwrap_or(100)
    }

    /// The same overlap, seen from the other set.
    pub(super) fn turned(self) -> Self {
        Self {
            a_only: self.b_only,
            b_only: self.a_only,
            ..self
        }
    }

    /// Orders by similarity, exactly.
    pub(super) fn cmp_similarity(&self, other: &Self) -> Ordering {
        let parts = |o: &Self| {
            let shared = u128::from(o.shared);
            (shared, shared + u128::from(o.a_only) + u128::from(o.b_only))
        };
        let ((shared, all), (other_shared, other_all)) = (parts(self), parts(other));
        (shared * other_all).cmp(&(other_shared * all))
    }
}
