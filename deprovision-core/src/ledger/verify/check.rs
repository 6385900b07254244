//! Both together.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::id::RetirementId;
use crate::journal::{Entry, Version};
use crate::ledger::merkle::MerkleTree;
use crate::ledger::verify::chain::{Break, BreakKind, follow};
use crate::ledger::verify::witnessed::{Witnessed, open};
use crate::ledger::verify::{Damage, Place, Tampering};
use crate::ledger::{KeyName, VerifierKey};

/// A history that is whole, as far as the checkpoints reach.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Of which stream.
    pub stream: RetirementId,
    /// How many entries it has.
    pub size: u64,
    /// The digest of the last entry, or [`Entry::genesis`] when there is none.
    pub head: Digest,
    /// The root of the Merkle tree over all entries.
    pub root: Digest,
    /// How many of the entries a checkpoint vouches for. Those behind could have
    /// been rewritten, or others cut off, by whoever can write the log, and no
    /// chain would show it. 0 without a checkpoint: then that holds for all.
    pub vouched: u64,
    /// Whose keys vouch.
    pub signers: BTreeSet<KeyName>,
}

/// Checks the whole history of one stream, from its first entry: the chain, and
/// that it is the one that every checkpoint vouches for.
///
/// `checkpoints` are signed notes, in any order, from wherever they were kept.
///
/// # Behaviour
/// - An entry that was edited, deleted, duplicated, moved or spliced in from
///   another stream is found without any checkpoint, at its position.
/// - An entry that was changed and sealed again breaks the chain behind it. It is
///   blamed, and not the one that no longer follows it, unless a checkpoint vouches
///   for it.
/// - A tail that was cut off, and a history that was changed and sealed again up
///   to its end, are found against a checkpoint, and only against one.
/// - Damage of the entries is told before damage of the checkpoints, and of
///   several damages the first.
///
/// # Errors
/// [`Tampering`] with the first bad place.
pub fn verify(
    stream: &RetirementId,
    entries: &[Entry],
    checkpoints: &[&str],
    keys: &[VerifierKey],
) -> Result<Verified, Tampering> {
    let tampered = |place, damage| Tampering::new(stream, place, damage);
    let mut witnessed = Vec::new();
    let mut bad_checkpoint = None;
    for (index, note) in checkpoints.iter().enumerate() {
        match open(stream, index, note, keys) {
            Ok(good) => witnessed.push(good),
            Err(damage) => {
                bad_checkpoint.get_or_insert(tampered(Place::Checkpoint(index), damage));
            }
        }
    }
    witnessed.sort_by_key(|seen| seen.checkpoint.size);

    let (tree, broken) = follow(stream, entries);
    let vouched = compare(stream, &tree, &witnessed, broken.as_ref())?;
    if let Some(broken) = broken {
        return Err(blame(stream, broken, vouched));
    }
    if let Some(tampering) = bad_checkpoint {
        return Err(tampering);
    }
    Ok(Verified {
        stream: stream.clone(),
        size: tree.size(),
        head: entries
            .last()
            .map_or_else(|| Entry::genesis(stream), |entry| entry.digest),
        root: tree.root(),
        vouched,
        signers: witnessed
            .into_iter()
            .flat_map(|seen| seen.signers)
            .collect(),
    })
}

/// Compares the checkpoints, from the smallest, with the entries up to the first
/// break. Gives how many entries the largest that agrees vouches for.
fn compare(
    stream: &RetirementId,
    tree: &MerkleTree,
    witnessed: &[Witnessed],
    broken: Option<&Break>,
) -> Result<u64, Tampering> {
    let agrees =
        |seen: &&Witnessed| tree.root_at(seen.checkpoint.size) == Some(seen.checkpoint.root);
    let mut vouched = 0;
    for (position, seen) in witnessed.iter().enumerate() {
        let size = seen.checkpoint.size;
        if agrees(&seen) {
            vouched = size;
            continue;
        }
        let forked = |other: &Witnessed| {
            let damage = Damage::CheckpointForked {
                size,
                root: seen.checkpoint.root,
                other: other.index,
            };
            Err(Tampering::new(
                stream,
                Place::Checkpoint(seen.index),
                damage,
            ))
        };
        // The entries agree with one that is as large or larger: they themselves
        // show that the two contradict each other.
        let later = witnessed.get(position + 1..).unwrap_or_default();
        if let Some(other) = later.iter().find(agrees) {
            return forked(other);
        }
        let twin = |other: &&Witnessed| {
            other.checkpoint.size == size && other.checkpoint.root != seen.checkpoint.root
        };
        if let Some(other) = witnessed.iter().find(twin) {
            return forked(other);
        }
        if size <= tree.size() {
            let (place, damage) = (Place::Entry(vouched + 1), Damage::Rewritten { until: size });
            return Err(Tampering::new(stream, place, damage));
        }
        if broken.is_none() {
            let (place, damage) = (Place::Entry(tree.size() + 1), Damage::Truncated { size });
            return Err(Tampering::new(stream, place, damage));
        }
        // The break comes first; nothing behind it can be compared.
        break;
    }
    Ok(vouched)
}

/// Says which entry is to blame for a break.
fn blame(stream: &RetirementId, broken: Break, vouched: Version) -> Tampering {
    let (at, damage) = match broken.damage {
        BreakKind::Here(damage) => (broken.at, damage),
        BreakKind::BetweenThisAndTheOneBefore => match broken.at - 1 {
            before if before > vouched => (before, Damage::Replaced),
            _vouched_for => (broken.at, Damage::Grafted),
        },
    };
    Tampering::new(stream, Place::Entry(at), damage)
}
