//! From a dataset into an archive.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use deprovision_core::digest::Digest;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    ErrorKind, Manifest, ManifestEntry, ObjectInfo, Outcome, ProviderError,
};
use deprovision_core::resource::{ArchiveId, DatasetId};
use deprovision_core::time::Timestamp;
use tokio::task::JoinSet;

use crate::error::invalid;
use crate::s3::archive::OBJECTS;
use crate::s3::archive_reader::{Finished, Seen};
use crate::s3::client::Versioning;
use crate::s3::delete::Doomed;
use crate::s3::listing::HowMuch;
use crate::s3::manifest_file::{Contents, KeptLock, MANIFEST};
use crate::s3::patience::patiently;
use crate::s3::read::Pinned;
use crate::s3::upload::{Arrived, Checksum, Condition, Halt, Incoming, Uploader};
use crate::s3::uploads::Begun;
use crate::s3::wanted::{Wanted, end_of, why_not_locked};
use crate::s3::{S3Archive, S3Place, names};

type Objects = BTreeMap<String, ObjectInfo>;

/// An object by its name, and what became of it.
type Copied = (String, Result<Arrived, Halt>);

/// What becomes of the objects: where each lies, or the first that did not arrive.
type Filled = Result<BTreeMap<String, Arrived>, (String, Halt)>;

impl S3Archive {
    /// Copies a dataset in. `sealing` is set when the manifest is about to be sent:
    /// before that, whatever happens, there is no archive.
    pub(crate) async fn copy_in(
        &self,
        operation: &str,
        source: &DatasetId,
        id: &ArchiveId,
        sealing: &AtomicBool,
    ) -> Result<Outcome, ProviderError> {
        self.inner.source.check(operation, source)?;
        if let Some(buckets) = self.inner.source.buckets() {
            self.keep_apart(operation, &buckets.place_of(operation, source)?)?;
        }
        let place = self.place_of(operation, id)?;
        let objects = match self.listed(source).await? {
            Ok(objects) => objects,
            Err(why) => return Ok(Outcome::not_done(why)),
        };
        let older = match self.look(operation, id).await? {
            Seen::Nothing | Seen::Unfinished => None,
            Seen::Finished(finished) => {
                match compare(&finished.contents.manifest, source, &objects) {
                    Compared::Same => return receipt(operation, &finished.contents.manifest),
                    Compared::Precious(why) => return Ok(Outcome::not_done(why)),
                    Compared::Older => Some(finished),
                }
            }
        };
        let uploader = self.uploader(operation, &place).await?;
        let filled = self.fill(source, &place, &objects, &uploader).await;
        // Also after a failure: no part is left behind.
        let tidied = self.inner.s3.abort_all(&place).await;
        let arrived = match filled {
            Ok(arrived) => arrived,
            Err((object, Halt::Changed(why))) => {
                return Ok(Outcome::not_done(format!(
                    "{object:?} changed while it was copied: {why}; stop its writers and archive again"
                )));
            }
            Err((_, Halt::Source(error))) if is_change(&error) => {
                return Ok(Outcome::not_done(format!(
                    "the source changed while it was copied ({error}); stop its writers and archive again"
                )));
            }
            Err((_, Halt::Source(error) | Halt::Failed(error))) => return Err(error),
        };
        tidied?;
        match self.listed(source).await? {
            Ok(now) if now == objects => {}
            Ok(_) => {
                return Ok(Outcome::not_done(
                    "the dataset changed while it was copied; stop its writers and archive again",
                ));
            }
            Err(why) => return Ok(Outcome::not_done(why)),
        }
        let contents = contents(source, &objects, arrived, &uploader.wanted)?;
        sealing.store(true, Ordering::Relaxed);
        self.seal(operation, id, &place, contents, older.as_deref(), &uploader)
            .await
    }

