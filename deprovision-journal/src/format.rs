//! Format 1 of the file: a redb database with four tables.
//!
//! A change of anything here is a new format number, and a fixture of the old
//! one stays in `tests/fixtures`.

use deprovision_core::journal::Entry;
use redb::TableDefinition;

use crate::fault::Fault;

/// What the file says it is, under the key `magic` of [`META`].
pub(crate) const MAGIC: &str = "deprovision journal";

/// The newest format this program knows, under the key `format` of [`META`].
pub(crate) const FORMAT: u64 = 1;

/// The first bytes of every redb file.
pub(crate) const REDB_MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// What the file is. Never changes its own form, so that every format can be told.
pub(crate) const META: TableDefinition<'static, &str, &str> = TableDefinition::new("meta");

/// Stream and version -> the entry as JSON.
pub(crate) const ENTRIES: TableDefinition<'static, (&str, u64), &[u8]> =
    TableDefinition::new("entries");

/// Stream -> its [`Head`](crate::head::Head).
pub(crate) const HEADS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("heads");

/// Due time in nanoseconds since 1970, and stream: an index over the heads.
pub(crate) const DUE: TableDefinition<'static, (i128, &str), ()> = TableDefinition::new("due");

/// The stored form of an entry.
///
/// # Errors
/// When the entry could not be read back, for example because its body is
/// nested more deeply than JSON readers allow: then it must not be acknowledged.
pub(crate) fn encode(entry: &Entry) -> Result<Vec<u8>, Fault> {
    let unreadable = |why: String| Fault::entry(&entry.stream, entry.version, why);
    let bytes = serde_json::to_vec(entry).map_err(|error| unreadable(error.to_string()))?;
    match serde_json::from_slice::<Entry>(&bytes) {
        Ok(read) if read == *entry => Ok(bytes),
        Ok(_) => Err(unreadable("it reads back as another entry".into())),
        Err(error) => Err(unreadable(format!("it would not read back ({error})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::id::{PersonId, RetirementId};
    use deprovision_core::journal::Actor;
    use deprovision_core::time::Timestamp;

    #[test]
    fn an_entry_that_would_not_read_back_is_not_acknowledged() {
        let stream = RetirementId::parse("r1").unwrap();
        let nested = |depth: usize| {
            let mut body = serde_json::json!(1);
            for _ in 0..depth {
                body = serde_json::json!([body]);
            }
            let actor = Actor::Person(PersonId::parse("ann").unwrap());
            let prev = Entry::genesis(&stream);
            let at = Timestamp::UNIX_EPOCH;
            Entry::seal(stream.clone(), 1, at, actor, "deep", body, prev).unwrap()
        };
        assert!(encode(&nested(100)).is_ok());
        let Err(Fault::Entry {
            version: 1, why, ..
        }) = encode(&nested(200))
        else {
            panic!("it was accepted");
        };
        assert!(why.contains("would not read back"), "{why}");
    }
}
