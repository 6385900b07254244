//! Proof that a stream's history is whole: Merkle trees over its entries, signed
//! checkpoints of them, a check off line, and the certificate of a retirement.
//!
//! Nothing here does I/O on its own or reads a clock, and nothing knows how a
//! retirement is decided: whoever checks a log needs the log, the checkpoints that
//! were kept elsewhere, and the public keys.
//!
//! A hash chain alone shows edits, gaps, repetitions and swaps. It shows neither a
//! tail that was cut off nor a history that was rewritten to its end: those need a
//! [`Checkpoint`], kept where the journal's writers can not reach it
//! ([`CheckpointStore`]). Nothing helps against somebody who holds the journal, the
//! checkpoints and the signing key.
//!
//! ```
//! use deprovision_core::id::{PersonId, RetirementId};
//! use deprovision_core::journal::{Actor, Entry};
//! use deprovision_core::ledger::{Damage, KeyName, Place, SigningKey, sign_checkpoint, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let stream = RetirementId::parse("orders-v1")?;
//! let mut entries: Vec<Entry> = Vec::new();
//! for (version, kind) in (1..).zip(["proposed", "planned", "approved"]) {
//!     let prev = entries.last().map_or_else(|| Entry::genesis(&stream), |last| last.digest);
//!     let (at, dana) = ("2027-01-01T00:00:00Z".parse()?, Actor::Person(PersonId::parse("dana")?));
//!     let body = serde_json::json!({});
//!     entries.push(Entry::seal(stream.clone(), version, at, dana, kind, body, prev)?);
//! }
//!
//! // Whoever runs the journal signs now and then, and keeps the note elsewhere.
//! # let seed = [7; 32];
//! let key = SigningKey::from_seed(KeyName::parse("example.com/ledger")?, &seed);
//! let note = sign_checkpoint(&stream, &entries, None, &[], &key)?.to_string();
//!
//! // Whoever checks it needs the public key.
//! let keys = [key.verifier().clone()];
//! assert_eq!(verify(&stream, &entries, &[&note], &keys)?.vouched, 3);
//!
//! entries.pop();
//! assert!(verify(&stream, &entries, &[], &keys).is_ok(), "the chain alone is still whole");
//! let tampering = verify(&stream, &entries, &[&note], &keys).unwrap_err();
//! assert_eq!(tampering.place, Place::Entry(3));
//! assert_eq!(tampering.damage, Damage::Truncated { size: 3 });
//! # Ok(())
//! # }
//! ```

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
