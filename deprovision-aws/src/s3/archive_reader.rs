//! Reading archives back.

use std::sync::Arc;

use async_trait::async_trait;
use aws_smithy_types::byte_stream::ByteStream as Body;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{
    ArchiveReader, ArchiveState, ByteStream, ErrorKind, ProviderError,
};
use deprovision_core::resource::ArchiveId;
use deprovision_core::time::Timestamp;

use crate::s3::S3Archive;
use crate::s3::S3Place;
use crate::s3::client::Versioning;
use crate::s3::listing::{Found, HowMuch};
use crate::s3::manifest_file::{Contents, KeptLock, MANIFEST, MAX_BYTES};
use crate::s3::read::{Held, Pinned};
use crate::s3::wanted::end_of;

/// A finished archive: its manifest, and where that lies.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) contents: Contents,
    pub(crate) manifest: Pinned,
}

/// What lies where an archive should.
#[derive(Debug)]
pub(crate) enum Seen {
    Nothing,
    Unfinished,
    Finished(Arc<Finished>),
}

#[async_trait]
impl ArchiveReader for S3Archive {
    /// The lock that is told is the one that all objects had when they were archived;
    /// the manifest's own is read back here, and that of each object when it is opened.
    async fn archive(&self, id: &ArchiveId) -> Result<Observation<ArchiveState>, ProviderError> {
        let operation = "look at an archive";
        let as_of = Timestamp::now();
        let state = match self.look(operation, id).await? {
            Seen::Nothing => ArchiveState::Absent {
                control: PositiveControl::saw(format!(
                    "bucket {} of account {}",
                    self.inner.place.bucket(),
                    self.inner.s3.owner()
                )),
            },
            Seen::Unfinished => ArchiveState::Unfinished,
            Seen::Finished(finished) => ArchiveState::Finished {
                manifest: finished.contents.manifest.clone(),
                retention: finished.contents.retention(),
            },
        };
        Ok(Observation::complete(state, as_of))
    }

    async fn open_archived(&self, id: &ArchiveId, name: &str) -> Result<ByteStream, ProviderError> {
        let operation = "open an archived object";
        self.place_of(operation, id)?;
        let finished = match self.seen(id) {
            Some(finished) => finished,
            None => self.finished(operation, id).await?,
        };
        let body = self.open_in(operation, &finished, name).await?;
        Ok(Box::pin(body.into_async_read()))
    }
}

impl S3Archive {
    /// The manifest that was looked at last, when it is this archive's.
    fn seen(&self, id: &ArchiveId) -> Option<Arc<Finished>> {
        let seen = self
            .inner
            .seen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        seen.as_ref()
            .filter(|(of, _)| of == id)
            .map(|(_, finished)| finished.clone())
    }

    fn remember(&self, id: &ArchiveId, seen: &Seen) {
        let mut kept = self
            .inner
            .seen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match seen {
            Seen::Finished(finished) => *kept = Some((id.clone(), finished.clone())),
            Seen::Nothing | Seen::Unfinished => *kept = None,
        }
    }

    /// The manifest of an archive that must be finished.
    pub(crate) async fn finished(
        &self,
        operation: &str,
        id: &ArchiveId,
    ) -> Result<Arc<Finished>, ProviderError> {
        match self.look(operation, id).await? {
            Seen::Finished(finished) => Ok(finished),
            Seen::Nothing | Seen::Unfinished => Err(ProviderError::new(
                ErrorKind::NotFound,
                operation,
                format!("{id} is not there or not finished"),
            )),
        }
    }

    /// Looks at an archive anew.
    pub(crate) async fn look(
        &self,
        operation: &str,
        id: &ArchiveId,
    ) -> Result<Seen, ProviderError> {
        let place = self.place_of(operation, id)?;
        let seen = self.look_at(operation, &place).await?;
        self.remember(id, &seen);
        Ok(seen)
    }

