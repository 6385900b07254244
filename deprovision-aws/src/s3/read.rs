//! Objects as they are stored.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType, ObjectLockMode};
use aws_smithy_types::DateTime;
use aws_smithy_types::byte_stream::ByteStream as Body;
use deprovision_core::provider::{ErrorKind, ProviderError};
use serde::{Deserialize, Serialize};

use crate::error;
use crate::s3::calls::{GET, HEAD};
use crate::s3::checksum::Checksum;
use crate::s3::client::S3;

/// One content of one object: its bytes can not change under these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pinned {
    pub(crate) key: String,
    /// The version id, in a bucket that has versions.
    pub(crate) version: Option<String>,
    /// The entity tag: without a version id it is the condition of every read.
    pub(crate) etag: String,
}

impl Pinned {
    /// The version id to ask for: `null` is one that can be overwritten.
    fn version_id(&self) -> Option<String> {
        self.version.clone()
    }

    fn if_match(&self) -> Option<String> {
        match self.version.as_deref() {
            None | Some("null") => Some(self.etag.clone()),
            Some(_) => None,
        }
    }
}

/// What S3 says of a stored object.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) length: Option<u64>,
    pub(crate) version: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) lock: Option<Held>,
    sha256: Option<String>,
    crc64: Option<String>,
    is_composite: bool,
}

/// The lock of a stored object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) mode: ObjectLockMode,
    pub(crate) until: DateTime,
}

impl Held {
    pub(crate) fn of(mode: Option<&ObjectLockMode>, until: Option<&DateTime>) -> Option<Self> {
        Some(Self {
            mode: mode?.clone(),
            until: *until?,
        })
    }
}

impl Stored {
    fn of(head: &HeadObjectOutput) -> Self {
        Self {
            length: head.content_length().and_then(|n| u64::try_from(n).ok()),
            version: head.version_id().map(str::to_owned),
            etag: head.e_tag().map(str::to_owned),
            lock: Held::of(
                head.object_lock_mode(),
                head.object_lock_retain_until_date(),
            ),
            sha256: head.checksum_sha256().map(str::to_owned),
            crc64: head.checksum_crc64_nvme().map(str::to_owned),
            is_composite: head.checksum_type() == Some(&ChecksumType::Composite),
        }
    }

    /// Whether it holds these bytes, as far as S3 can say; `None` when it can not. A
    /// composite checksum is one of checksums, and says nothing about the bytes.
    pub(crate) fn holds(&self, length: u64, checksum: &Checksum) -> Option<bool> {
        if self.length != Some(length) {
            return Some(false);
        }
        let theirs = match checksum {
            Checksum::Sha256(_) => &self.sha256,
            Checksum::Crc64(_) => &self.crc64,
        };
        match theirs {
            Some(theirs) if !self.is_composite && !theirs.contains('-') => {
                Some(theirs == checksum.text())
            }
            Some(_) | None => None,
        }
    }
}

impl S3 {
    /// The bytes of one content; fails when it is not there any more.
    pub(crate) async fn get(
        &self,
        bucket: &str,
        pinned: &Pinned,
    ) -> Result<(Body, Option<Held>), ProviderError> {
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(&pinned.key)
            .set_version_id(pinned.version_id())
            .set_if_match(pinned.if_match())
            .expected_bucket_owner(self.owner())
            .send()
            .await;
        let answer = error::read(GET, answer)?;
        let asked = pinned.version.as_deref();
        if asked.is_some() && answer.version_id() != asked {
            return Err(ProviderError::new(
                ErrorKind::Conflict,
                GET.operation,
                format!(
                    "version {} of {:?} was asked for, and another one came; check what stands between us and S3",
                    asked.unwrap_or_default(),
                    pinned.key
                ),
            ));
        }
        let held = Held::of(
            answer.object_lock_mode(),
            answer.object_lock_retain_until_date(),
        );
        Ok((answer.body, held))
    }

    /// The bytes of what a key holds now.
    pub(crate) async fn get_current(&self, bucket: &str, key: &str) -> Result<Body, ProviderError> {
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .expected_bucket_owner(self.owner())
            .send()
            .await;
        Ok(error::read(GET, answer)?.body)
    }

    /// What a key holds now, or a version of it.
    pub(crate) async fn head(
        &self,
        bucket: &str,
        key: &str,
        version: Option<String>,
    ) -> Result<Stored, ProviderError> {
        let answer = self
            .client
            .head_object()
            .bucket(bucket)
            .key(key)
            .set_version_id(version)
            .checksum_mode(ChecksumMode::Enabled)
            .expected_bucket_owner(self.owner())
            .send()
            .await;
        Ok(Stored::of(&error::read(HEAD, answer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_1_a_composite_checksum_says_nothing_about_the_bytes() {
        let ours = Checksum::Sha256("hash".to_owned());
        let stored = |length, sha256: Option<&str>, is_composite| Stored {
            length: Some(length),
            version: None,
            etag: None,
            lock: None,
            sha256: sha256.map(str::to_owned),
            crc64: None,
            is_composite,
        };
        assert_eq!(stored(5, Some("hash"), false).holds(5, &ours), Some(true));
        assert_eq!(stored(5, Some("other"), false).holds(5, &ours), Some(false));
        assert_eq!(stored(4, Some("hash"), false).holds(5, &ours), Some(false));
        assert_eq!(stored(5, Some("hash"), true).holds(5, &ours), None);
        assert_eq!(stored(5, Some("hash-2"), false).holds(5, &ours), None);
        assert_eq!(stored(5, None, false).holds(5, &ours), None);
        let crc = Checksum::crc64(0);
        assert_eq!(stored(5, Some("hash"), false).holds(5, &crc), None);
    }
}
