//! A long object on its way in: in parts, several at once.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, ServerSideEncryption,
};
use aws_smithy_types::byte_stream::ByteStream as Body;
use bytes::Bytes;
use crc_fast::CrcAlgorithm::Crc64Nvme;
use deprovision_core::digest::Digest;
use deprovision_core::provider::{ByteStream, ErrorKind, ProviderError};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use crate::call::Call;
use crate::error;
use crate::s3::S3Place;
use crate::s3::calls::{COMPLETE_UPLOAD, CREATE_UPLOAD, UPLOAD_PART};
use crate::s3::checksum::Checksum;
use crate::s3::part_size::part_size_for;
use crate::s3::patience::patiently;
use crate::s3::read::Pinned;
use crate::s3::upload::{
    Arrived, Condition, Halt, Incoming, There, Uploader, altered, contended, expect_end,
};
use crate::s3::uploads::{Begun, SentPart, Unfinished};

/// The parts of an object that have arrived, and its checksums.
#[derive(Debug)]
struct Sent {
    parts: BTreeMap<i32, CompletedPart>,
    sha256: Digest,
    crc64: Checksum,
}

impl Uploader {
    pub(crate) async fn store_in_parts<F>(
        &self,
        incoming: Incoming,
        open: impl FnOnce() -> F,
    ) -> Result<Arrived, Halt>
    where
        F: Future<Output = Result<ByteStream, ProviderError>>,
    {
        let size = part_size_for(incoming.length, self.part_size, self.memory.bytes)
            .map_err(Halt::Failed)?;
        let _turn = self.memory.begin_long().await?;
        let place = S3Place::new(self.bucket.as_str(), "").map_err(|error| {
            Halt::Failed(error::invalid(CREATE_UPLOAD.operation, error.to_string()))
        })?;
        let (begun, mut unfinished, earlier) = match incoming.begun {
            Some(begun) => {
                let parts = patiently(|| self.s3.parts(&place, &begun))
                    .await
                    .map_err(Halt::Failed)?;
                let unfinished = Unfinished::new(
                    &self.s3,
                    &self.bucket,
                    begun.clone(),
                    self.open.one_more().await,
                );
                (begun, unfinished, parts)
            }
            None => {
                let (begun, unfinished) = self.begin_anew(&incoming.key).await?;
                (begun, unfinished, BTreeMap::new())
            }
        };
        let stored = async {
            let mut stream = open().await.map_err(Halt::Source)?;
            let sent = self
                .send_parts(
                    &begun,
                    &mut unfinished.sending,
                    &earlier,
                    &mut stream,
                    incoming.length,
                    size,
                )
                .await?;
            let finished = self.finish(&begun, incoming.length, &sent).await?;
            Ok((finished, sent.sha256))
        };
        match stored.await {
            Ok((Finished::Now(pinned), sha256)) => {
                unfinished.finished();
                Ok(Arrived { pinned, sha256 })
            }
            // It is there, but this upload may still be open.
            Ok((Finished::Before(pinned), sha256)) => {
                unfinished.abort().await.map_err(Halt::Failed)?;
                Ok(Arrived { pinned, sha256 })
            }
            Err(halt) => {
                if let Err(error) = unfinished.abort().await {
                    tracing::warn!(%error, key = begun.key, "an unfinished upload stays behind");
                }
                Err(halt)
            }
        }
    }

    /// Begins an upload, in a task of its own: dropped while the answer is on its way, it
    /// still comes to its end, and drops an upload that nobody else knows of.
    async fn begin_anew(&self, key: &str) -> Result<(Begun, Unfinished), Halt> {
        let (this, key, open) = (self.clone(), key.to_owned(), self.open.one_more().await);
        let begin = async move {
            let begun = this.begin(&key).await?;
            let unfinished = Unfinished::new(&this.s3, &this.bucket, begun.clone(), open);
            Ok((begun, unfinished))
        };
        match tokio::spawn(begin).await {
            Ok(begun) => begun.map_err(Halt::Failed),
            Err(error) => Err(cut_off(CREATE_UPLOAD, error)),
        }
    }

