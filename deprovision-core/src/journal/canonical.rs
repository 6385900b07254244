//! The canonical JSON of an entry, written once for its digest and for its line.

use serde::Serialize;

use crate::digest::{CanonicalError, Digest, append_canonical, write_canonical};
use crate::journal::Entry;

/// What an entry's digest is bound to, so that it is never the digest of
/// anything else with the same fields.
const DOMAIN: &str = "deprovision/entry/v1";

/// The canonical JSON of all fields of an entry but its digest.
///
/// Following a log means to hash every entry twice, and nearly all of that is
/// writing it as JSON.
pub(crate) struct CanonicalEntry {
    sealed: Vec<u8>,
    /// Where the field `digest` belongs.
    gap: usize,
}

impl CanonicalEntry {
    pub(crate) fn of(entry: &Entry) -> Result<Self, CanonicalError> {
        // In the order of RFC 8785; the body, which alone may be large, is not copied.
        let mut sealed = Vec::new();
        field(&mut sealed, "{\"actor\":", &entry.actor)?;
        field(&mut sealed, ",\"at\":", &entry.at)?;
        sealed.extend_from_slice(b",\"body\":");
        write_canonical(&entry.body, &mut sealed)?;
        let gap = sealed.len();
        field(&mut sealed, ",\"format\":", &entry.format)?;
        field(&mut sealed, ",\"kind\":", &entry.kind)?;
        field(&mut sealed, ",\"prev\":", &entry.prev)?;
        field(&mut sealed, ",\"stream\":", &entry.stream)?;
        field(&mut sealed, ",\"version\":", &entry.version)?;
        sealed.push(b'}');
        Ok(Self { sealed, gap })
    }

    /// The digest over these fields.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of_canonical(DOMAIN, &self.sealed)
    }

    /// The whole entry with that digest: its line in `events.jsonl`, without the
    /// line break.
    pub(crate) fn line(&self, digest: Digest) -> Vec<u8> {
        let (before, after) = self.sealed.split_at(self.gap);
        let field = format!(",\"digest\":\"{digest}\"");
        [before, field.as_bytes(), after].concat()
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &impl Serialize) -> Result<(), CanonicalError> {
    out.extend_from_slice(name.as_bytes());
    append_canonical(value, out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::digest::canonical_json;
    use crate::id::{PersonId, RetirementId, WorkerId};
    use crate::journal::Actor;
    use crate::time::Timestamp;

    fn body() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(1i64 << 53) + 1..1 << 53).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Written by hand, it is what the general writer makes of the entry.
        #[test]
        fn the_line_is_the_canonical_json_of_the_entry_and_the_digest_that_of_the_rest(
            body in body(), kind in ".{0,8}", version in 1u64..1 << 53, person in any::<bool>(),
            second in 0i64..4_000_000_000,
        ) {
            let actor = if person {
                Actor::Person(PersonId::parse("ann@example.com").unwrap())
            } else {
                Actor::Worker(WorkerId::parse("w1").unwrap())
            };
            let stream = RetirementId::parse("orders-v1").unwrap();
            let at = Timestamp::from_second(second).unwrap();
            let prev = Entry::genesis(&stream);
            let entry = Entry::seal(stream, version, at, actor, kind, body, prev).unwrap();
            let canonical = CanonicalEntry::of(&entry).unwrap();
            prop_assert_eq!(canonical.line(entry.digest), canonical_json(&entry).unwrap());
            let mut rest = json!(entry);
            rest.as_object_mut().unwrap().remove("digest");
            prop_assert_eq!(canonical.digest(), Digest::of_value(DOMAIN, &rest).unwrap());
            prop_assert_eq!(canonical.digest(), entry.digest);
        }
    }
}
