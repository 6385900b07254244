//! Removing versions of objects, many at once.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use deprovision_core::provider::{ErrorKind, ProviderError};

use crate::error::{self, Failed};
use crate::s3::S3Place;
use crate::s3::calls::DELETE;
use crate::s3::client::S3;
use crate::s3::listing::{Found, Marker};

/// How many one request takes at most.
const AT_ONCE: usize = 1000;

/// What is to be removed: always one version, never what a key happens to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doomed {
    key: String,
    version: Option<String>,
    etag: Option<String>,
}

impl From<&Found> for Doomed {
    fn from(found: &Found) -> Self {
        let is_pinned = found.version.as_deref().is_some_and(|id| id != "null");
        Self {
            key: found.key.clone(),
            version: found.version.clone(),
            // What can be overwritten is removed only if it was not.
            etag: (!is_pinned).then(|| found.etag.clone()),
        }
    }
}

impl From<&Marker> for Doomed {
    fn from(marker: &Marker) -> Self {
        Self {
            key: marker.key.clone(),
            version: Some(marker.version.clone()),
            etag: None,
        }
    }
}

/// Removing stopped.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// How many were certainly removed before.
    pub(crate) removed: usize,
    /// Whether more may have been removed than that.
    pub(crate) is_unsure: bool,
    pub(crate) error: ProviderError,
}

impl S3 {
    /// Removes versions; gives how many. Some that are gone already are no trouble.
    pub(crate) async fn remove(
        &self,
        place: &S3Place,
        doomed: &[Doomed],
    ) -> Result<usize, Box<Stopped>> {
        let mut removed = 0usize;
        for batch in doomed.chunks(AT_ONCE) {
            match self.remove_batch(place, batch).await {
                Ok(()) => removed += batch.len(),
                Err(mut stopped) => {
                    stopped.removed += removed;
                    return Err(stopped);
                }
            }
        }
        Ok(removed)
    }

    async fn remove_batch(&self, place: &S3Place, batch: &[Doomed]) -> Result<(), Box<Stopped>> {
        let stopped = |removed, is_unsure, error| {
            Box::new(Stopped {
                removed,
                is_unsure,
                error,
            })
        };
        let identifiers: Result<Vec<ObjectIdentifier>, _> = batch
            .iter()
            .map(|doomed| {
                ObjectIdentifier::builder()
                    .key(&doomed.key)
                    .set_version_id(doomed.version.clone())
                    .set_e_tag(doomed.etag.clone())
                    .build()
            })
            .collect();
        let delete = identifiers
            .and_then(|objects| {
                Delete::builder()
                    .set_objects(Some(objects))
                    .quiet(false)
                    .build()
            })
            .map_err(|error| {
                let error =
                    error::invalid(DELETE.operation, "an object without a key").with_source(error);
                stopped(0, false, error)
            })?;
        let answer = self
            .client
            .delete_objects()
            .bucket(place.bucket())
            .delete(delete)
            .expected_bucket_owner(self.owner())
            .send()
            .await
            .map_err(|error| match Failed::of(DELETE, &error) {
                Failed::Refused(error) => stopped(0, false, error),
                Failed::Unsure(error) => stopped(0, true, error),
            })?;
        // One answer of 200 holds a result for each object, errors among them.
        let asked: BTreeSet<(&str, Option<&str>)> = batch
            .iter()
            .map(|doomed| (doomed.key.as_str(), doomed.version.as_deref()))
            .collect();
        let gone: BTreeSet<_> = answer
            .deleted()
            .iter()
            .filter_map(|gone| {
                // Of a removed marker some servers tell the id only there.
                let version = gone.version_id().or(gone.delete_marker_version_id());
                Some((gone.key()?, version))
            })
            .filter(|gone| asked.contains(gone))
            .collect();
        let removed = gone.len();
        if let Some(refused) = answer
            .errors()
            .iter()
            .find(|refused| !is_gone(refused.code()))
        {
            let code = refused.code().unwrap_or("no code");
            let what = format!(
                "{:?} and {} more are not removed",
                refused.key().unwrap_or_default(),
                answer.errors().len().saturating_sub(1),
            );
            let error = error::coded(DELETE, code, &what);
            return Err(stopped(removed, false, error));
        }
        if removed + answer.errors().len() < batch.len() {
            let error = ProviderError::new(
                ErrorKind::Transient,
                DELETE.operation,
                format!(
                    "S3 answered for {removed} of {} objects; look again and go on",
                    batch.len()
                ),
            );
            return Err(stopped(removed, true, error));
        }
        Ok(())
    }
}

fn is_gone(code: Option<&str>) -> bool {
    matches!(code, Some("NoSuchKey" | "NoSuchVersion"))
}
