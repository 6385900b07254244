//! Proof that the history is what it was: Merkle tree, checkpoints, offline
//! verification, certificate.
