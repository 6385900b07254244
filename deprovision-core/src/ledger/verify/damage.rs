//! What can be wrong with a history, and where.

use std::fmt;

use crate::digest::Digest;
use crate::id::RetirementId;
use crate::journal::Version;
use crate::ledger::CheckpointError;

/// Where the damage begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a check is given entries and checkpoints, and nothing else"
)]
pub enum Place {
    /// At this position in the entries that were given, from 1. One more than
    /// there are entries: behind the last.
    Entry(Version),
    /// At this one of the checkpoints that were given, from 0.
    Checkpoint(usize),
}

/// What was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The entry's fields do not have the digest that it carries: a field, or the
    /// digest, was changed.
    Edited,
    /// The entry is whole in itself, but the one behind it followed another: it was
    /// changed and sealed again, or replaced. So may some before it have been,
    /// back to the last checkpoint.
    Replaced,
    /// The entry is whole in itself, but does not follow what is certain: the
    /// stream's beginning, or entries that a checkpoint vouches for. It, and all
    /// behind it, are of another history.
    Grafted,
    /// Entries are missing before this one.
    Deleted {
        /// The first that is missing.
        from: Version,
        /// The last that is missing.
        to: Version,
    },
    /// The same entry stands at the position of its version, too.
    Duplicated {
        /// Its version.
        version: Version,
    },
    /// Another entry belongs here, and it stands further behind.
    Reordered {
        /// The version of the entry that stands here.
        found: Version,
    },
    /// The entry is whole, and belongs to another stream.
    WrongStream {
        /// To which.
        found: RetirementId,
    },
    /// The entry is whole, and of a format that this program does not know.
    UnknownFormat {
        /// Which.
        found: u64,
    },
    /// A checkpoint vouches for more entries than there are.
    Truncated {
        /// For how many.
        size: u64,
    },
    /// The chain is whole, but a checkpoint vouches for another one: entries
    /// were changed and everything behind them sealed again.
    Rewritten {
        /// The changed entry is one of the place's and those up to here: the next
        /// checkpoint at or behind it.
        until: Version,
    },
    /// The checkpoint can not be read.
    CheckpointUnreadable(CheckpointError),
    /// No key that was given signed the checkpoint.
    CheckpointOfUnknownKey(CheckpointError),
    /// The checkpoint claims to be signed by a given key, and is not.
    CheckpointForged(CheckpointError),
    /// The checkpoint is of another stream or log.
    CheckpointOfWrongStream {
        /// Its origin.
        origin: String,
    },
    /// Checkpoints were signed that no single history can have: the signer
    /// vouched for two, or somebody else has the key.
    CheckpointForked {
        /// The number of entries in this checkpoint.
        size: u64,
        /// The root in this checkpoint.
        root: Digest,
        /// The other checkpoint, by its place among those given; the entries
        /// agree with that one, or with neither.
        other: usize,
    },
}

/// The first place at which a history is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tampering {
    /// Which stream was checked.
    pub stream: RetirementId,
    /// Where.
    pub place: Place,
    /// What.
    pub damage: Damage,
}

impl Tampering {
    pub(super) fn new(stream: &RetirementId, place: Place, damage: Damage) -> Self {
        Self {
            stream: stream.clone(),
            place,
            damage,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(position) => write!(f, "at entry {position}"),
            Self::Checkpoint(index) => write!(f, "at checkpoint {}", index.saturating_add(1)),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited => f.write_str("edited: its fields do not have the digest it carries"),
            Self::Replaced => f.write_str("replaced: the entry behind it followed another one"),
            Self::Grafted => f.write_str(
                "grafted: it does not follow what is certain to be before it",
            ),
            Self::Deleted { from, to } if from == to => write!(f, "deleted: entry {from} is missing"),
            Self::Deleted { from, to } => write!(f, "deleted: entries {from} to {to} are missing"),
            Self::Duplicated { version } => {
                write!(f, "duplicated: entry {version} stands here once more")
            }
            Self::Reordered { found } => write!(f, "reordered: entry {found} stands here"),
            Self::WrongStream { found } => write!(f, "wrong stream: it belongs to {found}"),
            Self::UnknownFormat { found } => write!(
                f,
                "unknown format {found}: check the log with a newer version of this program"
            ),
            Self::Truncated { size } => {
                write!(f, "truncated: a checkpoint vouches for {size} entries")
            }
            Self::Rewritten { until } => write!(
                f,
                "rewritten: a checkpoint of {until} entries vouches for another history; the first changed entry is this one or one up to {until}"
            ),
            Self::CheckpointUnreadable(_) => f.write_str("the checkpoint can not be read"),
            Self::CheckpointOfUnknownKey(_) => f.write_str(
                "the checkpoint is of an unknown key; give the key that the log is signed with, or leave the checkpoint out",
            ),
            Self::CheckpointForged(_) => f.write_str("the checkpoint is forged"),
            Self::CheckpointOfWrongStream { origin } => {
                write!(f, "the checkpoint is of another log: {origin:?}")
            }
            Self::CheckpointForked { size, root, other } => write!(
                f,
                "forked: its {size} entries with root {root} contradict checkpoint {}; both are signed",
                other.saturating_add(1)
            ),
        }
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            place,
            damage,
        } = self;
        write!(
            f,
            "[I-19] the history of {stream} was tampered with {place}: {damage}"
        )
    }
}

impl std::error::Error for Tampering {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.damage {
            Damage::CheckpointUnreadable(error)
            | Damage::CheckpointOfUnknownKey(error)
            | Damage::CheckpointForged(error) => Some(error),
            Damage::Edited
            | Damage::Replaced
            | Damage::Grafted
            | Damage::Deleted { .. }
            | Damage::Duplicated { .. }
            | Damage::Reordered { .. }
            | Damage::WrongStream { .. }
            | Damage::UnknownFormat { .. }
            | Damage::Truncated { .. }
            | Damage::Rewritten { .. }
            | Damage::CheckpointOfWrongStream { .. }
            | Damage::CheckpointForked { .. } => None,
        }
    }
}
