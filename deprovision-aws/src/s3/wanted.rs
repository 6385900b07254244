//! How an object is to be stored, and whether it is.

use aws_sdk_s3::types::{
    ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode, StorageClass,
};
use aws_smithy_types::DateTime;
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::Timestamp;

use crate::call::Call;
use crate::error;
use crate::s3::ArchiveOptions;
use crate::s3::calls::{LOCK, storing};
use crate::s3::client::S3;
use crate::s3::patience::patiently;
use crate::s3::read::{Held, Pinned};

/// How an object is to be stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) lock: Option<Held>,
    pub(crate) kms_key: Option<String>,
    pub(crate) storage: Option<StorageClass>,
}

impl Wanted {
    /// As the options say, from now on.
    pub(crate) fn by(options: &ArchiveOptions, now: Timestamp) -> Self {
        let lock = options.lock.mode().map(|(mode, days)| Held {
            mode,
            // Up to the next second: S3 keeps no parts of one.
            until: DateTime::from_secs(
                now.as_second()
                    .saturating_add(i64::from(days).saturating_mul(86_400))
                    .saturating_add(1),
            ),
        });
        Self {
            lock,
            kms_key: options.kms_key.clone(),
            storage: options.storage.class(),
        }
    }

    /// A call that stores an object so.
    pub(crate) fn storing(&self, call: Call) -> Call {
        storing(call, self.lock.is_some(), self.kms_key.is_some())
    }

    /// A call that stores a part of an object, of which the lock is settled already.
    pub(crate) fn storing_part(&self, call: Call) -> Call {
        storing(call, false, self.kms_key.is_some())
    }
}

/// The lock's end, as the core tells time.
pub(crate) fn end_of(held: &Held) -> Result<Timestamp, ProviderError> {
    Timestamp::from_second(held.until.secs()).map_err(|error| {
        error::invalid(
            LOCK.operation,
            "the lock ends at a time that can not be told",
        )
        .with_source(error)
    })
}

/// Why a lock is not the one that is wanted; `None` when it is.
pub(crate) fn why_not_locked(wanted: &Held, held: Option<&Held>) -> Option<String> {
    match held {
        None => Some(
            "the server took the lock and does not keep it: either it has no Object Lock, or the credentials lack s3:GetObjectRetention, without which nobody sees it"
                .to_owned(),
        ),
        Some(held) if held.mode != wanted.mode => Some(format!(
            "it is locked in mode {} instead of {}",
            held.mode, wanted.mode
        )),
        Some(held) if held.until.secs() < wanted.until.secs() => Some(format!(
            "it is locked only until {} and not until {}",
            held.until, wanted.until
        )),
        Some(_) => None,
    }
}

impl S3 {
    /// Reads the lock of a stored object back. One that an earlier attempt stored with
    /// an earlier end, or without a lock, is locked as wanted first.
    pub(crate) async fn confirm_lock(
        &self,
        bucket: &str,
        pinned: &Pinned,
        wanted: &Held,
    ) -> Result<(), ProviderError> {
        let held = self.lock_of(bucket, pinned).await?;
        let held = match held {
            Some(held) if held.mode == wanted.mode && held.until.secs() < wanted.until.secs() => {
                self.put_lock(bucket, pinned, wanted).await?;
                self.lock_of(bucket, pinned).await?
            }
            Some(held) => Some(held),
            None => {
                if let Err(error) = self.put_lock(bucket, pinned, wanted).await {
                    tracing::debug!(%error, key = pinned.key, "it can not be locked later");
                }
                self.lock_of(bucket, pinned).await?
            }
        };
        match why_not_locked(wanted, held.as_ref()) {
            None => Ok(()),
            Some(why) => Err(ProviderError::new(
                ErrorKind::Unsupported,
                LOCK.operation,
                format!("{:?} is stored, but {why}", pinned.key),
            )),
        }
    }

    async fn lock_of(&self, bucket: &str, pinned: &Pinned) -> Result<Option<Held>, ProviderError> {
        let version = pinned.version.clone();
        let stored = patiently(|| self.head(bucket, &pinned.key, version.clone())).await?;
        if version.is_some() && stored.version != version {
            return Err(ProviderError::new(
                ErrorKind::Conflict,
                LOCK.operation,
                format!(
                    "another version of {:?} came than was asked for",
                    pinned.key
                ),
            ));
        }
        Ok(stored.lock)
    }

    async fn put_lock(
        &self,
        bucket: &str,
        pinned: &Pinned,
        wanted: &Held,
    ) -> Result<(), ProviderError> {
        let mode = if wanted.mode == ObjectLockMode::Compliance {
            ObjectLockRetentionMode::Compliance
        } else {
            ObjectLockRetentionMode::Governance
        };
        let retention = ObjectLockRetention::builder()
            .mode(mode)
            .retain_until_date(wanted.until)
            .build();
        patiently(|| async {
            let answer = self
                .client
                .put_object_retention()
                .bucket(bucket)
                .key(&pinned.key)
                .set_version_id(pinned.version.clone())
                .retention(retention.clone())
                .expected_bucket_owner(self.owner())
                // S3 wants a checksum with this call; which one is left to the SDK.
                .checksum_algorithm(aws_sdk_s3::types::ChecksumAlgorithm::Crc32)
                .send()
                .await;
            error::read(LOCK, answer).map(drop)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_missing_weaker_or_shorter_is_none() {
        let held = |mode, secs| Held {
            mode,
            until: DateTime::from_secs(secs),
        };
        let wanted = held(ObjectLockMode::Compliance, 100);
        let why = |is: Option<Held>| why_not_locked(&wanted, is.as_ref());
        assert_eq!(why(Some(held(ObjectLockMode::Compliance, 100))), None);
        assert_eq!(why(Some(held(ObjectLockMode::Compliance, 101))), None);
        assert!(why(None).unwrap().contains("does not keep it"));
        assert!(
            why(Some(held(ObjectLockMode::Governance, 100)))
                .unwrap()
                .contains("GOVERNANCE")
        );
        assert!(
            why(Some(held(ObjectLockMode::Compliance, 99)))
                .unwrap()
                .contains("only until")
        );
    }
}
