//! How archives are kept.

use aws_sdk_s3::types::{ObjectLockMode, StorageClass};

use crate::s3::S3Error;

/// 1 MiB in bytes.
const MIB: u64 = 1 << 20;

/// No part but the last may be smaller
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const SMALLEST_PART: u64 = 5 * MIB;

/// How archives are kept from change, encrypted, stored and sent.
///
/// ```
/// use deprovision_aws::s3::{ArchiveLock, ArchiveOptions};
/// let month = ArchiveOptions::new().lock(ArchiveLock::governance(30)?);
/// # Ok::<(), deprovision_aws::s3::S3Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    pub(crate) lock: ArchiveLock,
    pub(crate) kms_key: Option<String>,
    pub(crate) storage: ArchiveStorage,
    pub(crate) memory: u64,
    pub(crate) part_size: u64,
    pub(crate) objects_at_once: usize,
    pub(crate) uploads: UploadList,
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ArchiveOptions {
    /// Locked in governance mode for 90 days, encrypted as the bucket says, in the
    /// standard storage class, with up to 24 MiB of objects in memory.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lock: ArchiveLock(Lock::Governance { days: 90 }),
            kms_key: None,
            storage: ArchiveStorage::Standard,
            memory: 24 * MIB,
            part_size: 8 * MIB,
            objects_at_once: 64,
            uploads: UploadList::Offered,
        }
    }

    /// How archives are kept from change.
    #[must_use]
    pub fn lock(mut self, lock: ArchiveLock) -> Self {
        self.lock = lock;
        self
    }

    /// Encrypts under a key of KMS, by its ARN, instead of as the bucket says.
    #[must_use]
    pub fn kms_key(mut self, arn: impl Into<String>) -> Self {
        self.kms_key = Some(arn.into());
        self
    }

    /// In which storage class.
    #[must_use]
    pub fn storage(mut self, storage: ArchiveStorage) -> Self {
        self.storage = storage;
        self
    }

    /// How many bytes of objects are held in memory at most; 24 MiB otherwise. An
    /// object has at most 10,000 parts, and a part is held whole, so that the longest
    /// object is 10,000 times as long: 234 GiB with 24 MiB. Longer ones need more, up
    /// to 525 MiB for the 5 TiB that S3 takes.
    ///
    /// # Errors
    /// [`S3Error::Option`] when it is less than a part.
    pub fn memory(mut self, bytes: u64) -> Result<Self, S3Error> {
        if bytes < self.part_size {
            return Err(S3Error::Option {
                option: "memory",
                value: bytes,
                why: "a part must fit in; make the parts smaller first",
            });
        }
        self.memory = bytes.min(1 << 40);
        Ok(self)
    }

    /// The size of the parts in which long objects are sent; 8 MiB otherwise. Objects
    /// that need more than 10,000 of them are sent in larger ones.
    ///
    /// # Errors
    /// [`S3Error::Option`] when it is less than 5 MiB, or more than the memory.
    pub fn part_size(mut self, bytes: u64) -> Result<Self, S3Error> {
        if bytes < SMALLEST_PART || bytes > self.memory {
            return Err(S3Error::Option {
                option: "part size",
                value: bytes,
                why: "S3 takes no parts below 5 MiB, and a part must fit into the memory",
            });
        }
        self.part_size = bytes;
        Ok(self)
    }

    /// How many objects are sent at once at most; 64 otherwise, at least 1.
    #[must_use]
    pub fn objects_at_once(mut self, objects: usize) -> Self {
        self.objects_at_once = objects.max(1);
        self
    }

    /// For a server that has no `ListMultipartUploads`; AWS has it. A long object then
    /// starts anew after a crash, and the parts that a process left when it died stay
    /// until the server drops them, for nobody can find them again. Without this, such
    /// a server is refused.
    #[must_use]
    pub fn without_a_list_of_uploads(mut self) -> Self {
        self.uploads = UploadList::NotOffered;
        self
    }
}

/// Whether a server tells which uploads in parts were begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadList {
    Offered,
    NotOffered,
}

/// How archives are kept from change
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLock(pub(crate) Lock);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    None,
    Governance { days: u32 },
    Compliance { days: u32 },
}

impl ArchiveLock {
    /// No lock: whoever may delete objects of the bucket may delete the archive. Only
    /// for where the policy allows an archive without one.
    #[must_use]
    pub fn none_as_the_policy_allows() -> Self {
        Self(Lock::None)
    }

    /// Locked for so many days against everybody who has no
    /// `s3:BypassGovernanceRetention`.
    ///
    /// # Errors
    /// [`S3Error::Option`] for 0 and for more than 100 years, which S3 refuses.
    pub fn governance(days: u32) -> Result<Self, S3Error> {
        Ok(Self(Lock::Governance {
            days: checked(days)?,
        }))
    }

    /// Locked for so many days against everybody: no one, the root user and AWS
    /// included, can delete the archive or stop its costs before.
    ///
    /// ```
    /// use deprovision_aws::s3::ArchiveLock;
    /// assert!(ArchiveLock::compliance(30, "yes").is_err());
    /// assert!(ArchiveLock::compliance(30, "nobody can delete it for 30 days").is_ok());
    /// ```
    ///
    /// # Errors
    /// [`S3Error::NotConfirmed`] when the confirmation is not typed as above, with the
    /// same days; [`S3Error::Option`] as for [`governance`](Self::governance).
    pub fn compliance(days: u32, confirmation: &str) -> Result<Self, S3Error> {
        let days = checked(days)?;
        let wanted = format!("nobody can delete it for {days} days");
        if confirmation == wanted {
            Ok(Self(Lock::Compliance { days }))
        } else {
            Err(S3Error::NotConfirmed(wanted))
        }
    }

    /// S3's mode and the days.
    pub(crate) fn mode(self) -> Option<(ObjectLockMode, u32)> {
        match self.0 {
            Lock::None => None,
            Lock::Governance { days } => Some((ObjectLockMode::Governance, days)),
            Lock::Compliance { days } => Some((ObjectLockMode::Compliance, days)),
        }
    }
}

fn checked(days: u32) -> Result<u32, S3Error> {
    if (1..=36_500).contains(&days) {
        Ok(days)
    } else {
        Err(S3Error::Option {
            option: "days",
            value: u64::from(days),
            why: "S3 locks for 1 day to 100 years",
        })
    }
}

/// The storage class of archives. Only such whose objects are read at once: an archive
/// is read back before its source is erased, and a copy that takes hours to come back
/// is no copy in an emergency. A lifecycle rule may move it elsewhere later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveStorage {
    /// `STANDARD`.
    Standard,
    /// `STANDARD_IA`.
    StandardInfrequentAccess,
    /// `INTELLIGENT_TIERING`.
    IntelligentTiering,
    /// `GLACIER_IR`: read at once, unlike the other classes of Glacier.
    GlacierInstantRetrieval,
}

impl ArchiveStorage {
    /// `None` for the default, which servers that know no classes take as well.
    pub(crate) fn class(self) -> Option<StorageClass> {
        match self {
            Self::Standard => None,
            Self::StandardInfrequentAccess => Some(StorageClass::StandardIa),
            Self::IntelligentTiering => Some(StorageClass::IntelligentTiering),
            Self::GlacierInstantRetrieval => Some(StorageClass::GlacierIr),
        }
    }
}
