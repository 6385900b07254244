//! One line of the log, sealed into the chain.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{CanonicalError, Digest};
use crate::id::{PersonId, RetirementId, WorkerId};
use crate::journal::canonical::CanonicalEntry;
use crate::time::Timestamp;

/// The position of an entry in its stream: 1 is the first, 0 is *before the first*.
pub type Version = u64;

/// The number of the form that [`Entry`] is stored in.
pub(crate) const FORMAT: u64 = 1;

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Actor {
    /// A person, by a call to the engine.
    Person(PersonId),
    /// A worker that drove the retirement.
    Worker(WorkerId),
}

/// One fact in a stream. `digest` covers every other field, and `prev` is the
/// digest of the entry before: changing, removing or moving one breaks the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// The form it is stored in.
    pub format: u64,
    /// The stream it belongs to.
    pub stream: RetirementId,
    /// Its position, counted from 1.
    pub version: Version,
    /// When it was decided.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The event's name, for example `action_intended`.
    pub kind: String,
    /// The event itself.
    pub body: Value,
    /// The digest of the entry before, or [`Entry::genesis`] of the stream.
    pub prev: Digest,
    /// The digest of all fields above.
    pub digest: Digest,
}

impl Entry {
    /// Seals an event into the chain behind `prev`.
    ///
    /// # Errors
    /// [`CanonicalError`] when the body holds a number without an exact canonical form.
    pub fn seal(
        stream: RetirementId,
        version: Version,
        at: Timestamp,
        actor: Actor,
        kind: impl Into<String>,
        body: Value,
        prev: Digest,
    ) -> Result<Self, CanonicalError> {
        let mut entry = Self {
            format: FORMAT,
            stream,
            version,
            at,
            actor,
            kind: kind.into(),
            body,
            prev,
            digest: Digest::from_bytes([0; 32]),
        };
        entry.digest = entry.computed_digest()?;
        Ok(entry)
    }

    /// What the first entry of a stream has as `prev`: bound to the stream's
    /// name, so that a stream can not be passed off as another.
    #[must_use]
    pub fn genesis(stream: &RetirementId) -> Digest {
        let mut bytes = b"deprovision/genesis/v1\n".to_vec();
        bytes.extend_from_slice(stream.as_str().as_bytes());
        Digest::of_bytes(&bytes)
    }

    /// The entry as one line of `events.jsonl`, without the line break.
    pub(crate) fn line(&self) -> Result<Vec<u8>, CanonicalError> {
        Ok(CanonicalEntry::of(self)?.line(self.digest))
    }

    /// The digest that the fields have now, whatever `digest` says.
    ///
    /// # Errors
    /// [`CanonicalError`] when the body holds a number without an exact canonical form.
    pub fn computed_digest(&self) -> Result<Digest, CanonicalError> {
        Ok(CanonicalEntry::of(self)?.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_covered_by_the_digest() {
        let stream = RetirementId::parse("orders-v1").unwrap();
        let worker = Actor::Worker(WorkerId::parse("w1").unwrap());
        let entry = Entry::seal(
            stream.clone(),
            1,
            Timestamp::UNIX_EPOCH,
            worker,
            "proposed",
            serde_json::json!({"a": 1}),
            Entry::genesis(&stream),
        )
        .unwrap();
        assert_eq!(entry.digest, entry.computed_digest().unwrap());
        let changes: [fn(&mut Entry); 8] = [
            |e| e.format = 2,
            |e| e.stream = RetirementId::parse("other").unwrap(),
            |e| e.version = 2,
            |e| e.at = Timestamp::MAX,
            |e| e.actor = Actor::Person(PersonId::parse("w1").unwrap()),
            |e| e.kind = "closed".into(),
            |e| e.body = serde_json::json!({"a": 2}),
            |e| e.prev = Digest::from_bytes([9; 32]),
        ];
        for change in changes {
            let mut changed = entry.clone();
            change(&mut changed);
            assert_ne!(changed.computed_digest().unwrap(), entry.digest);
        }
    }
}
