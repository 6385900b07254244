//! From an archive into scratch, and away with that.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use deprovision_core::provider::{ErrorKind, Outcome, ProviderError};
use deprovision_core::resource::{ArchiveId, DatasetId};
use tokio::task::JoinSet;

use crate::error::invalid;
use crate::s3::archive_reader::Finished;
use crate::s3::client::Versioning;
use crate::s3::dataset;
use crate::s3::delete::Doomed;
use crate::s3::listing::HowMuch;
use crate::s3::upload::{Halt, Incoming, Uploader};
use crate::s3::uploads::OpenUploads;
use crate::s3::wanted::Wanted;
use crate::s3::{S3Archive, S3Place};

impl S3Archive {
    /// Restores objects into a new scratch dataset, each compared with the manifest.
    pub(crate) async fn copy_out(
        &self,
        operation: &str,
        archive: &ArchiveId,
        wanted: &[String],
        epoch: u64,
    ) -> Result<DatasetId, ProviderError> {
        let finished = self.finished(operation, archive).await?;
        let of = scratch_name(self.place_of(operation, archive)?.prefix());
        self.remove_older(&of, epoch).await?;
        let random = RandomState::new().hash_one(epoch);
        let scratch = self
            .inner
            .scratch
            .below(&format!("{of}.{epoch}.{random:016x}"));
        let id = self
            .inner
            .s3
            .scope
            .locator(dataset::PROVIDER, &scratch.to_string())
            .map(DatasetId::new)?;
        match self
            .restore_all(operation, finished, wanted, &scratch)
            .await
        {
            Ok(()) => Ok(id),
            Err(error) => {
                // The first error is the one to report; leftovers go at the next restore.
                let _ = self.empty(&scratch).await;
                Err(error)
            }
        }
    }

    async fn restore_all(
        &self,
        operation: &str,
        finished: Arc<Finished>,
        wanted: &[String],
        scratch: &S3Place,
    ) -> Result<(), ProviderError> {
        let versioning = self.inner.s3.versioning(scratch).await?;
        let uploader = Uploader {
            s3: self.inner.s3.clone(),
            bucket: scratch.bucket().to_owned(),
            wanted: Arc::new(Wanted::default()),
            is_versioned: versioning == Versioning::Enabled,
            memory: self.inner.memory.clone(),
            part_size: self.inner.options.part_size,
            open: OpenUploads::default(),
        };
        let names: HashSet<&String> = wanted.iter().collect();
        let mut restoring = JoinSet::new();
        for name in names {
            while restoring.len() >= self.inner.options.objects_at_once {
                restored(restoring.join_next().await)?;
            }
            let this = (self.clone(), finished.clone(), uploader.clone());
            let (operation, name, key) = (operation.to_owned(), name.clone(), scratch.key(name));
            restoring.spawn(async move {
                let (archive, finished, uploader) = this;
                archive
                    .restore_one(&operation, &finished, &uploader, &name, key)
                    .await
            });
        }
        while let Some(done) = restoring.join_next().await {
            restored(Some(done))?;
        }
        Ok(())
    }

    async fn restore_one(
        &self,
        operation: &str,
        finished: &Finished,
        uploader: &Uploader,
        name: &str,
        key: String,
    ) -> Result<(), ProviderError> {
        let Some(entry) = finished.contents.manifest.objects.get(name) else {
            return Err(ProviderError::new(
                ErrorKind::NotFound,
                operation,
                format!("the archive does not list {name:?}"),
            ));
        };
        let incoming = Incoming {
            key,
            length: entry.length,
            begun: None,
        };
        let open = || async {
            let body = self.open_in(operation, finished, name).await?;
            let stream: deprovision_core::provider::ByteStream = Box::pin(body.into_async_read());
            Ok(stream)
        };
        let differs = |why: &str| {
            ProviderError::new(
                ErrorKind::Conflict,
                operation,
                format!(
                    "the archive gives {name:?} back with another {why} than its manifest says"
                ),
            )
        };
        match uploader.store(incoming, open).await {
            Ok(arrived) if arrived.sha256 == entry.sha256 => Ok(()),
            Ok(_) => Err(differs("SHA-256")),
            Err(Halt::Changed(_)) => Err(differs("length")),
            Err(Halt::Source(error) | Halt::Failed(error)) => Err(error),
        }
    }

