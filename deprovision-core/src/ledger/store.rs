//! Where checkpoints are kept.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use crate::id::RetirementId;
use crate::ledger::{Checkpoint, CheckpointError, NoteError, SignedNote};
use crate::provider::{ErrorKind, ProviderError};

/// A place for signed checkpoints that is *not* the journal's: other disk, other
/// account, other people. Whoever can write both can cut and rewrite history
/// unseen (invariant I-19); a bucket with object lock, a witness or a mailbox of
/// the auditors is a good place.
///
/// A store holds no keys and believes nothing: [`verify`](crate::ledger::verify)
/// does that. It keeps checkpoints from being rolled back.
///
/// # Behaviour
/// - What was put is the latest, and reads back byte by byte, also after a restart.
/// - `latest` of a stream without a checkpoint is `None`, not an error.
/// - Streams do not disturb one another.
/// - A note that is no checkpoint of that stream is `Invalid`.
/// - A checkpoint of fewer entries than the latest, or of as many with another root
///   or origin, is a `Conflict`, and changes nothing.
/// - Putting the latest again, also with more signatures, is fine.
/// - Two that put at once: the larger one stays.
///
/// [`supersede`] decides all of that for an implementer.
///
/// # Errors
/// A put that may or may not have been stored is put again: repeating is harmless.
#[async_trait]
pub trait CheckpointStore: Send + Sync + fmt::Debug {
    /// Keeps a checkpoint.
    async fn put(&self, stream: &RetirementId, note: &str) -> Result<(), ProviderError>;

    /// The checkpoint with the most entries.
    async fn latest(&self, stream: &RetirementId) -> Result<Option<String>, ProviderError>;
}

/// For implementers of [`CheckpointStore`]: whether `note` may take the place of
/// the latest checkpoint of the stream.
///
/// # Errors
/// [`ProviderError`]: `Invalid` when it is no checkpoint of that stream, `Conflict`
/// when it is older than, or contradicts, the latest.
pub fn supersede(
    stream: &RetirementId,
    latest: Option<&str>,
    note: &str,
) -> Result<(), ProviderError> {
    let refuse = |kind, why: String| Err(ProviderError::new(kind, "put a checkpoint", why));
    let new = read(note)?;
    // A stream's name may end another's: the whole origin has to be right.
    let of_this_stream = new
        .0
        .signatures()
        .iter()
        .any(|line| Checkpoint::origin_of(&line.name, stream) == new.1.origin);
    if !of_this_stream {
        let why = format!("its origin {:?} is not of {stream}", new.1.origin);
        return refuse(ErrorKind::Invalid, why);
    }
    let Some(old) = latest.map(read).transpose()? else {
        return Ok(());
    };
    let (new, old) = (new.1, old.1);
    if new.size < old.size {
        let why = format!(
            "it has {} entries and the latest has {}; verify the journal before going on",
            new.size, old.size
        );
        return refuse(ErrorKind::Conflict, why);
    }
    if new.size == old.size && (new.root != old.root || new.origin != old.origin) {
        let why = format!(
            "it and the latest, both of {} entries, contradict each other; verify the journal before going on",
            new.size
        );
        return refuse(ErrorKind::Conflict, why);
    }
    Ok(())
}

fn read(note: &str) -> Result<(SignedNote, Checkpoint), ProviderError> {
    let invalid = |error: CheckpointError| {
        let why = "give the signed note as it was made";
        ProviderError::new(ErrorKind::Invalid, "read a checkpoint", why).with_source(error)
    };
    let note: SignedNote = note
        .parse()
        .map_err(|error: NoteError| invalid(error.into()))?;
    let checkpoint = note.text().parse().map_err(invalid)?;
    Ok((note, checkpoint))
}

/// A [`CheckpointStore`] in memory: for tests, and for a process that hands the
/// checkpoints on itself. Gone with the process.
#[derive(Debug, Default)]
pub struct MemoryCheckpointStore {
    notes: Mutex<BTreeMap<RetirementId, String>>,
}

impl MemoryCheckpointStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RetirementId, String>> {
        // One insert after all checks: a poisoned lock still holds whole notes.
        self.notes.lock().unwrap_or_else(|p| p.into_inner())
    }
}

#[async_trait]
impl CheckpointStore for MemoryCheckpointStore {
    async fn put(&self, stream: &RetirementId, note: &str) -> Result<(), ProviderError> {
        let mut notes = self.lock();
        supersede(stream, notes.get(stream).map(String::as_str), note)?;
        notes.insert(stream.clone(), note.to_owned());
        Ok(())
    }

    async fn latest(&self, stream: &RetirementId) -> Result<Option<String>, ProviderError> {
        Ok(self.lock().get(stream).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{CheckpointStoreFixture, checkpoint_store};

    struct Memory;

    #[async_trait]
    impl CheckpointStoreFixture for Memory {
        async fn fresh(&self) -> std::sync::Arc<dyn CheckpointStore> {
            std::sync::Arc::new(MemoryCheckpointStore::new())
        }
    }

    #[tokio::test]
    async fn the_store_in_memory_keeps_every_promise_but_that_of_a_restart() {
        assert_eq!(checkpoint_store(&Memory).await.unwrap(), 7);
    }
}
