//! Uploads in parts that were begun and not finished.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::types::CompletedPart;
use deprovision_core::provider::{ErrorKind, ProviderError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::error;
use crate::s3::S3Place;
use crate::s3::calls::{ABORT_UPLOAD, LIST_PARTS, LIST_UPLOADS};
use crate::s3::client::S3;
use crate::s3::options::UploadList;
use crate::s3::patience::patiently;

/// An upload in parts that is not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) key: String,
    pub(crate) upload: String,
}

/// A part that an earlier attempt has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentPart {
    pub(crate) length: u64,
    pub(crate) etag: String,
    /// `None` when the server does not say; then it is sent again.
    pub(crate) crc64: Option<String>,
}

impl S3 {
    /// All unfinished uploads in a place; none where the server can not tell.
    pub(crate) async fn begun(&self, place: &S3Place) -> Result<Vec<Begun>, ProviderError> {
        let mut begun = Vec::new();
        if self.uploads == UploadList::NotOffered {
            return Ok(begun);
        }
        let mut next: (Option<String>, Option<String>) = (None, None);
        loop {
            let answer = self
                .client
                .list_multipart_uploads()
                .bucket(place.bucket())
                .prefix(place.prefix())
                .set_key_marker(next.0.clone())
                .set_upload_id_marker(next.1.clone())
                .expected_bucket_owner(self.owner())
                .send()
                .await;
            let page = error::read(LIST_UPLOADS, answer)?;
            for upload in page.uploads() {
                if let (Some(key), Some(upload)) = (upload.key(), upload.upload_id())
                    && key.starts_with(place.prefix())
                {
                    begun.push(Begun {
                        key: key.to_owned(),
                        upload: upload.to_owned(),
                    });
                }
            }
            let marker = (
                page.next_key_marker().map(str::to_owned),
                page.next_upload_id_marker().map(str::to_owned),
            );
            if page.is_truncated() != Some(true) {
                return Ok(begun);
            }
            if marker.0.is_none() || marker == next {
                return Err(broken_off(LIST_UPLOADS.operation));
            }
            next = marker;
        }
    }

    /// The parts of an unfinished upload by their numbers.
    pub(crate) async fn parts(
        &self,
        place: &S3Place,
        begun: &Begun,
    ) -> Result<BTreeMap<i32, SentPart>, ProviderError> {
        let mut parts = BTreeMap::new();
        let mut next: Option<String> = None;
        loop {
            let answer = self
                .client
                .list_parts()
                .bucket(place.bucket())
                .key(&begun.key)
                .upload_id(&begun.upload)
                .set_part_number_marker(next.clone())
                .expected_bucket_owner(self.owner())
                .send()
                .await;
            let page = error::read(LIST_PARTS, answer)?;
            for part in page.parts() {
                let length = part.size().and_then(|size| u64::try_from(size).ok());
                if let (Some(number), Some(length), Some(etag)) =
                    (part.part_number(), length, part.e_tag())
                {
                    let sent = SentPart {
                        length,
                        etag: etag.to_owned(),
                        crc64: part.checksum_crc64_nvme().map(str::to_owned),
                    };
                    parts.insert(number, sent);
                }
            }
            let marker = page.next_part_number_marker().map(str::to_owned);
            if page.is_truncated() != Some(true) {
                return Ok(parts);
            }
            if marker.is_none() || marker == next {
                return Err(broken_off(LIST_PARTS.operation));
            }
            next = marker;
        }
    }

