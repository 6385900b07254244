//! Making, restoring and discarding archives: the port.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::id::RetirementId;
use deprovision_core::provider::{Archiver, ErrorKind, Outcome, ProviderError, WritePermit};
use deprovision_core::resource::{ArchiveId, DatasetId};

use crate::s3::S3Archive;
use crate::s3::copy_in::Attempt;

/// How long dropping unfinished uploads may take after the time of a call is over.
const TIDYING: Duration = Duration::from_secs(20);

/// What comes of work within the permit's time; `None` when that is over.
pub(crate) async fn in_time<T>(permit: &WritePermit, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(permit.call_timeout().to_duration(), work)
        .await
        .ok()
}

#[async_trait]
impl Archiver for S3Archive {
    fn archive_of(
        &self,
        source: &DatasetId,
        retirement: &RetirementId,
    ) -> Result<ArchiveId, ProviderError> {
        self.name_for(source, retirement)
    }

    async fn archive(
        &self,
        source: &DatasetId,
        archive: &ArchiveId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "archive into a bucket";
        let place = self.place_of(operation, archive)?;
        let attempt = Attempt::default();
        let work = self.copy_in(operation, source, archive, &attempt);
        if let Some(outcome) = in_time(permit, work).await {
            return outcome;
        }
        if attempt.sealing.load(Ordering::Relaxed) {
            return Ok(Outcome::unknown(
                "the time of the call was over while the manifest was written",
            ));
        }
        let tidy = async {
            attempt.open.ended().await;
            self.inner.s3.abort_all(&place).await
        };
        let tidied = tokio::time::timeout(TIDYING, tidy).await;
        if !matches!(tidied, Ok(Ok(()))) {
            tracing::warn!(%archive, "unfinished uploads may stay until it is archived again");
        }
        Ok(Outcome::not_done(
            "the time of the call is over; the archive is unfinished, and archiving again goes on with it",
        ))
    }

    async fn restore(
        &self,
        archive: &ArchiveId,
        names: &[String],
        permit: &WritePermit,
    ) -> Result<DatasetId, ProviderError> {
        let operation = "restore an archive";
        let work = self.copy_out(operation, archive, names, permit.epoch());
        in_time(permit, work)
            .await
            .unwrap_or_else(|| Err(over(operation)))
    }

    async fn discard_scratch(
        &self,
        scratch: &DatasetId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let work = self.remove_scratch("discard a scratch copy", scratch);
        in_time(permit, work).await.unwrap_or_else(|| {
            Ok(Outcome::unknown(
                "the time of the call was over while it was removed",
            ))
        })
    }

    async fn discard(
        &self,
        archive: &ArchiveId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let work = self.remove_archive("discard an archive", archive);
        in_time(permit, work).await.unwrap_or_else(|| {
            Ok(Outcome::unknown(
                "the time of the call was over while it was removed",
            ))
        })
    }
}

fn over(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        operation,
        "the time of the call is over; give it more",
    )
}
