//! The archive was read back, and it was restored and compared.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt;

use crate::digest::{CanonicalError, Digest};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{
    ArchiveReader, ArchiveState, Archiver, ByteStream, DatasetReader, Manifest, ManifestEntry,
    ProviderError, Retention,
};
use crate::resource::{ArchiveId, DatasetId};
use crate::time::Timestamp;

/// Up to this many bytes the drill restores everything (invariant I-2).
pub(crate) const FULL_DRILL_BYTES: u64 = 1 << 30;

/// Above that, so many objects beside the largest: 59 without a failure say with
/// 95 % confidence that under 5 % are bad.
pub(crate) const DRILL_SAMPLE: usize = 59;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// How many objects of an archive are read back at once: over a network, small ones
/// take the time of their answers and not of their bytes.
const READ_AT_ONCE: usize = 64;

/// And how many bytes: of long ones, that keep a buffer each, 16 are enough.
const BYTES_AT_ONCE: u64 = 16 * MOST_BUFFERED;

/// As much of a long object may wait in the buffers of its stream.
const MOST_BUFFERED: u64 = 1 << 20;

/// Proof that every object of an archive was read back with the length and
/// SHA-256 of its manifest, and that the source has not changed since
/// (invariant I-1). Made only by [`verify_archive`].
///
/// Nobody else can write one down, for its fields are private:
///
/// ```compile_fail
/// # use deprovision_core::permit::VerifiedArchive;
/// fn forge(from: VerifiedArchive) -> VerifiedArchive {
///     VerifiedArchive { ..from }
/// }
/// ```
#[derive(Debug)]
pub struct VerifiedArchive {
    dataset: DatasetId,
    archive: ArchiveId,
    manifest: Manifest,
    manifest_digest: Digest,
    retention: Retention,
    verified_at: Timestamp,
}

impl VerifiedArchive {
    /// Of which dataset.
    #[must_use]
    pub fn dataset(&self) -> &DatasetId {
        &self.dataset
    }

    /// Which archive.
    #[must_use]
    pub fn archive(&self) -> &ArchiveId {
        &self.archive
    }

    /// What it holds.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of the manifest.
    #[must_use]
    pub fn manifest_digest(&self) -> Digest {
        self.manifest_digest
    }

    /// How it is kept from change.
    #[must_use]
    pub fn retention(&self) -> &Retention {
        &self.retention
    }

    /// When it was verified.
    #[must_use]
    pub fn verified_at(&self) -> Timestamp {
        self.verified_at
    }
}

/// Proof that an archive was restored into scratch and compared with its source
/// byte for byte (invariant I-2). Made only by [`run_restore_drill`].
///
/// Nobody else can write one down, for its fields are private:
///
/// ```compile_fail
/// # use deprovision_core::permit::RestoreDrill;
/// fn forge(from: RestoreDrill) -> RestoreDrill {
///     RestoreDrill { ..from }
/// }
/// ```
#[derive(Debug)]
pub struct RestoreDrill {
    archive: ArchiveId,
    manifest_digest: Digest,
    objects: usize,
    bytes: u64,
    drilled_at: Timestamp,
}

impl RestoreDrill {
    /// Of which archive.
    #[must_use]
    pub fn archive(&self) -> &ArchiveId {
        &self.archive
    }

    /// Of which manifest.
    #[must_use]
    pub fn manifest_digest(&self) -> Digest {
        self.manifest_digest
    }

    /// How many objects were restored and compared.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// How many bytes that were.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When.
    #[must_use]
    pub fn drilled_at(&self) -> Timestamp {
        self.drilled_at
    }
}

