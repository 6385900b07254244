//! Data: reading it, archiving it, restoring it, erasing it.

use std::collections::BTreeMap;
use std::pin::Pin;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncRead;

use crate::digest::{CanonicalError, Digest};
use crate::id::RetirementId;
use crate::observation::{Observation, PositiveControl};
use crate::permit::{EraseWarrant, WritePermit};
use crate::provider::{Outcome, ProviderError};
use crate::resource::{ArchiveId, DatasetId};
use crate::time::Timestamp;

/// The bytes of one object, as a stream.
pub type ByteStream = Pin<Box<dyn AsyncRead + Send>>;

/// One object of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// Its length in bytes.
    pub length: u64,
    /// The provider's mark for this very content (a version id, a modification
    /// time): another mark means that the source has changed since.
    pub version: String,
}

impl ObjectInfo {
    /// An object of a length and a version.
    #[must_use]
    pub fn new(length: u64, version: impl Into<String>) -> Self {
        Self {
            length,
            version: version.into(),
        }
    }
}

/// One object in a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ManifestEntry {
    /// Its length in bytes, uncompressed.
    pub length: u64,
    /// The SHA-256 of its bytes, uncompressed.
    pub sha256: Digest,
    /// The source's mark for the content that was copied.
    pub version: String,
}

impl ManifestEntry {
    /// An entry.
    #[must_use]
    pub fn new(length: u64, sha256: Digest, version: impl Into<String>) -> Self {
        Self {
            length,
            sha256,
            version: version.into(),
        }
    }
}

/// What an archive holds, object by object. Written last: an archive without a
/// manifest is unfinished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// The form: 1.
    pub format: u64,
    /// What was copied.
    pub source: DatasetId,
    /// When it was finished.
    pub created: Timestamp,
    /// The objects by name. A name is a relative path with `/` between its parts.
    pub objects: BTreeMap<String, ManifestEntry>,
}

impl Manifest {
    /// A manifest in the current form.
    #[must_use]
    pub fn new(
        source: DatasetId,
        created: Timestamp,
        objects: BTreeMap<String, ManifestEntry>,
    ) -> Self {
        Self {
            format: 1,
            source,
            created,
            objects,
        }
    }

    /// The digest of the whole manifest.
    ///
    /// # Errors
    /// [`CanonicalError`] when an object is longer than 2^53 - 1 bytes.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of_value("deprovision/manifest/v1", self)
    }

    /// The bytes of all objects together, uncompressed.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.objects
            .values()
            .fold(0, |sum, entry| sum.saturating_add(entry.length))
    }
}

/// Whether an archive is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "an unfinished archive is neither there nor not there, and must be decided"
)]
pub enum ArchiveState {
    /// Nothing is there.
    Absent {
        /// What the same read still saw.
        control: PositiveControl,
    },
    /// Objects are there, but no manifest.
    Unfinished,
    /// It is whole, as far as the manifest says; verification reads it back.
    Finished {
        /// What it holds.
        manifest: Manifest,
        /// How it is kept.
        retention: Retention,
    },
}

/// How an archive is kept from change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Retention {
    /// The provider can not lock; the policy must allow that.
    None,
    /// Locked until a moment.
    LockedUntil {
        /// That moment.
        until: Timestamp,
    },
}

/// Reads a dataset.
///
/// # Behaviour
/// What every implementation keeps:
/// - `objects` lists all of them or says that it could not.
/// - Names are relative, with `/`; what can not be named so is an error, never left out.
#[async_trait]
pub trait DatasetReader: Send + Sync {
    /// All objects by name; an erased dataset is empty with coverage complete.
    async fn objects(
        &self,
        id: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError>;

    /// The bytes of one object.
    async fn open(&self, id: &DatasetId, name: &str) -> Result<ByteStream, ProviderError>;
}

/// Reads archives.
#[async_trait]
pub trait ArchiveReader: Send + Sync {
    /// Whether it is there, and its manifest.
    async fn archive(&self, id: &ArchiveId) -> Result<Observation<ArchiveState>, ProviderError>;

    /// The bytes of one object as they were in the source, read back from the
    /// archive itself (never from a cache or the source).
    async fn open_archived(&self, id: &ArchiveId, name: &str) -> Result<ByteStream, ProviderError>;
}

/// Makes archives and restores them.
///
/// # Behaviour
/// What every implementation keeps:
/// - `archive` is absorbing: over a finished archive of the unchanged source it
///   writes nothing; over an unfinished one it begins anew or goes on.
/// - A crash at any moment leaves an archive without a manifest or a whole one.
/// - A finished archive that holds what the source has no longer may be the only
///   copy: it is neither replaced nor discarded (`NotDone`).
/// - `restore` writes to a scratch dataset of its own, never to the source.
#[async_trait]
pub trait Archiver: Send + Sync {
    /// The archive that a retirement makes of a dataset: always the same one, and
    /// another one for another retirement. Makes nothing.
    fn archive_of(
        &self,
        source: &DatasetId,
        retirement: &RetirementId,
    ) -> Result<ArchiveId, ProviderError>;

    /// Copies the dataset into the archive, the manifest last.
    async fn archive(
        &self,
        source: &DatasetId,
        archive: &ArchiveId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Restores the named objects into a scratch dataset, which a
    /// [`DatasetReader`] of the archive's side can read.
    async fn restore(
        &self,
        archive: &ArchiveId,
        names: &[String],
        permit: &WritePermit,
    ) -> Result<DatasetId, ProviderError>;

    /// Removes a scratch dataset that `restore` made; refuses anything else.
    async fn discard_scratch(
        &self,
        scratch: &DatasetId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Removes an archive, when a retirement is called off. Refuses a locked one.
    async fn discard(
        &self,
        archive: &ArchiveId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;
}

/// Erases data. Nothing brings it back but the archive.
///
/// # Behaviour
/// What every implementation keeps:
/// - Only the objects that the warrant's manifest lists, in the versions it
///   lists, are erased; a dataset that has others or changed ones is `NotDone`
///   and keeps every object.
/// - Objects that the manifest lists and that are gone already are no reason to
///   stop: what an attempt that died has begun is finished.
/// - Until everything is erased, the dataset's reader shows what is left.
/// - A warrant for another dataset is `NotDone`.
#[async_trait]
pub trait Eraser: Send + Sync {
    /// Erases what the warrant names.
    async fn erase(&self, warrant: &EraseWarrant<'_>) -> Result<Outcome, ProviderError>;
}
