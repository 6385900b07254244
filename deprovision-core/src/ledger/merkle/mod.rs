//! Merkle trees as RFC 6962 and RFC 9162 define them, with SHA-256: one root
//! that stands for all entries, and short proofs about them.

mod proof;
#[cfg(test)]
mod tests;
mod tree;

pub use proof::{BadProof, ConsistencyProof, InclusionProof};
pub use tree::{MerkleTree, empty_root, entry_leaf, leaf_hash, node_hash};