    /// Removes a scratch dataset, and refuses anything else.
    pub(crate) async fn remove_scratch(
        &self,
        operation: &str,
        id: &DatasetId,
    ) -> Result<Outcome, ProviderError> {
        let scope = &self.inner.s3.scope;
        let name = scope.ours(operation, dataset::PROVIDER, id.locator())?;
        let all = self.inner.scratch.to_string();
        let prefix = if self.inner.scratch.prefix().is_empty() {
            format!("{all}/")
        } else {
            all
        };
        let part = name
            .strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix('/'))
            .filter(|part| parts(part).is_some());
        let Some(part) = part else {
            return Err(invalid(
                operation,
                format!("{id} is not a scratch copy that a restore made"),
            ));
        };
        self.empty(&self.inner.scratch.below(part)).await?;
        Ok(Outcome::done(format!("{part} is removed")))
    }

    /// Removes everything in a scratch place, with all versions and unfinished uploads.
    async fn empty(&self, place: &S3Place) -> Result<(), ProviderError> {
        self.inner.s3.abort_all(place).await?;
        let listing = self.inner.s3.list(place, HowMuch::All).await?;
        let mut doomed: Vec<Doomed> = listing.versions().map(Doomed::from).collect();
        // After the versions, or these would come to light again.
        doomed.extend(listing.markers.iter().map(Doomed::from));
        match self.inner.s3.remove(place, &doomed).await {
            Ok(_) => Ok(()),
            Err(stopped) => Err(stopped.error),
        }
    }

    /// Removes what an owner of an earlier lease left when it died.
    async fn remove_older(&self, of: &str, epoch: u64) -> Result<(), ProviderError> {
        let scratch = &self.inner.scratch;
        let listing = self.inner.s3.list(scratch, HowMuch::All).await?;
        let begun = self.inner.s3.begun(scratch).await?;
        let keys = listing
            .versions()
            .map(|found| found.key.as_str())
            .chain(listing.markers.iter().map(|marker| marker.key.as_str()))
            .chain(begun.iter().map(|begun| begun.key.as_str()));
        let left: HashSet<&str> = keys
            .filter_map(|key| key.strip_prefix(scratch.prefix())?.split('/').next())
            .filter(|part| parts(part).is_some_and(|(theirs, then)| theirs == of && then < epoch))
            .collect();
        for part in left {
            self.empty(&scratch.below(part)).await?;
        }
        Ok(())
    }
}

fn restored(
    done: Option<Result<Result<(), ProviderError>, tokio::task::JoinError>>,
) -> Result<(), ProviderError> {
    match done {
        None => Ok(()),
        Some(Ok(restored)) => restored,
        Some(Err(error)) => Err(ProviderError::new(
            ErrorKind::Transient,
            "restore an object",
            "the work was cut off; try again",
        )
        .with_source(error)),
    }
}

/// The last part of an archive's prefix: unique for its dataset and retirement.
fn scratch_name(prefix: &str) -> String {
    let digest = prefix.trim_end_matches('/').rsplit('/').next();
    format!("a-{}", digest.unwrap_or_default())
}

/// The archive and the epoch of `a-<digest>.<epoch>.<random>`, as `copy_out` makes it.
fn parts(name: &str) -> Option<(&str, u64)> {
    let mut parts = name.split('.');
    let (archive, epoch, random) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let ours = parts.next().is_none()
        && archive.strip_prefix("a-").is_some_and(is_hex)
        && random.len() == 16
        && is_hex(random);
    if ours {
        Some((archive, epoch.parse().ok()?))
    } else {
        None
    }
}