/// Why an archive is not good enough to erase its source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveDoubt {
    /// It could not be read.
    #[error("the archive could not be checked")]
    Provider(#[from] ProviderError),
    /// What was seen is not complete.
    #[error("[I-9] the archive could not be checked: {0}")]
    Unknown(String),
    /// It is not there, or has no manifest yet.
    #[error("[I-1] {0} is not finished; run the archive step again")]
    NotFinished(ArchiveId),
    /// It is an archive of something else.
    #[error("[I-1] {archive} holds {found}, not {wanted}")]
    WrongSource {
        /// The archive.
        archive: ArchiveId,
        /// What it says it holds.
        found: Box<DatasetId>,
        /// What it should hold.
        wanted: Box<DatasetId>,
    },
    /// An object differs from what it should be.
    #[error("[{invariant}] object {object:?}: {why}")]
    Object {
        /// Which invariant it breaks.
        invariant: &'static str,
        /// Its name.
        object: String,
        /// What differs.
        why: String,
    },
    /// The source has changed since it was archived.
    #[error("[I-1] the source has changed since it was archived: {0}; archive it again")]
    SourceChanged(String),
    /// An object could not be read.
    #[error("object {object:?} could not be read")]
    Read {
        /// Its name.
        object: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The manifest has no digest.
    #[error("the manifest has no canonical form")]
    Manifest(#[from] CanonicalError),
}

fn differs(invariant: &'static str, object: &str, why: impl Into<String>) -> ArchiveDoubt {
    ArchiveDoubt::Object {
        invariant,
        object: object.to_owned(),
        why: why.into(),
    }
}

fn known<T>(observation: Observation<T>) -> Result<T, ArchiveDoubt> {
    if let Some(doubt) = observation.doubt() {
        return Err(ArchiveDoubt::Unknown(doubt));
    }
    match observation {
        Observation::Known { value, .. } => Ok(value),
        Observation::Unknown { why } => Err(ArchiveDoubt::Unknown(why)),
    }
}

/// How whole the source has to be for its archive to be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a source is whole, or we began to erase it"
)]
pub enum SourceState {
    /// Every object must be there, unchanged.
    Whole,
    /// An attempt of ours to erase it may have died half-way: objects may be
    /// missing, what is there must be unchanged, and nothing may be new.
    PartlyErased,
}

/// Reads the whole archive back and compares it with its manifest, and the
/// manifest with the source as it is now.
///
/// Reads every byte of the archive, several objects at once; changes nothing.
///
/// # Errors
/// [`ArchiveDoubt`]: the first difference by the names of the objects.
pub async fn verify_archive(
    source: &dyn DatasetReader,
    archives: &dyn ArchiveReader,
    dataset: &DatasetId,
    archive: &ArchiveId,
    state: SourceState,
    now: Timestamp,
) -> Result<VerifiedArchive, ArchiveDoubt> {
    let (manifest, retention) = match known(archives.archive(archive).await?)? {
        ArchiveState::Finished {
            manifest,
            retention,
        } => (manifest, retention),
        ArchiveState::Absent { .. } | ArchiveState::Unfinished => {
            return Err(ArchiveDoubt::NotFinished(archive.clone()));
        }
    };
    if manifest.source != *dataset {
        return Err(ArchiveDoubt::WrongSource {
            archive: archive.clone(),
            found: Box::new(manifest.source),
            wanted: Box::new(dataset.clone()),
        });
    }
    source_is_unchanged(source, dataset, &manifest, state).await?;
    read_back(archives, archive, &manifest).await?;
    Ok(VerifiedArchive {
        dataset: dataset.clone(),
        archive: archive.clone(),
        manifest_digest: manifest.digest()?,
        manifest,
        retention,
        verified_at: now,
    })
}

/// Reads every object back, several at once, and compares it with the manifest. The
/// first difference by name ends it, whichever was seen first.
async fn read_back(
    archives: &dyn ArchiveReader,
    archive: &ArchiveId,
    manifest: &Manifest,
) -> Result<(), ArchiveDoubt> {
    let mut waiting = manifest.objects.iter().peekable();
    let mut reading = FuturesOrdered::new();
    let mut buffered = 0;
    loop {
        while let Some((name, entry)) = waiting.peek() {
            let more = entry.length.min(MOST_BUFFERED);
            if reading.len() >= READ_AT_ONCE || buffered + more > BYTES_AT_ONCE {
                break;
            }
            buffered += more;
            let compared = read_back_one(archives, archive, name, entry);
            reading.push_back(async move { (compared.await, more) });
            waiting.next();
        }
        match reading.next().await {
            None => return Ok(()),
            Some((compared, read)) => {
                compared?;
                buffered -= read;
            }
        }
    }
}

