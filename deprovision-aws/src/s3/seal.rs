//! The manifest of an archive, written last: without it there is none.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use deprovision_core::digest::Digest;
use deprovision_core::provider::{ErrorKind, Manifest, ManifestEntry, Outcome, ProviderError};
use deprovision_core::resource::{ArchiveId, DatasetId};
use deprovision_core::time::Timestamp;

use crate::error::invalid;
use crate::s3::archive_reader::{Finished, Seen};
use crate::s3::checksum::Checksum;
use crate::s3::copy_in::Objects;
use crate::s3::delete::Doomed;
use crate::s3::listing::HowMuch;
use crate::s3::manifest_file::{Contents, KeptLock, MANIFEST};
use crate::s3::patience::patiently;
use crate::s3::read::Pinned;
use crate::s3::upload::{Arrived, Condition, Uploader};
use crate::s3::wanted::{Wanted, end_of, why_not_locked};
use crate::s3::{S3Archive, S3Place};

impl S3Archive {
    /// Writes the manifest, reads it back, and only then is there an archive.
    pub(crate) async fn seal(
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
        let wanted: HashSet<(&str, Option<&str>)> = wanted
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

pub(crate) fn contents(
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

pub(crate) fn receipt(operation: &str, manifest: &Manifest) -> Result<Outcome, ProviderError> {
    let digest = manifest
        .digest()
        .map_err(|error| invalid(operation, error.to_string()))?;
    Ok(Outcome::done(digest.to_string()))
}
