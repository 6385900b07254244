//! What archives are made of.

use std::fmt;
use std::sync::Arc;

use deprovision_core::provider::{ByteStream, DatasetReader, ObjectInfo, ProviderError};
use deprovision_core::resource::{DatasetId, Locator};

use crate::error::invalid;
use crate::s3::dataset::PROVIDER;
use crate::s3::{S3Datasets, S3Error};

/// The datasets that archives are made of: buckets, or whatever a reader reads.
#[derive(Clone)]
pub struct ArchiveSource {
    reader: Reader,
    provider: String,
    account: String,
    region: String,
}

#[derive(Clone)]
enum Reader {
    Buckets(S3Datasets),
    Any(Arc<dyn DatasetReader>),
}

impl ArchiveSource {
    /// The datasets that a reader reads: those of one provider, account and region, as
    /// their references name them. Others are refused.
    ///
    /// # Errors
    /// [`S3Error::Source`] when one of the names can not stand in a reference.
    pub fn of(
        reader: Arc<dyn DatasetReader>,
        provider: &str,
        account: &str,
        region: &str,
    ) -> Result<Self, S3Error> {
        if Locator::new(provider, account, region, "x").is_err() {
            let all = format!("{provider}:{account}:{region}");
            return Err(S3Error::Source(all.chars().take(80).collect()));
        }
        Ok(Self {
            reader: Reader::Any(reader),
            provider: provider.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
        })
    }

    pub(crate) fn reader(&self) -> &dyn DatasetReader {
        match &self.reader {
            Reader::Buckets(buckets) => buckets,
            Reader::Any(reader) => reader.as_ref(),
        }
    }

    /// The buckets, when it is made of buckets.
    pub(crate) fn buckets(&self) -> Option<&S3Datasets> {
        match &self.reader {
            Reader::Buckets(buckets) => Some(buckets),
            Reader::Any(_) => None,
        }
    }

    /// Refuses a dataset that the reader does not answer for.
    pub(crate) fn check(&self, operation: &str, id: &DatasetId) -> Result<(), ProviderError> {
        let of = id.locator();
        if of.provider().as_str() == self.provider
            && of.account() == self.account
            && of.region() == self.region
        {
            return Ok(());
        }
        Err(invalid(
            operation,
            format!(
                "{id} lives elsewhere; this archiver serves {}:{}:{}:…",
                self.provider, self.account, self.region
            ),
        ))
    }

    /// The bytes of an object as it was listed: pinned, where the source can do that.
    pub(crate) async fn open(
        &self,
        id: &DatasetId,
        name: &str,
        listed: &ObjectInfo,
    ) -> Result<ByteStream, ProviderError> {
        match &self.reader {
            Reader::Buckets(buckets) => buckets.open_listed(id, name, &listed.version).await,
            Reader::Any(reader) => reader.open(id, name).await,
        }
    }
}

impl From<S3Datasets> for ArchiveSource {
    fn from(buckets: S3Datasets) -> Self {
        Self {
            provider: PROVIDER.to_owned(),
            account: buckets.scope().account().to_owned(),
            region: buckets.scope().region().to_owned(),
            reader: Reader::Buckets(buckets),
        }
    }
}

impl fmt::Debug for ArchiveSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveSource")
            .field("provider", &self.provider)
            .field("account", &self.account)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