    async fn look_at(&self, operation: &str, place: &S3Place) -> Result<Seen, ProviderError> {
        let s3 = &self.inner.s3;
        let key = place.key(MANIFEST);
        let (manifest, versioning) = match s3.versioning(place).await? {
            Versioning::Never => {
                let stored = match s3.head(place.bucket(), &key, None).await {
                    Ok(stored) => Found::of_stored(key, &stored),
                    Err(error) if *error.kind() == ErrorKind::NotFound => None,
                    Err(error) => return Err(error),
                };
                (stored, Versioning::Never)
            }
            versioning @ (Versioning::Enabled | Versioning::Suspended) => {
                let mut manifests = s3.list_versions(place, &key, HowMuch::All).await?;
                let current = manifests.current.remove(MANIFEST);
                if current.is_none() && manifests.older.iter().any(|found| found.key == key) {
                    return Err(ProviderError::new(
                        ErrorKind::Conflict,
                        operation,
                        format!(
                            "the manifest {key:?} lies below a delete marker: somebody deleted it, and the archive may be the only copy; remove the marker to have it back"
                        ),
                    ));
                }
                (current, versioning)
            }
        };
        if let Some(manifest) = manifest {
            return self.read_manifest(operation, place, &manifest).await;
        }
        let rest = match versioning {
            Versioning::Never => s3.list(place, HowMuch::Any).await?,
            Versioning::Enabled | Versioning::Suspended => {
                s3.list_versions(place, place.prefix(), HowMuch::Any)
                    .await?
            }
        };
        let is_empty = rest.versions().next().is_none() && s3.begun(place).await?.is_empty();
        Ok(if is_empty {
            Seen::Nothing
        } else {
            Seen::Unfinished
        })
    }

    async fn read_manifest(
        &self,
        operation: &str,
        place: &S3Place,
        found: &Found,
    ) -> Result<Seen, ProviderError> {
        let manifest = Pinned {
            key: found.key.clone(),
            version: found.version.clone(),
            etag: found.etag.clone(),
        };
        let (bytes, held) = self.bytes_of(operation, place, &manifest).await?;
        let contents = Contents::read(&bytes, place.prefix())
            .map_err(|why| ProviderError::new(ErrorKind::Conflict, operation, why))?;
        if let Some(lock) = &contents.lock {
            is_kept(operation, &manifest.key, lock, held.as_ref())?;
        }
        Ok(Seen::Finished(Arc::new(Finished { contents, manifest })))
    }

    /// The bytes of a manifest, and its lock.
    pub(crate) async fn bytes_of(
        &self,
        operation: &str,
        place: &S3Place,
        manifest: &Pinned,
    ) -> Result<(Vec<u8>, Option<Held>), ProviderError> {
        use tokio::io::AsyncReadExt as _;
        let (body, held) = self.inner.s3.get(place.bucket(), manifest).await?;
        let mut bytes = Vec::new();
        body.into_async_read()
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| {
                ProviderError::new(
                    ErrorKind::Transient,
                    operation,
                    "the manifest broke off; try again",
                )
                .with_source(error)
            })?;
        Ok((bytes, held))
    }

    /// The bytes of an object as the manifest pins it, once its lock is seen.
    pub(crate) async fn open_in(
        &self,
        operation: &str,
        finished: &Finished,
        name: &str,
    ) -> Result<Body, ProviderError> {
        let Some(pinned) = finished.contents.stored.get(name) else {
            return Err(ProviderError::new(
                ErrorKind::NotFound,
                operation,
                format!("the archive does not list {name:?}"),
            ));
        };
        let bucket = self.inner.place.bucket();
        let (body, held) = self.inner.s3.get(bucket, pinned).await?;
        if let Some(lock) = &finished.contents.lock {
            is_kept(operation, &pinned.key, lock, held.as_ref())?;
        }
        Ok(body)
    }
}

/// Refuses an object that is not locked as the manifest says.
fn is_kept(
    operation: &str,
    key: &str,
    lock: &KeptLock,
    held: Option<&Held>,
) -> Result<(), ProviderError> {
    let why = match held {
        None => "it has no lock (or the credentials lack s3:GetObjectRetention)".to_owned(),
        Some(held) if held.mode.as_str() != lock.mode => {
            format!(
                "it is locked in mode {} instead of {}",
                held.mode, lock.mode
            )
        }
        Some(held) if end_of(held)? < lock.until => {
            format!(
                "it is locked only until {} and not until {}",
                held.until, lock.until
            )
        }
        Some(_) => return Ok(()),
    };
    Err(ProviderError::new(
        ErrorKind::Conflict,
        operation,
        format!(
            "{key:?} is not kept as it was archived: {why}; find out who changed that, and archive again under another retirement"
        ),
    ))
}
