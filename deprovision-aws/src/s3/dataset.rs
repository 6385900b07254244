//! Buckets as datasets.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ByteStream, DatasetReader, ErrorKind, ObjectInfo, ProviderError};
use deprovision_core::resource::DatasetId;
use deprovision_core::time::Timestamp;

use crate::error::invalid;
use crate::s3::client::S3;
use crate::s3::listing::HowMuch;
use crate::s3::read::Pinned;
use crate::s3::version::Mark;
use crate::s3::{S3Error, S3Place, names};
use crate::scope::Scope;

/// The provider part of references to buckets.
pub(crate) const PROVIDER: &str = "aws-s3";

/// Buckets, or parts of them, as datasets: `aws-s3:<account>:<region>:<bucket>` or
/// `aws-s3:<account>:<region>:<bucket>/<prefix>/`.
///
/// An object's version is S3's version id. In a bucket without versions it is the
/// entity tag with the time of the last change: two contents of one object can only be
/// mistaken for one another when S3 gives both the same tag within the same second.
///
/// Objects are what a reader of the bucket sees. Versions below them and below delete
/// markers are no objects; [`S3Eraser`](crate::s3::S3Eraser) does not erase a dataset
/// that has such. A key that is no relative path (`/a`, `a//b`, `a/../b`, and `a/` as
/// the folders that consoles make) and one with control characters is an error.
///
/// Every request names the account as `ExpectedBucketOwner`: a bucket that somebody
/// else owns by now is refused by S3.
#[derive(Debug, Clone)]
pub struct S3Datasets {
    pub(crate) s3: S3,
}

impl S3Datasets {
    /// The buckets of an account in a region. The client's own retries are switched off.
    ///
    /// # Errors
    /// [`S3Error::Region`] when the client is of another region.
    pub fn new(client: &Client, scope: Scope) -> Result<Self, S3Error> {
        Ok(Self {
            s3: S3::new(client, scope)?,
        })
    }

    /// The account and the region.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.s3.scope
    }

    /// The reference to a place as a dataset.
    ///
    /// # Errors
    /// When the place can not stand in a reference: it is longer than 1024 bytes.
    pub fn dataset(&self, place: &S3Place) -> Result<DatasetId, ProviderError> {
        self.s3
            .scope
            .locator(PROVIDER, &place.to_string())
            .map(DatasetId::new)
    }

    /// The place of a dataset of ours.
    pub(crate) fn place_of(
        &self,
        operation: &str,
        id: &DatasetId,
    ) -> Result<S3Place, ProviderError> {
        let name = self.s3.scope.ours(operation, PROVIDER, id.locator())?;
        S3Place::parse(name)
            .map_err(|error| invalid(operation, format!("{id} is no bucket: {error}")))
    }

    /// The bytes of an object, in the version that it was listed with.
    pub(crate) async fn open_listed(
        &self,
        id: &DatasetId,
        name: &str,
        version: &str,
    ) -> Result<ByteStream, ProviderError> {
        let operation = "open an object";
        let key = self.key_of(operation, id, name)?;
        let (version, etag) = match Mark::parse(version) {
            Some(Mark::Version(id)) => (Some(id), String::new()),
            Some(Mark::Etag { etag, .. }) => (None, etag),
            None => {
                return Err(invalid(
                    operation,
                    format!("{version:?} is no version of an object in S3"),
                ));
            }
        };
        let place = self.place_of(operation, id)?;
        let pinned = Pinned { key, version, etag };
        let (body, _) = self.s3.get(place.bucket(), &pinned).await?;
        Ok(Box::pin(body.into_async_read()))
    }

    fn key_of(&self, operation: &str, id: &DatasetId, name: &str) -> Result<String, ProviderError> {
        let place = self.place_of(operation, id)?;
        match names::why_not(name) {
            None => Ok(place.key(name)),
            Some(why) => Err(ProviderError::new(
                ErrorKind::Invalid,
                operation,
                format!("{name:?} is no object: {why}"),
            )),
        }
    }
}

#[async_trait]
impl DatasetReader for S3Datasets {
    async fn objects(
        &self,
        id: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        let place = self.place_of("list a bucket", id)?;
        let as_of = Timestamp::now();
        let listing = self.s3.list(&place, HowMuch::All).await?;
        let objects = listing
            .current
            .iter()
            .map(|(name, found)| (name.clone(), found.info()))
            .collect();
        Ok(Observation::complete(objects, as_of))
    }

    async fn open(&self, id: &DatasetId, name: &str) -> Result<ByteStream, ProviderError> {
        let operation = "open an object";
        let key = self.key_of(operation, id, name)?;
        let place = self.place_of(operation, id)?;
        let body = self.s3.get_current(place.bucket(), &key).await?;
        Ok(Box::pin(body.into_async_read()))
    }
}
