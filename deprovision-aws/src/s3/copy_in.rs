//! From a dataset into an archive.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deprovision_core::digest::Digest;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, ObjectInfo, Outcome, ProviderError};
use deprovision_core::resource::{ArchiveId, DatasetId};
use deprovision_core::time::Timestamp;
use tokio::task::JoinSet;

use crate::error::invalid;
use crate::s3::archive::OBJECTS;
use crate::s3::archive_reader::Seen;
use crate::s3::client::Versioning;
use crate::s3::compare::{Compared, compare};
use crate::s3::patience::patiently;
use crate::s3::seal::{contents, receipt};
use crate::s3::upload::{Arrived, Halt, Incoming, Uploader};
use crate::s3::uploads::{Begun, OpenUploads};
use crate::s3::wanted::Wanted;
use crate::s3::{S3Archive, S3Place, names};

pub(crate) type Objects = BTreeMap<String, ObjectInfo>;

/// An object by its name, and what became of it.
type Copied = (String, Result<Arrived, Halt>);

/// What becomes of the objects: where each lies, or the first that did not arrive.
type Filled = Result<BTreeMap<String, Arrived>, (String, Halt)>;

/// How far an archiving has come, for whoever stops it.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// Set when the manifest is about to be sent: before that, whatever happens, there
    /// is no archive.
    pub(crate) sealing: AtomicBool,
    pub(crate) open: OpenUploads,
}

impl S3Archive {
    /// Copies a dataset in.
    pub(crate) async fn copy_in(
        &self,
        operation: &str,
        source: &DatasetId,
        id: &ArchiveId,
        attempt: &Attempt,
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
        let uploader = self
            .uploader(operation, &place, attempt.open.clone())
            .await?;
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
        attempt.sealing.store(true, Ordering::Relaxed);
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
    async fn uploader(
        &self,
        operation: &str,
        place: &S3Place,
        open: OpenUploads,
    ) -> Result<Uploader, ProviderError> {
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
            open,
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
            uploader.open.ended().await;
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
            if self.inner.s3.dropping.has(&begun) {
                continue;
            }
            if resumable.contains_key(&begun.key) {
                self.inner.s3.abort(place.bucket(), &begun).await?;
            } else {
                resumable.insert(begun.key.clone(), begun);
            }
        }
        Ok(resumable)
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
