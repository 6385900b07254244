//! What the entries alone show.

use crate::digest::Digest;
use crate::id::RetirementId;
use crate::journal::{CanonicalEntry, Entry, FORMAT, Version};
use crate::ledger::merkle::{MerkleTree, leaf_hash};
use crate::ledger::verify::Damage;

/// Where the chain of the entries breaks, and how.
pub(super) struct Break {
    /// The position of the first entry that does not continue the chain.
    pub(super) at: Version,
    pub(super) damage: BreakKind,
}

pub(super) enum BreakKind {
    /// The entry at the break is certainly the bad one.
    Here(Damage),
    /// The entry at the break is whole, has the right version, and follows another
    /// predecessor than the one before it: one of the two is bad.
    BetweenThisAndTheOneBefore,
}

/// The tree over the entries up to the first break, and the break if there is one.
pub(super) fn follow(stream: &RetirementId, entries: &[Entry]) -> (MerkleTree, Option<Break>) {
    let mut tree = MerkleTree::new();
    let mut prev = Entry::genesis(stream);
    for (at, entry) in (1..).zip(entries) {
        let Some(line) = whole_line(entry) else {
            let damage = BreakKind::Here(Damage::Edited);
            return (tree, Some(Break { at, damage }));
        };
        if let Some(damage) = damage_at(stream, at, entry, prev, entries) {
            return (tree, Some(Break { at, damage }));
        }
        tree.push(leaf_hash(&line));
        prev = entry.digest;
    }
    (tree, None)
}

/// What is wrong with an entry that has its own digest.
fn damage_at(
    stream: &RetirementId,
    at: Version,
    entry: &Entry,
    prev: Digest,
    entries: &[Entry],
) -> Option<BreakKind> {
    let here = |damage| Some(BreakKind::Here(damage));
    if entry.stream != *stream {
        let found = entry.stream.clone();
        return here(Damage::WrongStream { found });
    }
    if entry.format != FORMAT {
        let found = entry.format;
        return here(Damage::UnknownFormat { found });
    }
    if entry.version == at {
        return (entry.prev != prev).then_some(BreakKind::BetweenThisAndTheOneBefore);
    }
    let found = entry.version;
    if found < at {
        // Everything before has the version of its position.
        let original = index(found).and_then(|index| entries.get(index));
        return here(if original == Some(entry) {
            Damage::Duplicated { version: found }
        } else {
            Damage::Reordered { found }
        });
    }
    let behind = index(at).and_then(|index| entries.get(index + 1..));
    let behind = behind.unwrap_or_default();
    let awaited = |other: &&Entry| other.version == at && other.stream == *stream;
    here(
        if !behind
            .iter()
            .filter(awaited)
            .any(|other| whole_line(other).is_some())
        {
            Damage::Deleted {
                from: at,
                to: found - 1,
            }
        } else if behind.contains(entry) {
            Damage::Duplicated { version: found }
        } else {
            Damage::Reordered { found }
        },
    )
}

/// The line of an entry that has its own digest; `None` for any other.
fn whole_line(entry: &Entry) -> Option<Vec<u8>> {
    let canonical = CanonicalEntry::of(entry).ok()?;
    (canonical.digest() == entry.digest).then(|| canonical.line(entry.digest))
}

/// The index of the entry at a position; `None` for position 0.
fn index(position: Version) -> Option<usize> {
    usize::try_from(position.checked_sub(1)?).ok()
}
