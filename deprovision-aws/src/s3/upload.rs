//! One object on its way in: any stream of bytes, in bounded memory.

use std::future::Future;
use std::io;
use std::sync::Arc;

use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_smithy_types::byte_stream::ByteStream as Body;
use bytes::{Bytes, BytesMut};
use deprovision_core::digest::Digest;
use deprovision_core::provider::{ByteStream, ErrorKind, ProviderError};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

use crate::error;
use crate::s3::calls::PUT;
use crate::s3::checksum::Checksum;
use crate::s3::client::S3;
use crate::s3::memory::Memory;
use crate::s3::patience::patiently;
use crate::s3::read::Pinned;
use crate::s3::uploads::{Begun, OpenUploads};
use crate::s3::wanted::Wanted;

/// How much is read at a time where a stored object is compared.
const CHUNK: usize = 64 * 1024;

/// What the stream of a source may hold of an object beside what was read of it.
const STREAM: u64 = 2 << 20;

/// Why an object did not arrive.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The source is not what it was listed as.
    Changed(String),
    /// The source could not be read.
    Source(ProviderError),
    /// S3 did not take it.
    Failed(ProviderError),
}

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) pinned: Pinned,
    pub(crate) sha256: Digest,
}

/// An object that is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) key: String,
    pub(crate) length: u64,
    /// What an attempt that died has begun.
    pub(crate) begun: Option<Begun>,
}

/// Stores objects in one bucket, all of them together within one memory.
#[derive(Debug, Clone)]
pub(crate) struct Uploader {
    pub(crate) s3: S3,
    pub(crate) bucket: String,
    pub(crate) wanted: Arc<Wanted>,
    /// Whether the bucket gives version ids.
    pub(crate) is_versioned: bool,
    pub(crate) memory: Memory,
    pub(crate) part_size: u64,
    pub(crate) open: OpenUploads,
}

/// On what condition an object is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing is there.
    Absent,
    /// This entity tag is there.
    Is(String),
}

impl Condition {
    pub(crate) fn if_none_match(&self) -> Option<String> {
        (*self == Self::Absent).then(|| "*".to_owned())
    }

    pub(crate) fn if_match(&self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Is(etag) => Some(etag.clone()),
        }
    }
}

/// What a key holds already.
#[derive(Debug)]
pub(crate) enum There {
    /// These very bytes: an earlier attempt, or one whose answer was lost.
    Same(Pinned),
    /// Others, under this entity tag.
    Other(String),
    Nothing,
}

impl Uploader {
    /// Stores what a stream gives, when it is exactly as long as it should be.
    pub(crate) async fn store<F>(
        &self,
        incoming: Incoming,
        open: impl FnOnce() -> F,
    ) -> Result<Arrived, Halt>
    where
        F: Future<Output = Result<ByteStream, ProviderError>>,
    {
        if incoming.length > self.part_size {
            return self.store_in_parts(incoming, open).await;
        }
        let held = incoming.length.saturating_add(incoming.length.min(STREAM));
        let _room = self.memory.take(held).await?;
        let mut stream = open().await.map_err(Halt::Source)?;
        let mut bytes = BytesMut::new();
        read_exactly(&mut stream, incoming.length, &mut bytes).await?;
        let bytes = bytes.freeze();
        expect_end(&mut stream).await?;
        drop(stream);
        let sha256 = Digest::of_bytes(&bytes);
        let pinned = self.put(&incoming.key, bytes, &sha256).await?;
        Ok(Arrived { pinned, sha256 })
    }

    /// The next part of a stream.
    pub(crate) async fn read_part(
        &self,
        stream: &mut ByteStream,
        length: u64,
    ) -> Result<Bytes, Halt> {
        let mut bytes = self.memory.buffer(usize::try_from(length).unwrap_or(0));
        read_exactly(stream, length, &mut bytes).await?;
        Ok(bytes.freeze())
    }