async fn read_back_one(
    archives: &dyn ArchiveReader,
    archive: &ArchiveId,
    name: &str,
    entry: &ManifestEntry,
) -> Result<(), ArchiveDoubt> {
    let (length, sha256) = measure(archives.open_archived(archive, name).await?, name).await?;
    if length != entry.length {
        let expected = entry.length;
        return Err(differs(
            "I-1",
            name,
            format!("the archive gives back {length} bytes instead of {expected}"),
        ));
    }
    if sha256 != entry.sha256 {
        let expected = entry.sha256;
        return Err(differs(
            "I-1",
            name,
            format!("the archive gives back {sha256} instead of {expected}"),
        ));
    }
    Ok(())
}

/// Compares the manifest with the source as it is now, by names, lengths and versions.
async fn source_is_unchanged(
    source: &dyn DatasetReader,
    dataset: &DatasetId,
    manifest: &Manifest,
    state: SourceState,
) -> Result<(), ArchiveDoubt> {
    let objects = known(source.objects(dataset).await?)?;
    for (name, object) in &objects {
        match manifest.objects.get(name) {
            None => {
                return Err(ArchiveDoubt::SourceChanged(format!("{name:?} is new")));
            }
            Some(entry) if entry.length != object.length || entry.version != object.version => {
                return Err(ArchiveDoubt::SourceChanged(format!(
                    "{name:?} is another version"
                )));
            }
            Some(_) => {}
        }
    }
    let gone = manifest
        .objects
        .keys()
        .find(|name| !objects.contains_key(*name));
    match (gone, state) {
        (Some(name), SourceState::Whole) => {
            Err(ArchiveDoubt::SourceChanged(format!("{name:?} is gone")))
        }
        (Some(_), SourceState::PartlyErased) | (None, _) => Ok(()),
    }
}

/// The length and SHA-256 of a stream.
async fn measure(mut stream: ByteStream, name: &str) -> Result<(u64, Digest), ArchiveDoubt> {
    let mut hash = Sha256::new();
    let mut length = 0u64;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = read_some(&mut stream, &mut chunk, name).await?;
        if read == 0 {
            return Ok((length, Digest::from_bytes(hash.finalize().into())));
        }
        length += read as u64;
        hash.update(&chunk[..read]);
    }
}

async fn read_some(
    stream: &mut ByteStream,
    chunk: &mut [u8],
    name: &str,
) -> Result<usize, ArchiveDoubt> {
    stream
        .read(chunk)
        .await
        .map_err(|source| ArchiveDoubt::Read {
            object: name.to_owned(),
            source,
        })
}

/// Restores the archive into scratch and compares it with the source byte for
/// byte (and what an attempt of ours has erased already with its manifest): all of it up to 1 GiB, else the largest object and 59 others that
/// `seed` picks. `scratches` reads where the archiver restores to. The scratch is discarded afterwards, also after a difference.
///
/// # Errors
/// [`ArchiveDoubt`]: the first difference found.
pub async fn run_restore_drill(
    source: &dyn DatasetReader,
    archiver: &dyn Archiver,
    scratches: &dyn DatasetReader,
    verified: &VerifiedArchive,
    seed: u64,
    permit: &WritePermit,
    now: Timestamp,
) -> Result<RestoreDrill, ArchiveDoubt> {
    let names = sample(&verified.manifest, seed);
    let scratch = archiver.restore(&verified.archive, &names, permit).await?;
    let compared = compare_all(source, scratches, verified, &scratch, &names).await;
    let discarded = archiver.discard_scratch(&scratch, permit).await;
    let bytes = compared?;
    discarded?;
    Ok(RestoreDrill {
        archive: verified.archive.clone(),
        manifest_digest: verified.manifest_digest,
        objects: names.len(),
        bytes,
        drilled_at: now,
    })
}

