//! Uploads in parts that were begun and not finished.

use std::collections::BTreeMap;

use deprovision_core::provider::{ErrorKind, ProviderError};

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

/// Drops an upload that nobody waits for any more.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) s3: S3,
    pub(crate) bucket: String,
    pub(crate) begun: Option<Begun>,
}

impl Unfinished {
    pub(crate) async fn abort(mut self) -> Result<(), ProviderError> {
        match self.begun.take() {
            Some(begun) => self.s3.abort(&self.bucket, &begun).await,
            None => Ok(()),
        }
    }

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
        runtime.spawn(async move {
            if let Err(error) = s3.abort(&bucket, &begun).await {
                tracing::warn!(%error, key = begun.key, "an unfinished upload stays behind");
            }
        });
    }
}

fn broken_off(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        operation,
        "the list broke off without its next page; try again",
    )
}
