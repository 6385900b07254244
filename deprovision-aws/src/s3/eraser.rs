//! Erasing the objects of a bucket.

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use deprovision_core::permit::EraseWarrant;
use deprovision_core::provider::{Eraser, Manifest, Outcome, ProviderError};
use deprovision_core::resource::ArchiveId;

use crate::s3::archive;
use crate::s3::archiver::in_time;
use crate::s3::client::S3;
use crate::s3::delete::Doomed;
use crate::s3::listing::{Found, HowMuch, Listing};
use crate::s3::{S3Datasets, S3Error, S3Place};
use crate::scope::Scope;

/// Erases the objects of [`S3Datasets`].
///
/// Before it removes the first one it compares all that is there, in all versions, with
/// the warrant's manifest. A new or changed object stops it. So does any version below
/// a newer one or below a delete marker that the manifest does not list: it is data
/// which the archive does not hold, and it would come to light again as the current
/// version once the one above it is gone. Remove such versions first, by hand or by a
/// lifecycle rule `NoncurrentVersionExpiration`.
///
/// Every version is removed by its id, so that nothing is left below a delete marker
/// and what was written meanwhile stays. Without versions an object is removed on
/// condition of its entity tag, which S3 checks, but not every other server. Delete
/// markers over what is erased go last. Then all is listed again.
///
/// It never bypasses a lock: an object of the source that is locked or under legal hold
/// stops it.
#[derive(Debug, Clone)]
pub struct S3Eraser {
    datasets: S3Datasets,
}

impl S3Eraser {
    /// An eraser of buckets of an account in a region. The client's own retries are
    /// switched off.
    ///
    /// # Errors
    /// [`S3Error::Region`] when the client is of another region.
    pub fn new(client: &Client, scope: Scope) -> Result<Self, S3Error> {
        Ok(Self {
            datasets: S3Datasets::new(client, scope)?,
        })
    }

    pub(crate) fn datasets(&self) -> &S3Datasets {
        &self.datasets
    }

    async fn erase_place(
        &self,
        place: &S3Place,
        manifest: &Manifest,
        begun: &mut usize,
    ) -> Result<Outcome, ProviderError> {
        let s3 = &self.datasets.s3;
        let listing = s3.list(place, HowMuch::All).await?;
        let doomed = match doomed_by(place, &listing, manifest) {
            Ok(doomed) => doomed,
            Err(why) => return Ok(Outcome::not_done(format!("nothing was erased: {why}"))),
        };
        let versions: Vec<Doomed> = doomed.into_iter().map(Doomed::from).collect();
        *begun = versions.len();
        if let Err(stopped) = s3.remove(place, &versions).await {
            if stopped.removed == 0 && !stopped.is_unsure {
                return Ok(Outcome::not_done(format!(
                    "nothing was erased: {}",
                    stopped.error
                )));
            }
            return Ok(Outcome::unknown(format!(
                "{} of {} versions are erased, then it stopped: {}",
                stopped.removed,
                versions.len(),
                stopped.error
            )));
        }
        self.finish(s3, place, manifest, versions.len()).await
    }

    /// Looks at what is left: nothing but delete markers, of which ours go as well.
    async fn finish(
        &self,
        s3: &S3,
        place: &S3Place,
        manifest: &Manifest,
        erased: usize,
    ) -> Result<Outcome, ProviderError> {
        let unseen =
            |error: ProviderError| Outcome::unknown(format!("what is left was not seen: {error}"));
        let left = match s3.list(place, HowMuch::All).await {
            Ok(left) => left,
            Err(error) => return Ok(unseen(error)),
        };
        if let Some(found) = left.versions().next() {
            return Ok(Outcome::unknown(format!(
                "{:?} is there after all was erased: it is new, or the server did not remove it",
                found.key
            )));
        }
        let keys: HashSet<String> = manifest
            .objects
            .keys()
            .map(|name| place.key(name))
            .collect();
        let markers: Vec<Doomed> = left
            .markers
            .iter()
            .filter(|marker| keys.contains(&marker.key))
            .map(Doomed::from)
            .collect();
        if let Err(stopped) = s3.remove(place, &markers).await {
            return Ok(Outcome::unknown(format!(
                "all objects are erased, but not all delete markers over them: {}",
                stopped.error
            )));
        }
        match s3.list(place, HowMuch::All).await {
            Ok(left) if left.versions().next().is_none() => Ok(Outcome::done(format!(
                "{erased} objects erased now, {} in all; {} delete markers of others stay",
                manifest.objects.len(),
                left.markers.len()
            ))),
            Ok(_) => Ok(Outcome::unknown("new objects appeared while it was erased")),
            Err(error) => Ok(unseen(error)),
        }
    }
}