async fn compare_all(
    source: &dyn DatasetReader,
    scratches: &dyn DatasetReader,
    verified: &VerifiedArchive,
    scratch: &DatasetId,
    names: &[String],
) -> Result<u64, ArchiveDoubt> {
    let left = known(source.objects(&verified.dataset).await?)?;
    let mut bytes = 0u64;
    for name in names {
        let restored = scratches.open(scratch, name).await?;
        bytes += if left.contains_key(name) {
            let original = source.open(&verified.dataset, name).await?;
            compare(original, restored, name).await?
        } else {
            compare_with_manifest(restored, &verified.manifest, name).await?
        };
    }
    Ok(bytes)
}

/// Compares a restored object with the manifest; gives its length.
async fn compare_with_manifest(
    restored: ByteStream,
    manifest: &Manifest,
    name: &str,
) -> Result<u64, ArchiveDoubt> {
    let (length, sha256) = measure(restored, name).await?;
    match manifest.objects.get(name) {
        Some(entry) if entry.length == length && entry.sha256 == sha256 => Ok(length),
        Some(_) | None => Err(differs(
            "I-2",
            name,
            "the restored copy is not what the manifest says",
        )),
    }
}

/// Compares two streams; gives their length.
async fn compare(
    mut original: ByteStream,
    mut restored: ByteStream,
    name: &str,
) -> Result<u64, ArchiveDoubt> {
    let (mut a, mut b) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut length = 0u64;
    loop {
        let read = fill(&mut original, &mut a, name).await?;
        let other = fill(&mut restored, &mut b, name).await?;
        if read != other || a[..read] != b[..other] {
            return Err(differs(
                "I-2",
                name,
                format!("the restored copy differs from the source after byte {length}"),
            ));
        }
        if read == 0 {
            return Ok(length);
        }
        length += read as u64;
    }
}

/// Reads until the chunk is full or the stream ends.
async fn fill(
    stream: &mut ByteStream,
    chunk: &mut [u8],
    name: &str,
) -> Result<usize, ArchiveDoubt> {
    let mut filled = 0;
    while filled < chunk.len() {
        let read = read_some(stream, &mut chunk[filled..], name).await?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}

/// Which objects the drill restores.
pub(crate) fn sample(manifest: &Manifest, seed: u64) -> Vec<String> {
    let all: Vec<&String> = manifest.objects.keys().collect();
    if manifest.total_bytes() <= FULL_DRILL_BYTES || all.len() <= DRILL_SAMPLE {
        return all.into_iter().cloned().collect();
    }
    let mut picked = BTreeSet::new();
    let largest = manifest
        .objects
        .iter()
        .max_by_key(|(_, entry)| entry.length);
    picked.extend(largest.map(|(name, _)| name.clone()));
    let mut state = seed;
    while picked.len() <= DRILL_SAMPLE {
        let index = next_random(&mut state) % all.len() as u64;
        if let Some(name) = usize::try_from(index).ok().and_then(|i| all.get(i)) {
            picked.insert((*name).clone());
        }
    }
    picked.into_iter().collect()
}

/// SplitMix64 (Steele, Lea and Flood, 2014): spreads a seed well enough to pick samples.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod lying;

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(count: usize, each: u64) -> Manifest {
        let entry = |i: usize| {
            let entry = ManifestEntry::new(each + i as u64, Digest::of_bytes(b""), "1");
            (format!("o{i:04}"), entry)
        };
        let source = "dir:shop:local:data".parse().unwrap();
        Manifest::new(
            source,
            Timestamp::UNIX_EPOCH,
            (0..count).map(entry).collect(),
        )
    }

    #[test]
    fn i_2_a_small_archive_is_drilled_whole() {
        assert_eq!(sample(&manifest(500, 10), 1).len(), 500);
    }

    #[test]
    fn i_2_a_large_archive_is_drilled_by_the_largest_and_59_others() {
        let large = manifest(500, FULL_DRILL_BYTES / 100);
        let picked = sample(&large, 1);
        assert_eq!(picked.len(), DRILL_SAMPLE + 1);
        assert!(picked.contains(&"o0499".to_owned()));
        assert_ne!(picked, sample(&large, 2));
    }
}