    /// The objects of the source, or why they are not known.
    async fn listed(&self, source: &DatasetId) -> Result<Result<Objects, String>, ProviderError> {
        let seen = self.inner.source.reader().objects(source).await?;
        if let Some(doubt) = seen.doubt() {
            return Ok(Err(doubt));
        }
        let objects = match seen {
            Observation::Known { value, .. } => value,
            Observation::Unknown { why } => return Ok(Err(why)),
        };
        let bad = objects
            .keys()
            .find_map(|name| Some((name, names::why_not(name)?)));
        Ok(match bad {
            None => Ok(objects),
            Some((name, why)) => Err(format!("{name:?} can not be archived by name: {why}")),
        })
    }

    /// What stores objects of an archive, once the bucket is seen to be fit for it.
    async fn uploader(&self, operation: &str, place: &S3Place) -> Result<Uploader, ProviderError> {
        let inner = &self.inner;
        let wanted = Wanted::by(&inner.options, Timestamp::now());
        let versioning = inner.s3.versioning(place).await?;
        let unfit = |why: String| Err(ProviderError::new(ErrorKind::Unsupported, operation, why));
        if versioning == Versioning::Suspended {
            return unfit(format!(
                "the versioning of bucket {} is suspended, so that what is archived could be overwritten; enable it",
                place.bucket()
            ));
        }
        if wanted.lock.is_some()
            && (versioning == Versioning::Never || !inner.s3.can_lock(place).await?)
        {
            return unfit(format!(
                "bucket {} has no Object Lock; use one that has it, or ArchiveLock::none_as_the_policy_allows where the policy allows an archive without a lock",
                place.bucket()
            ));
        }
        Ok(Uploader {
            s3: inner.s3.clone(),
            bucket: place.bucket().to_owned(),
            wanted: Arc::new(wanted),
            is_versioned: versioning == Versioning::Enabled,
            memory: inner.memory.clone(),
            part_size: inner.options.part_size,
        })
    }

    /// Stores every object, many at once; nothing says yet that they are there.
    async fn fill(
        &self,
        source: &DatasetId,
        place: &S3Place,
        objects: &Objects,
        uploader: &Uploader,
    ) -> Filled {
        let mut copying = JoinSet::new();
        let filled = self
            .copy_all(source, place, objects, uploader, &mut copying)
            .await;
        if filled.is_err() {
            // What is still on its way must have ended before the uploads are dropped.
            copying.shutdown().await;
        }
        filled
    }

    async fn copy_all(
        &self,
        source: &DatasetId,
        place: &S3Place,
        objects: &Objects,
        uploader: &Uploader,
        copying: &mut JoinSet<Copied>,
    ) -> Filled {
        let failed = |error| ("the archive".to_owned(), Halt::Failed(error));
        let mut begun = self.resumable(place).await.map_err(failed)?;
        let mut arrived = BTreeMap::new();
        for (name, info) in objects {
            while copying.len() >= self.inner.options.objects_at_once {
                arrive(copying.join_next().await, &mut arrived)?;
            }
            let key = place.key(&key_of(name, info).map_err(failed)?);
            let incoming = Incoming {
                begun: begun.remove(&key),
                key,
                length: info.length,
            };
            let (archive, uploader) = (self.clone(), uploader.clone());
            let (source, name, info) = (source.clone(), name.clone(), info.clone());
            copying.spawn(async move {
                let open = || archive.inner.source.open(&source, &name, &info);
                let stored = uploader.store(incoming, open).await;
                let copied = match (stored, &uploader.wanted.lock) {
                    (Ok(arrived), Some(lock)) => uploader
                        .s3
                        .confirm_lock(&uploader.bucket, &arrived.pinned, lock)
                        .await
                        .map(|()| arrived)
                        .map_err(Halt::Failed),
                    (other, _) => other,
                };
                (name, copied)
            });
        }
        while let Some(copied) = copying.join_next().await {
            arrive(Some(copied), &mut arrived)?;
        }
        Ok(arrived)
    }