#[async_trait]
impl Eraser for S3Eraser {
    async fn erase(&self, warrant: &EraseWarrant<'_>) -> Result<Outcome, ProviderError> {
        let operation = "erase a bucket";
        let id = warrant.archive().dataset();
        let place = match self.datasets.place_of(operation, id) {
            Ok(place) => place,
            Err(elsewhere) => return Ok(Outcome::not_done(elsewhere.to_string())),
        };
        if lies_in(warrant.archive().archive(), &place) {
            return Ok(Outcome::not_done(format!(
                "the archive {} lies in the data {place}, and would be erased with it; archive into another bucket",
                warrant.archive().archive()
            )));
        }
        let mut begun = 0;
        let work = self.erase_place(&place, warrant.archive().manifest(), &mut begun);
        if let Some(outcome) = in_time(warrant.permit(), work).await {
            return outcome;
        }
        Ok(if begun == 0 {
            Outcome::not_done("nothing was erased: the time of the call is over")
        } else {
            Outcome::unknown("the time of the call was over while it was erased; erase again")
        })
    }
}

/// Whether an archive lies where the data is.
fn lies_in(archive: &ArchiveId, data: &S3Place) -> bool {
    let locator = archive.locator();
    locator.provider().as_str() == archive::PROVIDER
        && S3Place::parse(&format!("{}/", locator.name()))
            .map_or(true, |archive| archive.overlaps(data))
}

/// The versions that the manifest lists and that are still there; or why what is there
/// is not what the manifest lists.
fn doomed_by<'a>(
    place: &S3Place,
    listing: &'a Listing,
    manifest: &Manifest,
) -> Result<Vec<&'a Found>, String> {
    let listed = |found: &Found| {
        let name = found.key.strip_prefix(place.prefix())?;
        manifest.objects.get(name)
    };
    for (name, found) in &listing.current {
        match listed(found) {
            None => return Err(format!("{name:?} is not in the archive; archive again")),
            Some(entry) if entry.length != found.length || entry.version != found.mark.text() => {
                return Err(format!("{name:?} has changed; archive again"));
            }
            Some(_) => {}
        }
    }
    let unlisted: Vec<&Found> = listing
        .older
        .iter()
        .filter(|found| {
            listed(found).is_none_or(|entry| {
                entry.length != found.length || entry.version != found.mark.text()
            })
        })
        .collect();
    if let Some(first) = unlisted.first() {
        return Err(format!(
            "{} versions below newer ones or below delete markers are not in the archive, the first of them of {:?}; remove them, by hand or by a lifecycle rule, and erase again",
            unlisted.len(),
            first.key
        ));
    }
    Ok(listing.versions().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_in_the_data_is_noticed() {
        let data = |text| S3Place::parse(text).unwrap();
        let archive: ArchiveId = "aws-s3-archive:1:r:bucket/archives/r/d".parse().unwrap();
        for inside in ["bucket", "bucket/archives/", "bucket/archives/r/d/x/"] {
            assert!(lies_in(&archive, &data(inside)), "{inside}");
        }
        for outside in ["other", "bucket/data/", "bucket/archives/r/e/"] {
            assert!(!lies_in(&archive, &data(outside)), "{outside}");
        }
        let elsewhere: ArchiveId = "dir-archive:shop:local:a-b".parse().unwrap();
        assert!(!lies_in(&elsewhere, &data("bucket")));
    }
}
