//! The client, and the account that every request is meant for.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use deprovision_core::provider::{ErrorKind, ProviderError};

use crate::error;
use crate::s3::calls::{BUCKET_LOCK, BUCKET_VERSIONING};
use crate::s3::options::UploadList;
use crate::s3::uploads::Dropping;
use crate::s3::{S3Error, S3Place};
use crate::scope::Scope;

/// A client with its scope.
#[derive(Debug, Clone)]
pub(crate) struct S3 {
    pub(crate) client: Client,
    pub(crate) scope: Scope,
    pub(crate) uploads: UploadList,
    pub(crate) dropping: Dropping,
}

/// Whether a bucket keeps what is overwritten or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versioning {
    Never,
    Enabled,
    /// Versions of before are still there; new objects have the version id `null`.
    Suspended,
}

impl S3 {
    pub(crate) fn new(client: &Client, scope: Scope) -> Result<Self, S3Error> {
        let region = client.config().region().map(ToString::to_string);
        if region.as_deref() != Some(scope.region()) {
            return Err(S3Error::Region {
                client: region.unwrap_or_else(|| "no region".to_owned()),
                scope: scope.region().to_owned(),
            });
        }
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            // Every upload brings its own checksum, and what is read back is hashed
            // by us: the SDK would do both a second time.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Ok(Self {
            client: Client::from_conf(config),
            scope,
            uploads: UploadList::Offered,
            dropping: Dropping::default(),
        })
    }

    /// The same for a server that may not tell which uploads were begun.
    pub(crate) fn with_uploads(mut self, uploads: UploadList) -> Self {
        self.uploads = uploads;
        self
    }

    /// What goes into `ExpectedBucketOwner` of every request: S3 refuses it with 403
    /// when somebody else owns the bucket.
    pub(crate) fn owner(&self) -> &str {
        self.scope.account()
    }

    /// Whether a bucket has versions.
    pub(crate) async fn versioning(&self, place: &S3Place) -> Result<Versioning, ProviderError> {
        use aws_sdk_s3::types::BucketVersioningStatus as Status;
        let answer = self
            .client
            .get_bucket_versioning()
            .bucket(place.bucket())
            .expected_bucket_owner(self.owner())
            .send()
            .await;
        let answer = match error::read(BUCKET_VERSIONING, answer) {
            Ok(answer) => answer,
            // A server that does not offer the call has no versions.
            Err(error) if *error.kind() == ErrorKind::Unsupported => return Ok(Versioning::Never),
            Err(error) => return Err(error),
        };
        match answer.status() {
            None => Ok(Versioning::Never),
            Some(Status::Enabled) => Ok(Versioning::Enabled),
            Some(Status::Suspended) => Ok(Versioning::Suspended),
            Some(other) => Err(ProviderError::new(
                ErrorKind::Unsupported,
                BUCKET_VERSIONING.operation,
                format!("the versioning of {place} is {other}, which is not known here"),
            )),
        }
    }

    /// Whether a bucket can lock objects.
    pub(crate) async fn can_lock(&self, place: &S3Place) -> Result<bool, ProviderError> {
        use aws_sdk_s3::types::ObjectLockEnabled;
        let answer = self
            .client
            .get_object_lock_configuration()
            .bucket(place.bucket())
            .expected_bucket_owner(self.owner())
            .send()
            .await;
        match error::read(BUCKET_LOCK, answer) {
            Ok(answer) => Ok(answer
                .object_lock_configuration()
                .and_then(|configuration| configuration.object_lock_enabled())
                == Some(&ObjectLockEnabled::Enabled)),
            Err(error) if *error.kind() == ErrorKind::Unsupported => Ok(false),
            // AWS: ObjectLockConfigurationNotFoundError, when the bucket has none.
            Err(error) if *error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
