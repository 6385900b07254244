//! Signed notes: a text and signatures under it (<https://c2sp.org/signed-note>).

mod signed;
#[cfg(test)]
mod tests;

pub use signed::{MAX_NOTE_BYTES, NoteError, NoteSignature, SignedNote};