    /// Drops an unfinished upload with its parts; one that is gone is as good.
    pub(crate) async fn abort(&self, bucket: &str, begun: &Begun) -> Result<(), ProviderError> {
        patiently(|| async {
            let answer = self
                .client
                .abort_multipart_upload()
                .bucket(bucket)
                .key(&begun.key)
                .upload_id(&begun.upload)
                .expected_bucket_owner(self.owner())
                .send()
                .await;
            match error::read(ABORT_UPLOAD, answer) {
                Ok(_) => Ok(()),
                Err(error) if *error.kind() == ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Drops all unfinished uploads in a place.
    pub(crate) async fn abort_all(&self, place: &S3Place) -> Result<(), ProviderError> {
        // A part that arrives while its upload is aborted may outlive it: S3 says to
        // look again.
        for _ in 0..3 {
            let begun = patiently(|| self.begun(place)).await?;
            if begun.is_empty() {
                return Ok(());
            }
            for upload in &begun {
                self.abort(place.bucket(), upload).await?;
            }
        }
        let left = patiently(|| self.begun(place)).await?;
        if left.is_empty() {
            return Ok(());
        }
        Err(ProviderError::new(
            ErrorKind::Conflict,
            ABORT_UPLOAD.operation,
            format!("{} unfinished uploads stay below {place}", left.len()),
        ))
    }
}

/// How long parts that are on their way are waited for before their upload is dropped.
const LANDING: Duration = Duration::from_secs(10);

/// An upload that is dropped unless it is finished, also when nobody waits for it any
/// more.
///
/// Parts that are on their way are let land first: one that arrives after its upload
/// was dropped may stay, with its costs
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>).
#[derive(Debug)]
pub(crate) struct Unfinished {
    s3: S3,
    bucket: String,
    begun: Option<Begun>,
    /// The parts that are on their way.
    pub(crate) sending: JoinSet<Result<CompletedPart, ProviderError>>,
    open: Option<OwnedSemaphorePermit>,
}

impl Unfinished {
    pub(crate) fn new(
        s3: &S3,
        bucket: &str,
        begun: Begun,
        open: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            s3: s3.clone(),
            bucket: bucket.to_owned(),
            begun: Some(begun),
            sending: JoinSet::new(),
            open,
        }
    }

    /// Drops it; what is left to do when this is dropped itself is done all the same.
    pub(crate) async fn abort(mut self) -> Result<(), ProviderError> {
        land(&mut self.sending).await;
        let aborted = match &self.begun {
            Some(begun) => self.s3.abort(&self.bucket, begun).await,
            None => Ok(()),
        };
        self.begun = None;
        aborted
    }

    /// It is finished, and stays.
    pub(crate) fn finished(mut self) {
        self.begun = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (Some(begun), Ok(runtime)) = (self.begun.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let (s3, bucket) = (self.s3.clone(), self.bucket.clone());
        let (mut sending, open) = (std::mem::take(&mut self.sending), self.open.take());
        s3.dropping.add(&begun);
        runtime.spawn(async move {
            land(&mut sending).await;
            if let Err(error) = s3.abort(&bucket, &begun).await {
                tracing::warn!(%error, key = begun.key, "an unfinished upload stays behind");
            }
            s3.dropping.remove(&begun);
            drop(open);
        });
    }
}

/// How many uploads one archiving may have open: more than fit into any memory.
const MOST_OPEN: u32 = 1 << 16;

/// The uploads of one archiving that have not come to their end: also those that nobody
/// waits for any more, and those of which the answer to their beginning is on its way.
#[derive(Debug, Clone)]
pub(crate) struct OpenUploads(Arc<Semaphore>);

impl Default for OpenUploads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_OPEN as usize)))
    }
}

impl OpenUploads {
    /// Held until the upload has come to its end.
    pub(crate) async fn one_more(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes it.
        self.0.clone().acquire_owned().await.ok()
    }

    /// Waits until all have come to their end.
    pub(crate) async fn ended(&self) {
        let _ = self.0.acquire_many(MOST_OPEN).await;
    }
}

/// The uploads that are being dropped behind our back: nobody may go on with them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dropping(Arc<Mutex<HashSet<String>>>);

impl Dropping {
    fn uploads(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, begun: &Begun) {
        self.uploads().insert(begun.upload.clone());
    }

    fn remove(&self, begun: &Begun) {
        self.uploads().remove(&begun.upload);
    }

    pub(crate) fn has(&self, begun: &Begun) -> bool {
        self.uploads().contains(&begun.upload)
    }
}

/// Waits for parts that are on their way, whatever becomes of them.
async fn land(sending: &mut JoinSet<Result<CompletedPart, ProviderError>>) {
    let all = async { while sending.join_next().await.is_some() {} };
    if tokio::time::timeout(LANDING, all).await.is_err() {
        sending.shutdown().await;
    }
}

fn broken_off(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        operation,
        "the list broke off without its next page; try again",
    )
}
