//! Proof that a stream's history is whole: Merkle trees over its entries, signed
//! checkpoints of them, a check off line, and the certificate of a retirement.
//!
//! Nothing here does I/O or reads a clock, and nothing knows how a retirement is
//! decided: whoever checks a log needs the log, the checkpoints that were kept
//! elsewhere, and the public keys.

pub mod certificate;
mod checkpoint;
mod jsonl;
mod key;
pub mod merkle;
mod note;
mod store;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError, SignCheckpointError, sign_checkpoint};
pub use jsonl::{EventsError, EventsProblem, EventsReader, EventsWriter, MAX_LINE_BYTES};
pub use key::{KeyError, KeyId, KeyName, SigningKey, VerifierKey};
pub use note::{MAX_NOTE_BYTES, NoteError, NoteSignature, SignedNote};
pub use store::{CheckpointStore, MemoryCheckpointStore, supersede};
pub use verify::{Damage, Place, Tampering, Verified, verify};
