//! A finished archive beside its source as it is now.

use deprovision_core::provider::Manifest;
use deprovision_core::resource::DatasetId;

use crate::s3::copy_in::Objects;

/// What a finished archive is to the source as it is now.
pub(crate) enum Compared {
    Same,
    /// It may be replaced: the source has all that it has, or newer.
    Older,
    /// It must not be replaced.
    Precious(String),
}

pub(crate) fn compare(finished: &Manifest, source: &DatasetId, objects: &Objects) -> Compared {
    if finished.source != *source {
        return Compared::Precious(format!(
            "this is an archive of {}; use the id that Archiver::archive_of gives",
            finished.source
        ));
    }
    let gone = finished
        .objects
        .keys()
        .find(|name| !objects.contains_key(*name));
    if let Some(gone) = gone {
        return Compared::Precious(format!(
            "the finished archive holds {gone:?}, which the source has no longer: it may be the only copy, and is not replaced; discard the archive first if it is not wanted"
        ));
    }
    let same = finished.objects.len() == objects.len()
        && objects.iter().all(|(name, info)| {
            finished
                .objects
                .get(name)
                .is_some_and(|entry| entry.length == info.length && entry.version == info.version)
        });
    if same {
        Compared::Same
    } else {
        Compared::Older
    }
}