    async fn begin(&self, key: &str) -> Result<Begun, ProviderError> {
        let wanted = &self.wanted;
        let lock = wanted.lock.as_ref();
        // When the answer is lost there are two; the one without parts is dropped with
        // all that is left below the archive when it is finished.
        let answer = patiently(|| async {
            let answer = self
                .s3
                .client
                .create_multipart_upload()
                .bucket(&self.bucket)
                .key(key)
                .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
                .checksum_type(ChecksumType::FullObject)
                .set_object_lock_mode(lock.map(|lock| lock.mode.clone()))
                .set_object_lock_retain_until_date(lock.map(|lock| lock.until))
                .set_server_side_encryption(
                    wanted
                        .kms_key
                        .as_ref()
                        .map(|_| ServerSideEncryption::AwsKms),
                )
                .set_ssekms_key_id(wanted.kms_key.clone())
                .set_storage_class(wanted.storage.clone())
                .expected_bucket_owner(self.s3.owner())
                .send()
                .await;
            error::read(wanted.storing(CREATE_UPLOAD), answer)
        })
        .await?;
        match answer.upload_id() {
            Some(upload) => Ok(Begun {
                key: key.to_owned(),
                upload: upload.to_owned(),
            }),
            None => Err(ProviderError::new(
                ErrorKind::Transient,
                CREATE_UPLOAD.operation,
                "the answer names no upload; try again",
            )),
        }
    }

    /// Reads the stream to its end and sends what is not there yet. Every byte is
    /// hashed, also of the parts that are there.
    async fn send_parts(
        &self,
        begun: &Begun,
        sending: &mut JoinSet<Result<CompletedPart, ProviderError>>,
        earlier: &BTreeMap<i32, SentPart>,
        stream: &mut ByteStream,
        length: u64,
        size: u64,
    ) -> Result<Sent, Halt> {
        let mut parts = BTreeMap::new();
        let (mut hash, mut crc) = (Sha256::new(), crc_fast::checksum(Crc64Nvme, b""));
        let (mut left, mut number) = (length, 1i32);
        while left > 0 {
            let now = left.min(size);
            let room = self.memory.take(now).await?;
            let bytes = self.read_part(stream, now).await?;
            hash.update(&bytes);
            let part = crc_fast::checksum(Crc64Nvme, &bytes);
            crc = crc_fast::checksum_combine(Crc64Nvme, crc, part, now);
            let checksum = Checksum::crc64(part);
            match earlier.get(&number) {
                Some(there)
                    if there.length == now && there.crc64.as_deref() == Some(checksum.text()) =>
                {
                    parts.insert(number, completed(number, &there.etag, &checksum));
                    self.memory.give_back(bytes);
                }
                Some(_) | None => {
                    let (this, begun) = (self.clone(), begun.clone());
                    sending.spawn(async move {
                        let sent =
                            patiently(|| this.send_part(&begun, number, bytes.clone(), &checksum))
                                .await;
                        this.memory.give_back(bytes);
                        drop(room);
                        sent
                    });
                }
            }
            while let Some(sent) = sending.try_join_next() {
                let part = joined(sent)?;
                parts.insert(part.part_number().unwrap_or_default(), part);
            }
            left -= now;
            number += 1;
        }
        expect_end(stream).await?;
        while let Some(sent) = sending.join_next().await {
            let part = joined(sent)?;
            parts.insert(part.part_number().unwrap_or_default(), part);
        }
        Ok(Sent {
            parts,
            sha256: Digest::from_bytes(hash.finalize().into()),
            crc64: Checksum::crc64(crc),
        })
    }

    async fn send_part(
        &self,
        begun: &Begun,
        number: i32,
        bytes: Bytes,
        checksum: &Checksum,
    ) -> Result<CompletedPart, ProviderError> {
        let answer = self
            .s3
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(&begun.key)
            .upload_id(&begun.upload)
            .part_number(number)
            .body(Body::from(bytes))
            .checksum_crc64_nvme(checksum.text())
            .expected_bucket_owner(self.s3.owner())
            .customize()
            // The signature covers the checksum, and the checksum the bytes.
            .disable_payload_signing()
            .send()
            .await;
        let answer = error::read(self.wanted.storing_part(UPLOAD_PART), answer)?;
        if let Some(theirs) = answer.checksum_crc64_nvme()
            && theirs != checksum.text()
        {
            return Err(altered(&begun.key));
        }
        match answer.e_tag() {
            Some(etag) => Ok(completed(number, etag, checksum)),
            None => Err(ProviderError::new(
                ErrorKind::Transient,
                UPLOAD_PART.operation,
                "the answer names no entity tag of the part; try again",
            )),
        }
    }

