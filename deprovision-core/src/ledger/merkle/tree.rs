//! The tree itself.

use sha2::{Digest as _, Sha256};

use crate::digest::{CanonicalError, Digest};
use crate::journal::Entry;
use crate::ledger::merkle::{ConsistencyProof, InclusionProof};

/// The root of a tree without leaves: the SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Digest {
    Digest::of_bytes(b"")
}

/// The hash of a leaf: SHA-256 of `0x00` and the data.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update([0]).chain_update(data);
    Digest::from_bytes(hash.finalize().into())
}

/// The hash of an inner node: SHA-256 of `0x01`, the left and the right hash.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hash = Sha256::new()
        .chain_update([1])
        .chain_update(left.as_bytes())
        .chain_update(right.as_bytes());
    Digest::from_bytes(hash.finalize().into())
}

/// The leaf that stands for an entry: the hash of its whole canonical JSON, which
/// is the line it has in `events.jsonl` without the line break.
///
/// # Errors
/// [`CanonicalError`] when the entry holds a number without an exact canonical form.
pub fn entry_leaf(entry: &Entry) -> Result<Digest, CanonicalError> {
    Ok(leaf_hash(&entry.line()?))
}

/// A Merkle tree that only grows, and knows every root it ever had.
///
/// ```
/// use deprovision_core::ledger::merkle::{MerkleTree, leaf_hash};
/// let mut tree = MerkleTree::new();
/// for data in ["proposed", "planned", "approved"] {
///     tree.push(leaf_hash(data.as_bytes()));
/// }
/// let proof = tree.inclusion(1, 3).ok_or("no such leaf")?;
/// proof.verify(&leaf_hash(b"planned"), &tree.root())?;
/// assert!(proof.verify(&leaf_hash(b"edited"), &tree.root()).is_err());
///
/// let grown = tree.consistency(2, 3).ok_or("no such sizes")?;
/// grown.verify(&tree.root_at(2).ok_or("no such size")?, &tree.root())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MerkleTree {
    /// The roots of all complete subtrees: `levels[h][i]` covers the `2^h` leaves
    /// from `i * 2^h`.
    levels: Vec<Vec<Digest>>,
}

impl MerkleTree {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree over entries, in the order given. Checks nothing else about them.
    ///
    /// # Errors
    /// [`CanonicalError`] when an entry holds a number without an exact canonical form.
    pub fn of_entries<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<Self, CanonicalError> {
        let mut tree = Self::new();
        for entry in entries {
            tree.push(entry_leaf(entry)?);
        }
        Ok(tree)
    }

    /// Appends a leaf hash (see [`leaf_hash`] and [`entry_leaf`]).
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for level in &mut self.levels {
            level.push(hash);
            match level.as_slice() {
                [.., left, right] if level.len() % 2 == 0 => hash = node_hash(left, right),
                _odd => return,
            }
        }
        self.levels.push(vec![hash]);
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.range(0, self.size()).unwrap_or_else(empty_root)
    }

    /// The root that the tree had with so many leaves; `None` when it has fewer.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        match size {
            0 => Some(empty_root()),
            size => self.range(0, size),
        }
    }

    /// The proof that the leaf at `index` (from 0) is in the tree of `size`
    /// leaves; `None` when `index` is not below `size`, or the tree has fewer leaves.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<InclusionProof> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut from, mut to) = (0, size);
        let mut path = Vec::new();
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Some(InclusionProof::new(index, size, path))
    }

    /// The proof that the tree of `new` leaves continues the tree of `old`
    /// leaves; `None` when `old` is larger than `new`, or the tree has fewer leaves.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<ConsistencyProof> {
        if old > new || new > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let (mut from, mut to) = (0, new);
        while from < old && old < to {
            let middle = from + split(to - from);
            if old <= middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        // The verifier knows the old root; another subtree has to be told.
        if from > 0 {
            path.push(self.range(from, to)?);
        }
        path.reverse();
        Some(ConsistencyProof::new(old, new, path))
    }

    /// The hash over the leaves `from..to`, where `from` is where a subtree of
    /// that length begins. `None` for an empty range or beyond the leaves.
    fn range(&self, from: u64, to: u64) -> Option<Digest> {
        let mut peaks = Vec::new();
        let mut start = from;
        while start < to {
            let height = (to - start).ilog2();
            let index = usize::try_from(start >> height).ok()?;
            peaks.push(self.levels.get(height as usize)?.get(index)?);
            start += 1 << height;
        }
        let last = *peaks.pop()?;
        Some(
            peaks
                .into_iter()
                .rev()
                .fold(last, |right, left| node_hash(left, &right)),
        )
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
