//! What the checkpoints show.

use crate::id::RetirementId;
use crate::ledger::verify::Damage;
use crate::ledger::{Checkpoint, CheckpointError, KeyName, NoteError, SignedNote, VerifierKey};

/// A checkpoint that a known key signed for this stream.
pub(super) struct Witnessed {
    /// Its place among those given.
    pub(super) index: usize,
    pub(super) checkpoint: Checkpoint,
    pub(super) signers: Vec<KeyName>,
}

/// Opens a note, and checks who signed it and for which stream.
pub(super) fn open(
    stream: &RetirementId,
    index: usize,
    note: &str,
    keys: &[VerifierKey],
) -> Result<Witnessed, Damage> {
    let unreadable = Damage::CheckpointUnreadable;
    let note: SignedNote = note
        .parse()
        .map_err(|error: NoteError| unreadable(error.into()))?;
    let signers = note.verify(keys).map_err(|error| match error {
        NoteError::UnknownKeys { .. } => Damage::CheckpointOfUnknownKey(error.into()),
        NoteError::Forged { .. } => Damage::CheckpointForged(error.into()),
        NoteError::Malformed(_) | NoteError::Unsignable(_) => unreadable(error.into()),
    })?;
    let checkpoint: Checkpoint = note
        .text()
        .parse()
        .map_err(|error: CheckpointError| unreadable(error))?;
    // Who only co-signs does not make it a checkpoint of their own log.
    let of_this_stream = signers
        .iter()
        .any(|key| Checkpoint::origin_of(key.name(), stream) == checkpoint.origin);
    if !of_this_stream {
        let origin = checkpoint.origin;
        return Err(Damage::CheckpointOfWrongStream { origin });
    }
    Ok(Witnessed {
        index,
        checkpoint,
        signers: signers.into_iter().map(|key| key.name().clone()).collect(),
    })
}
