//! Removing an archive when its retirement is called off.

use deprovision_core::observation::Observation;
use deprovision_core::provider::{Outcome, ProviderError};
use deprovision_core::resource::ArchiveId;
use deprovision_core::time::Timestamp;

use crate::s3::archive_reader::{Finished, Seen};
use crate::s3::delete::Doomed;
use crate::s3::listing::HowMuch;
use crate::s3::manifest_file::MANIFEST;
use crate::s3::{S3Archive, S3Place};

impl S3Archive {
    /// Removes an archive, unless it is locked or holds what the source no longer has.
    pub(crate) async fn remove_archive(
        &self,
        operation: &str,
        id: &ArchiveId,
    ) -> Result<Outcome, ProviderError> {
        let place = self.place_of(operation, id)?;
        match self.look(operation, id).await? {
            Seen::Nothing => return Ok(Outcome::done(format!("{place} was not there"))),
            Seen::Unfinished => {}
            Seen::Finished(finished) => {
                if let Some(why) = self.why_kept(operation, &finished).await? {
                    return Ok(Outcome::not_done(why));
                }
            }
        }
        self.inner.s3.abort_all(&place).await?;
        self.remove_all(&place).await
    }

    /// Why a finished archive has to stay.
    async fn why_kept(
        &self,
        operation: &str,
        finished: &Finished,
    ) -> Result<Option<String>, ProviderError> {
        if let Some(lock) = &finished.contents.lock
            && lock.until > Timestamp::now()
        {
            return Ok(Some(format!(
                "it is locked in mode {} until {}; discard it then, or let a lifecycle rule of the bucket do that",
                lock.mode, lock.until
            )));
        }
        let manifest = &finished.contents.manifest;
        self.inner.source.check(operation, &manifest.source)?;
        let seen = self.inner.source.reader().objects(&manifest.source).await?;
        if let Some(doubt) = seen.doubt() {
            return Ok(Some(format!(
                "whether the source still has what it holds is not known: {doubt}"
            )));
        }
        let left = match seen {
            Observation::Known { value, .. } => value,
            Observation::Unknown { why } => return Ok(Some(why)),
        };
        let gone = manifest
            .objects
            .keys()
            .find(|object| !left.contains_key(*object));
        Ok(gone.map(|gone| {
            format!(
                "it holds {gone:?}, which the source has no longer: it may be the only copy; when it is really not wanted, remove it by hand"
            )
        }))
    }

    async fn remove_all(&self, place: &S3Place) -> Result<Outcome, ProviderError> {
        let s3 = &self.inner.s3;
        let listing = s3.list(place, HowMuch::All).await?;
        let key = place.key(MANIFEST);
        // The manifest first, the oldest version of it last: what is half removed must
        // not look whole. Markers after the versions, which would come to light again.
        let (mut manifest, mut rest): (Vec<_>, Vec<_>) =
            listing.versions().partition(|found| found.key == key);
        manifest.append(&mut rest);
        let mut doomed: Vec<Doomed> = manifest.into_iter().map(Doomed::from).collect();
        doomed.extend(listing.markers.iter().map(Doomed::from));
        Ok(match s3.remove(place, &doomed).await {
            Ok(_) => Outcome::done(format!("{place} is removed")),
            Err(stopped) if stopped.removed == 0 && !stopped.is_unsure => {
                Outcome::not_done(format!("nothing was removed: {}", stopped.error))
            }
            Err(stopped) => Outcome::unknown(format!(
                "{} of {} versions are removed: {}",
                stopped.removed,
                doomed.len(),
                stopped.error
            )),
        })
    }
}