    /// Stores bytes in one piece. What is there already is kept when it is the same,
    /// and replaced when it is not: the key is ours, and a lock keeps what it locks.
    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Digest,
    ) -> Result<Pinned, Halt> {
        let checksum = Checksum::sha256(sha256);
        let mut condition = Condition::Absent;
        for _ in 0..3 {
            let sent = patiently(|| self.put_if(key, bytes.clone(), &checksum, &condition)).await;
            let error = match sent {
                Ok(pinned) => return Ok(pinned),
                Err(error) => error,
            };
            if *error.kind() != ErrorKind::Conflict {
                return Err(Halt::Failed(error));
            }
            condition = match self
                .look(key, bytes.len() as u64, &checksum, sha256)
                .await?
            {
                There::Same(pinned) => return Ok(pinned),
                There::Other(etag) => Condition::Is(etag),
                There::Nothing => Condition::Absent,
            };
        }
        Err(Halt::Failed(contended(key)))
    }

    /// Sends bytes once.
    pub(crate) async fn put_if(
        &self,
        key: &str,
        bytes: Bytes,
        checksum: &Checksum,
        condition: &Condition,
    ) -> Result<Pinned, ProviderError> {
        let wanted = &self.wanted;
        let lock = wanted.lock.as_ref();
        let answer = self
            .s3
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(Body::from(bytes))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(checksum.text())
            .set_if_none_match(condition.if_none_match())
            .set_if_match(condition.if_match())
            .set_object_lock_mode(lock.map(|lock| lock.mode.clone()))
            .set_object_lock_retain_until_date(lock.map(|lock| lock.until))
            .set_server_side_encryption(
                wanted
                    .kms_key
                    .as_ref()
                    .map(|_| aws_sdk_s3::types::ServerSideEncryption::AwsKms),
            )
            .set_ssekms_key_id(wanted.kms_key.clone())
            .set_storage_class(wanted.storage.clone())
            .expected_bucket_owner(self.s3.owner())
            .customize()
            // The signature covers the checksum, and the checksum the bytes.
            .disable_payload_signing()
            .send()
            .await;
        let answer = error::read(wanted.storing(PUT), answer)?;
        if let Some(theirs) = answer.checksum_sha256()
            && theirs != checksum.text()
        {
            return Err(altered(key));
        }
        self.pin(key, answer.version_id(), answer.e_tag())
    }

    /// What was stored, as the answer names it.
    pub(crate) fn pin(
        &self,
        key: &str,
        version: Option<&str>,
        etag: Option<&str>,
    ) -> Result<Pinned, ProviderError> {
        let Some(etag) = etag else {
            return Err(unnamed(key, "entity tag"));
        };
        if self.is_versioned && version.is_none() {
            return Err(unnamed(key, "version id"));
        }
        Ok(Pinned {
            key: key.to_owned(),
            version: version.filter(|_| self.is_versioned).map(str::to_owned),
            etag: etag.to_owned(),
        })
    }

    /// Compares what a key holds with what it should: by S3's checksum of the whole
    /// object, or, where S3 has none, by reading it.
    pub(crate) async fn look(
        &self,
        key: &str,
        length: u64,
        checksum: &Checksum,
        sha256: &Digest,
    ) -> Result<There, Halt> {
        let stored = match patiently(|| self.s3.head(&self.bucket, key, None)).await {
            Ok(stored) => stored,
            Err(error) if *error.kind() == ErrorKind::NotFound => return Ok(There::Nothing),
            Err(error) => return Err(Halt::Failed(error)),
        };
        let pinned = self
            .pin(key, stored.version.as_deref(), stored.etag.as_deref())
            .map_err(Halt::Failed)?;
        let is_same = match stored.holds(length, checksum) {
            Some(is_same) => is_same,
            None => self.read_back(&pinned).await? == (length, *sha256),
        };
        Ok(if is_same {
            There::Same(pinned)
        } else {
            There::Other(pinned.etag)
        })
    }

    /// The length and the SHA-256 of what is stored.
    async fn read_back(&self, pinned: &Pinned) -> Result<(u64, Digest), Halt> {
        let (body, _) = patiently(|| self.s3.get(&self.bucket, pinned))
            .await
            .map_err(Halt::Failed)?;
        let mut stream = body.into_async_read();
        let (mut hash, mut length) = (Sha256::new(), 0u64);
        let mut chunk = vec![0; CHUNK];
        loop {
            match stream.read(&mut chunk).await {
                Ok(0) => return Ok((length, Digest::from_bytes(hash.finalize().into()))),
                Ok(read) => {
                    length += read as u64;
                    hash.update(chunk.get(..read).unwrap_or_default());
                }
                Err(error) => {
                    let why = format!("what is stored under {:?} broke off", pinned.key);
                    let error = ProviderError::new(ErrorKind::Transient, "s3:GetObject", why)
                        .with_source(error);
                    return Err(Halt::Failed(error));
                }
            }
        }
    }
}

/// Reads so many bytes, or fails.
async fn read_exactly(
    stream: &mut ByteStream,
    length: u64,
    bytes: &mut BytesMut,
) -> Result<(), Halt> {
    let size = usize::try_from(length).map_err(|error| {
        Halt::Failed(error::invalid(PUT.operation, "a part is too long").with_source(error))
    })?;
    // Exactly: a buffer that grows is copied.
    bytes.reserve(size);
    let mut limited = stream.take(length);
    while bytes.len() < size {
        match limited.read_buf(bytes).await {
            Ok(0) => {
                return Err(Halt::Changed("it is shorter than it was listed".to_owned()));
            }
            Ok(_) => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(())
}

/// Fails when more bytes come.
pub(crate) async fn expect_end(stream: &mut ByteStream) -> Result<(), Halt> {
    match stream.read(&mut [0; 1]).await {
        Ok(0) => Ok(()),
        Ok(_) => Err(Halt::Changed("it is longer than it was listed".to_owned())),
        Err(error) => Err(unreadable(error)),
    }
}

fn unreadable(error: io::Error) -> Halt {
    Halt::Source(
        ProviderError::new(
            ErrorKind::Transient,
            "read the source",
            "its bytes broke off; try again",
        )
        .with_source(error),
    )
}

pub(crate) fn contended(key: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Conflict,
        PUT.operation,
        format!("{key:?} is being written by somebody else as well; find out who, and try again"),
    )
}

pub(crate) fn altered(key: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        PUT.operation,
        format!(
            "the server stored other bytes under {key:?} than were sent: its checksum differs; do not keep archives on it"
        ),
    )
}

fn unnamed(key: &str, what: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        PUT.operation,
        format!(
            "{key:?} was stored, and the server gave no {what}, so that it can not be told from another; do not keep archives on it"
        ),
    )
}