    /// The uploads that an attempt which died has begun, one for each key; the others
    /// are dropped.
    async fn resumable(&self, place: &S3Place) -> Result<HashMap<String, Begun>, ProviderError> {
        let mut resumable: HashMap<String, Begun> = HashMap::new();
        for begun in patiently(|| self.inner.s3.begun(place)).await? {
            if resumable.contains_key(&begun.key) {
                self.inner.s3.abort(place.bucket(), &begun).await?;
            } else {
                resumable.insert(begun.key.clone(), begun);
            }
        }
        Ok(resumable)
    }

    /// Writes the manifest, reads it back, and only then is there an archive.
    async fn seal(
        &self,
        operation: &str,
        id: &ArchiveId,
        place: &S3Place,
        contents: Contents,
        older: Option<&Finished>,
        uploader: &Uploader,
    ) -> Result<Outcome, ProviderError> {
        let bytes = contents.write().map_err(|why| invalid(operation, why))?;
        let sha256 = Digest::of_bytes(&bytes);
        let key = place.key(MANIFEST);
        let condition = match older {
            None => Condition::Absent,
            Some(older) => Condition::Is(older.manifest.etag.clone()),
        };
        let body = Bytes::from(bytes.clone());
        let checksum = Checksum::sha256(&sha256);
        let sent = patiently(|| uploader.put_if(&key, body.clone(), &checksum, &condition)).await;
        let manifest = match sent {
            Ok(manifest) => manifest,
            // It may be ours, of an attempt whose answer was lost; or another's.
            Err(error) if *error.kind() == ErrorKind::Conflict => {
                match self.look(operation, id).await? {
                    Seen::Finished(there) if there.contents == contents => there.manifest.clone(),
                    Seen::Finished(_) | Seen::Nothing | Seen::Unfinished => {
                        return Ok(Outcome::not_done(format!(
                            "somebody else wrote the manifest of {id} meanwhile; look at it and archive again"
                        )));
                    }
                }
            }
            Err(error) if *error.kind() == ErrorKind::Transient => {
                return Ok(Outcome::unknown(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        match self
            .confirm(operation, place, &manifest, &bytes, uploader)
            .await
        {
            Ok(()) => {}
            Err(error) => {
                return Ok(Outcome::unknown(format!(
                    "the manifest was written and could not be confirmed: {error}"
                )));
            }
        }
        if let Some(older) = older {
            // It does no harm when that fails: what stays is not part of the archive.
            if let Err(error) = self
                .remove_replaced(place, older, &contents, &manifest)
                .await
            {
                tracing::warn!(%error, archive = %id, "what was archived before stays behind");
            }
        }
        receipt(operation, &contents.manifest)
    }

    /// Reads the manifest back: the same bytes, locked as wanted.
    async fn confirm(
        &self,
        operation: &str,
        place: &S3Place,
        manifest: &Pinned,
        bytes: &[u8],
        uploader: &Uploader,
    ) -> Result<(), ProviderError> {
        let (back, held) = patiently(|| self.bytes_of(operation, place, manifest)).await?;
        let refuse = |why: String| ProviderError::new(ErrorKind::Unsupported, operation, why);
        if back != bytes {
            return Err(refuse(
                "the manifest is read back with other bytes than were written; do not keep archives on this server".to_owned(),
            ));
        }
        let why = uploader
            .wanted
            .lock
            .as_ref()
            .and_then(|lock| why_not_locked(lock, held.as_ref()));
        match why {
            None => Ok(()),
            Some(why) => Err(refuse(format!("the manifest is stored, but {why}"))),
        }
    }

    /// Removes what only an older manifest of the archive needs, where nothing is
    /// locked. What is locked stays until its lock ends.
    async fn remove_replaced(
        &self,
        place: &S3Place,
        older: &Finished,
        newer: &Contents,
        manifest: &Pinned,
    ) -> Result<(), ProviderError> {
        if older.contents.lock.is_some() || newer.lock.is_some() {
            return Ok(());
        }
        let mut wanted: Vec<&Pinned> = newer.stored.values().collect();
        wanted.push(manifest);
        let wanted: std::collections::HashSet<(&str, Option<&str>)> = wanted
            .iter()
            .map(|pinned| (pinned.key.as_str(), pinned.version.as_deref()))
            .collect();
        let listing = self.inner.s3.list(place, HowMuch::All).await?;
        let doomed: Vec<Doomed> = listing
            .versions()
            .filter(|found| !wanted.contains(&(found.key.as_str(), found.version.as_deref())))
            .map(Doomed::from)
            .collect();
        match self.inner.s3.remove(place, &doomed).await {
            Ok(_) => Ok(()),
            Err(stopped) => Err(stopped.error),
        }
    }
}

/// Takes in one object; the first that failed ends it all.
fn arrive(
    copied: Option<Result<Copied, tokio::task::JoinError>>,
    arrived: &mut BTreeMap<String, Arrived>,
) -> Result<(), (String, Halt)> {
    match copied {
        None => Ok(()),
        Some(Ok((name, Ok(object)))) => {
            arrived.insert(name, object);
            Ok(())
        }
        Some(Ok((name, Err(halt)))) => Err((name, halt)),
        Some(Err(error)) => {
            let cut_off = ProviderError::new(
                ErrorKind::Transient,
                "archive an object",
                "the work was cut off; try again",
            );
            Err((
                "an object".to_owned(),
                Halt::Failed(cut_off.with_source(error)),
            ))
        }
    }
}

/// The key of an object below its archive.
fn key_of(name: &str, info: &ObjectInfo) -> Result<String, ProviderError> {
    let unique = Digest::of_value(
        "deprovision/s3-archive-object/v1",
        &(name, &info.version, info.length),
    )
    .map_err(|error| invalid("name an archived object", error.to_string()))?;
    Ok(format!("{OBJECTS}/{}", unique.to_hex()))
}

/// What S3 says when a pinned object of the source is another one, or gone.
fn is_change(error: &ProviderError) -> bool {
    matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound)
}

fn contents(
    source: &DatasetId,
    objects: &Objects,
    arrived: BTreeMap<String, Arrived>,
    wanted: &Wanted,
) -> Result<Contents, ProviderError> {
    let mut entries = BTreeMap::new();
    let mut stored = BTreeMap::new();
    for (name, object) in arrived {
        let Some(info) = objects.get(&name) else {
            continue;
        };
        let entry = ManifestEntry::new(info.length, object.sha256, info.version.clone());
        entries.insert(name.clone(), entry);
        stored.insert(name, object.pinned);
    }
    let lock = match &wanted.lock {
        None => None,
        Some(held) => Some(KeptLock {
            mode: held.mode.as_str().to_owned(),
            until: end_of(held)?,
        }),
    };
    Ok(Contents {
        manifest: Manifest::new(source.clone(), Timestamp::now(), entries),
        stored,
        lock,
    })
}

fn receipt(operation: &str, manifest: &Manifest) -> Result<Outcome, ProviderError> {
    let digest = manifest
        .digest()
        .map_err(|error| invalid(operation, error.to_string()))?;
    Ok(Outcome::done(digest.to_string()))
}

/// What a finished archive is to the source as it is now.
enum Compared {
    Same,
    /// It may be replaced: the source has all that it has, or newer.
    Older,
    /// It must not be replaced.
    Precious(String),
}

fn compare(finished: &Manifest, source: &DatasetId, objects: &Objects) -> Compared {
    if finished.source != *source {
        return Compared::Precious(format!(
            "this is an archive of {}; use the id that Archiver::archive_of gives",
            finished.source
        ));
    }
    let gone = finished
        .objects
        .keys()
        .find(|name| !objects.contains_key(*name));
    if let Some(gone) = gone {
        return Compared::Precious(format!(
            "the finished archive holds {gone:?}, which the source has no longer: it may be the only copy, and is not replaced; discard the archive first if it is not wanted"
        ));
    }
    let same = finished.objects.len() == objects.len()
        && objects.iter().all(|(name, info)| {
            finished
                .objects
                .get(name)
                .is_some_and(|entry| entry.length == info.length && entry.version == info.version)
        });
    if same {
        Compared::Same
    } else {
        Compared::Older
    }
}
