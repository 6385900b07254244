//! The facts that a certificate lists: integers and texts only, so that they have
//! one canonical form. No secrets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::digest::{CanonicalError, Digest};
use crate::id::{ActionId, ObjectionId, PersonId, RetirementId, Role, StepId};
use crate::journal::Entry;
use crate::ledger::certificate::LogMismatch;
use crate::ledger::{Damage, Place, Tampering, verify};
use crate::permit::{Approval, Waiver};
use crate::resource::{ArchiveId, DatasetId, GrantId, ResourceRef};
use crate::time::Timestamp;

/// Who approved what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApprovalFact {
    /// Who.
    pub by: PersonId,
    /// In which roles.
    pub roles: BTreeSet<Role>,
    /// To which plan.
    pub plan: Digest,
    /// For which irreversible step; absent for the plan as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// When.
    pub at: Timestamp,
}

impl From<&Approval> for ApprovalFact {
    fn from(approval: &Approval) -> Self {
        Self {
            by: approval.by.clone(),
            roles: approval.roles.clone(),
            plan: approval.plan,
            step: approval.step.clone(),
            at: approval.at,
        }
    }
}

/// How an objection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ObjectionEnd {
    /// Its author took it back.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
    /// It ran out.
    Expired {
        /// When.
        at: Timestamp,
    },
}

/// Who objected, why, and how that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ObjectionFact {
    /// Its name.
    pub id: ObjectionId,
    /// Who.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// How it ended.
    pub ended: ObjectionEnd,
}

impl ObjectionFact {
    /// An objection and its end.
    #[must_use]
    pub fn new(
        id: ObjectionId,
        by: PersonId,
        reason: impl Into<String>,
        ended: ObjectionEnd,
    ) -> Self {
        Self {
            id,
            by,
            reason: reason.into(),
            ended,
        }
    }
}

/// Who lets which grant stay, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WaiverFact {
    /// Which grant; its id is bound to what it says.
    pub grant: GrantId,
    /// Who.
    pub by: PersonId,
    /// In which roles.
    pub roles: BTreeSet<Role>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Until when. After that the grant is a finding again.
    pub expires: Timestamp,
}

impl From<&Waiver> for WaiverFact {
    fn from(waiver: &Waiver) -> Self {
        Self {
            grant: waiver.grant.clone(),
            by: waiver.by.clone(),
            roles: waiver.roles.clone(),
            reason: waiver.reason.clone(),
            at: waiver.at,
            expires: waiver.expires,
        }
    }
}

/// What was done to one target, and how it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionFact {
    /// Which action of the plan.
    pub action: ActionId,
    /// Of which step.
    pub step: StepId,
    /// On what.
    pub target: ResourceRef,
    /// What was seen afterwards.
    pub evidence: String,
    /// When that was seen for the second time, or that it was so before.
    pub verified_at: Timestamp,
}

impl ActionFact {
    /// A verified action.
    #[must_use]
    pub fn new(
        action: ActionId,
        step: StepId,
        target: ResourceRef,
        evidence: impl Into<String>,
        verified_at: Timestamp,
    ) -> Self {
        Self {
            action,
            step,
            target,
            evidence: evidence.into(),
            verified_at,
        }
    }
}

/// Which data is kept where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArchiveFact {
    /// Of what.
    pub dataset: DatasetId,
    /// Where.
    pub archive: ArchiveId,
    /// The digest of its manifest, as
    /// [`Manifest::digest`](crate::provider::Manifest::digest) gives it: bound to
    /// its purpose, so not what `sha256sum` prints of the manifest's file.
    pub manifest: Digest,
}

impl ArchiveFact {
    /// An archive.
    #[must_use]
    pub fn new(dataset: DatasetId, archive: ArchiveId, manifest: Digest) -> Self {
        Self {
            dataset,
            archive,
            manifest,
        }
    }
}

/// The log at the moment of certification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogState {
    /// How many entries it had.
    pub size: u64,
    /// The digest of the last of them.
    pub head: Digest,
    /// The root of the Merkle tree over them.
    pub root: Digest,
    /// The plain SHA-256 of them as `events.jsonl`: what `sha256sum` prints.
    pub events: Digest,
}

impl LogState {
    /// The state of a stream with all its entries so far, from the first.
    ///
    /// # Errors
    /// [`Tampering`] when they are no whole chain.
    pub fn of(stream: &RetirementId, entries: &[Entry]) -> Result<Self, Tampering> {
        let verified = verify(stream, entries, &[], &[])?;
        let mut events = Sha256::new();
        for (position, entry) in (1..).zip(entries) {
            let line = entry.line().map_err(|_: CanonicalError| Tampering {
                stream: stream.clone(),
                place: Place::Entry(position),
                damage: Damage::Edited,
            })?;
            events.update(line);
            events.update(b"\n");
        }
        Ok(Self {
            size: verified.size,
            head: verified.head,
            root: verified.root,
            events: Digest::from_bytes(events.finalize().into()),
        })
    }

    /// Whether the stream began like this: its first `size` entries are the same.
    /// What was appended since has to continue them.
    ///
    /// # Errors
    /// [`LogMismatch`] with the first difference.
    pub fn matches(&self, stream: &RetirementId, entries: &[Entry]) -> Result<(), LogMismatch> {
        verify(stream, entries, &[], &[])?;
        let certified = usize::try_from(self.size)
            .ok()
            .and_then(|size| entries.get(..size))
            .ok_or(LogMismatch::Shorter {
                found: entries.len() as u64,
                certified: self.size,
            })?;
        let found = Self::of(stream, certified)?;
        for (what, found, certified) in [
            ("Merkle root", found.root, self.root),
            ("head", found.head, self.head),
            ("file of events", found.events, self.events),
        ] {
            if found != certified {
                return Err(LogMismatch::Rewritten {
                    what,
                    found,
                    certified,
                });
            }
        }
        Ok(())
    }
}
