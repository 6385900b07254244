//! The archives in a bucket: where they lie and what they are called.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use deprovision_core::digest::Digest;
use deprovision_core::id::RetirementId;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{ArchiveId, DatasetId};

use crate::error::invalid;
use crate::s3::archive_reader::Finished;
use crate::s3::client::S3;
use crate::s3::memory::Memory;
use crate::s3::{ArchiveOptions, ArchiveSource, S3Error, S3Place};
use crate::scope::Scope;

/// The provider part of references to archives.
pub(crate) const PROVIDER: &str = "aws-s3-archive";

/// The part of an archive's keys that its objects have.
pub(crate) const OBJECTS: &str = "objects";

/// How many hexadecimal digits of a digest stand in names.
const DIGITS: usize = 32;

/// Archives in a bucket: `aws-s3-archive:<account>:<region>:<bucket>/<prefix>/<retirement>/<digest>`.
///
/// ```text
/// <prefix>/<retirement>/<digest>/objects/<sha256>   the bytes of one object
/// <prefix>/<retirement>/<digest>/manifest.json      what they are; written last
/// ```
///
/// An object's key is the SHA-256 of its name, version and length in the source: names
/// never become keys, and two versions of one object never meet. The bytes are those of
/// the source, so that `aws s3 cp` and `sha256sum` read them without this library. The
/// manifest pins the version id (or, without versions, the entity tag) of every object:
/// what is put over it later is not read.
///
/// Every object is sent with a checksum that S3 verifies, on condition that nothing is
/// under its key, and locked by S3's Object Lock as it arrives. Every lock is read back:
/// a server that takes it and does not keep it is refused. The archive's bucket must
/// have been made with Object Lock; without a lock
/// ([`ArchiveLock::none_as_the_policy_allows`](crate::s3::ArchiveLock::none_as_the_policy_allows))
/// any bucket will do.
///
/// Archiving stops at the end of its permit's time. The next call reads the source from
/// its start, hashes all of it again, and sends what is not there yet; one call must
/// last at least as long as reading the dataset takes. Uploads in parts that were begun
/// are finished or dropped: when archiving fails, before it returns; when its future is
/// dropped, behind the caller's back, as soon as the parts on their way have landed; when
/// the process dies, by the next call. A lifecycle rule `AbortIncompleteMultipartUpload`
/// on the bucket is advised all the same, for when nobody calls again.
///
/// Not kept: metadata, tags, access lists, and versions below the current one.
#[derive(Debug, Clone)]
pub struct S3Archive {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) s3: S3,
    pub(crate) source: ArchiveSource,
    pub(crate) place: S3Place,
    pub(crate) scratch: S3Place,
    pub(crate) options: ArchiveOptions,
    pub(crate) memory: Memory,
    /// The manifest that was looked at last: reading an archive back opens its objects
    /// one by one, all of them as this manifest pins them.
    pub(crate) seen: Mutex<Option<(ArchiveId, Arc<Finished>)>>,
}

impl S3Archive {
    /// Archives of a source, below a place. Copies for comparison are restored below
    /// `scratch`: its bucket should lock nothing by default, or they stay as long.
    ///
    /// # Errors
    /// [`S3Error`] when the client is of another region than the scope, or when the two
    /// places lie in one another.
    pub fn new(
        client: &Client,
        scope: Scope,
        source: impl Into<ArchiveSource>,
        place: S3Place,
        scratch: S3Place,
        options: ArchiveOptions,
    ) -> Result<Self, S3Error> {
        if place.overlaps(&scratch) {
            return Err(S3Error::Nested {
                one: place.to_string(),
                other: scratch.to_string(),
            });
        }
        Ok(Self {
            inner: Arc::new(Inner {
                s3: S3::new(client, scope)?.with_uploads(options.uploads),
                source: source.into(),
                place,
                scratch,
                memory: Memory::of(options.memory, options.part_size),
                options,
                seen: Mutex::new(None),
            }),
        })
    }

    /// What an archive of a dataset is called.
    pub(crate) fn name_for(
        &self,
        source: &DatasetId,
        retirement: &RetirementId,
    ) -> Result<ArchiveId, ProviderError> {
        let operation = "name an archive";
        self.inner.source.check(operation, source)?;
        if let Some(buckets) = self.inner.source.buckets() {
            self.keep_apart(operation, &buckets.place_of(operation, source)?)?;
        }
        let unique = Digest::of_value("deprovision/s3-archive-name/v1", &(source, retirement))
            .map_err(|error| invalid(operation, error.to_string()))?
            .to_hex();
        let readable: String = retirement
            .as_str()
            .chars()
            .map(|c| match c {
                c if c.is_ascii_alphanumeric() => c,
                _ => '-',
            })
            .take(60)
            .collect();
        let name = format!(
            "{}/{}{readable}/{}",
            self.inner.place.bucket(),
            self.inner.place.prefix(),
            unique.get(..DIGITS).unwrap_or(&unique)
        );
        self.inner
            .s3
            .scope
            .locator(PROVIDER, &name)
            .map(ArchiveId::new)
    }

    /// The place of an archive of ours.
    pub(crate) fn place_of(
        &self,
        operation: &str,
        id: &ArchiveId,
    ) -> Result<S3Place, ProviderError> {
        let inner = &self.inner;
        let name = inner.s3.scope.ours(operation, PROVIDER, id.locator())?;
        let (bucket, prefix) = (inner.place.bucket(), inner.place.prefix());
        let parts = name
            .strip_prefix(bucket)
            .and_then(|name| name.strip_prefix('/'))
            .and_then(|name| name.strip_prefix(prefix))
            .and_then(|name| name.split_once('/'));
        let is_plain =
            |part: &str, more: fn(u8) -> bool| !part.is_empty() && part.bytes().all(more);
        match parts {
            Some((retirement, digest))
                if is_plain(retirement, |b| b.is_ascii_alphanumeric() || b == b'-')
                    && is_plain(digest, |b| b.is_ascii_hexdigit())
                    && digest.len() == DIGITS =>
            {
                Ok(inner.place.below(&format!("{retirement}/{digest}")))
            }
            Some(_) | None => Err(invalid(
                operation,
                format!(
                    "{id} is no archive below {}; use the id that Archiver::archive_of gives",
                    inner.place
                ),
            )),
        }
    }

    /// Refuses data in which archives or scratch copies lie, or that lie in them.
    pub(crate) fn keep_apart(&self, operation: &str, data: &S3Place) -> Result<(), ProviderError> {
        let inner = &self.inner;
        if data.overlaps(&inner.place) {
            return Err(invalid(
                operation,
                format!(
                    "the data {data} and the archives {} lie in one another, and erasing the data would reach its archive; keep archives in another bucket",
                    inner.place
                ),
            ));
        }
        Ok(())
    }
}