    async fn finish(&self, begun: &Begun, length: u64, sent: &Sent) -> Result<Finished, Halt> {
        let mut condition = Condition::Absent;
        for _ in 0..3 {
            let error = match patiently(|| self.finish_if(begun, length, sent, &condition)).await {
                Ok(pinned) => return Ok(Finished::Now(pinned)),
                Err(error) => error,
            };
            // Its answer may have been lost before: then the upload is not known any
            // more, or the object is there.
            let there = self
                .look(&begun.key, length, &sent.crc64, &sent.sha256)
                .await?;
            condition = match (there, error.kind()) {
                (There::Same(pinned), _) => return Ok(Finished::Before(pinned)),
                (There::Other(etag), ErrorKind::Conflict) => Condition::Is(etag),
                (There::Nothing, ErrorKind::Conflict) => Condition::Absent,
                (There::Other(_) | There::Nothing, _) => return Err(Halt::Failed(error)),
            };
        }
        Err(Halt::Failed(contended(&begun.key)))
    }

    async fn finish_if(
        &self,
        begun: &Begun,
        length: u64,
        sent: &Sent,
        condition: &Condition,
    ) -> Result<Pinned, ProviderError> {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(sent.parts.values().cloned().collect()))
            .build();
        let answer = self
            .s3
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(&begun.key)
            .upload_id(&begun.upload)
            .multipart_upload(parts)
            .checksum_crc64_nvme(sent.crc64.text())
            .checksum_type(ChecksumType::FullObject)
            .set_mpu_object_size(i64::try_from(length).ok())
            .set_if_none_match(condition.if_none_match())
            .set_if_match(condition.if_match())
            .expected_bucket_owner(self.s3.owner())
            .send()
            .await;
        let answer = error::read(self.wanted.storing_part(COMPLETE_UPLOAD), answer)?;
        let is_whole = answer.checksum_type() != Some(&ChecksumType::Composite);
        if let Some(theirs) = answer.checksum_crc64_nvme()
            && is_whole
            && !theirs.contains('-')
            && theirs != sent.crc64.text()
        {
            return Err(altered(&begun.key));
        }
        self.pin(&begun.key, answer.version_id(), answer.e_tag())
    }
}

/// How an upload came to its end.
#[derive(Debug)]
enum Finished {
    Now(Pinned),
    /// By an attempt whose answer was lost, or by an earlier one.
    Before(Pinned),
}

fn completed(number: i32, etag: &str, checksum: &Checksum) -> CompletedPart {
    CompletedPart::builder()
        .part_number(number)
        .e_tag(etag)
        .checksum_crc64_nvme(checksum.text())
        .build()
}

fn joined(
    sent: Result<Result<CompletedPart, ProviderError>, tokio::task::JoinError>,
) -> Result<CompletedPart, Halt> {
    match sent {
        Ok(sent) => sent.map_err(Halt::Failed),
        Err(error) => Err(cut_off(UPLOAD_PART, error)),
    }
}

fn cut_off(call: Call, error: tokio::task::JoinError) -> Halt {
    let why = "the request was cut off; try again";
    let error = ProviderError::new(ErrorKind::Transient, call.operation, why).with_source(error);
    Halt::Failed(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn checksums_of_parts_combine_to_the_one_of_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..500), size in 1usize..100,
        ) {
            let mut crc = crc_fast::checksum(Crc64Nvme, b"");
            for part in bytes.chunks(size) {
                let next = crc_fast::checksum(Crc64Nvme, part);
                crc = crc_fast::checksum_combine(Crc64Nvme, crc, next, part.len() as u64);
            }
            prop_assert_eq!(crc, crc_fast::checksum(Crc64Nvme, &bytes));
        }
    }
}
