//! Proofs about a tree, checked without the tree (RFC 9162, section 2.1).

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ledger::merkle::{empty_root, node_hash};

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadProof {
    /// The proof does not have the form that a tree of its size has.
    #[error(
        "the proof has the wrong form for its sizes; it was cut or made for another tree: ask for it again"
    )]
    Form,
    /// The proof leads to another root.
    #[error("the proof leads to the root {found}, and the trusted root is {expected}")]
    Root {
        /// Where it leads.
        found: Digest,
        /// Where it should lead.
        expected: Digest,
    },
}

/// Proof that one leaf is in a tree with a given root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct InclusionProof {
    /// The position of the leaf, from 0.
    pub index: u64,
    /// How many leaves the tree has.
    pub size: u64,
    /// The hashes beside the way from the leaf to the root.
    pub path: Vec<Digest>,
}

impl InclusionProof {
    /// A proof from its parts, as it was received.
    #[must_use]
    pub fn new(index: u64, size: u64, path: Vec<Digest>) -> Self {
        Self { index, size, path }
    }

    /// Checks that the leaf is in the tree that has this root.
    ///
    /// # Errors
    /// [`BadProof`] when it is not shown to be.
    pub fn verify(&self, leaf: &Digest, root: &Digest) -> Result<(), BadProof> {
        if self.index >= self.size {
            return Err(BadProof::Form);
        }
        let (mut node, mut last) = (self.index, self.size - 1);
        let mut hash = *leaf;
        for beside in &self.path {
            if last == 0 {
                return Err(BadProof::Form);
            }
            if node % 2 == 1 || node == last {
                hash = node_hash(beside, &hash);
                (node, last) = skip_lone(node, last);
            } else {
                hash = node_hash(&hash, beside);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        if last != 0 {
            return Err(BadProof::Form);
        }
        leads_to(hash, root)
    }
}

/// Proof that a tree continues an earlier one: nothing of it was changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConsistencyProof {
    /// How many leaves the earlier tree has.
    pub old: u64,
    /// How many leaves the later tree has.
    pub new: u64,
    /// The hashes that both roots are made from.
    pub path: Vec<Digest>,
}

impl ConsistencyProof {
    /// A proof from its parts, as it was received.
    #[must_use]
    pub fn new(old: u64, new: u64, path: Vec<Digest>) -> Self {
        Self { old, new, path }
    }

    /// Checks that the tree with `new_root` continues the tree with `old_root`.
    ///
    /// Every tree continues the empty one, and itself; both need no hashes.
    ///
    /// # Errors
    /// [`BadProof`] when it is not shown to.
    pub fn verify(&self, old_root: &Digest, new_root: &Digest) -> Result<(), BadProof> {
        if self.old > self.new {
            return Err(BadProof::Form);
        }
        if self.old == 0 || self.old == self.new {
            if !self.path.is_empty() {
                return Err(BadProof::Form);
            }
            if self.old == 0 {
                leads_to(empty_root(), old_root)?;
            }
            if self.old == self.new {
                leads_to(*old_root, new_root)?;
            }
            return Ok(());
        }
        let mut path = self.path.iter();
        // A complete old tree is a node of the new one, and is not told again.
        let first = if self.old.is_power_of_two() {
            *old_root
        } else {
            *path.next().ok_or(BadProof::Form)?
        };
        let (mut node, mut last) = (self.old - 1, self.new - 1);
        while node % 2 == 1 {
            (node, last) = (node >> 1, last >> 1);
        }
        let (mut old_hash, mut new_hash) = (first, first);
        for beside in path {
            if last == 0 {
                return Err(BadProof::Form);
            }
            if node % 2 == 1 || node == last {
                old_hash = node_hash(beside, &old_hash);
                new_hash = node_hash(beside, &new_hash);
                (node, last) = skip_lone(node, last);
            } else {
                new_hash = node_hash(&new_hash, beside);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        if last != 0 {
            return Err(BadProof::Form);
        }
        leads_to(old_hash, old_root)?;
        leads_to(new_hash, new_root)
    }
}

/// A right-most node without a sibling moves up unhashed until it has one.
fn skip_lone(mut node: u64, mut last: u64) -> (u64, u64) {
    while node.is_multiple_of(2) && node != 0 {
        (node, last) = (node >> 1, last >> 1);
    }
    (node, last)
}

fn leads_to(found: Digest, expected: &Digest) -> Result<(), BadProof> {
    if found == *expected {
        return Ok(());
    }
    Err(BadProof::Root {
        found,
        expected: *expected,
    })
}
