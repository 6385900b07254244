//! From an archive into scratch, and away with both.

use std::ffi::OsStr;
use std::io;

use deprovision_core::provider::{Outcome, ProviderError};
use deprovision_core::resource::DatasetId;

use crate::directory::dataset::SCRATCH;
use crate::directory::listing::Listing;
use crate::directory::stop::Stop;
use crate::directory::stream::copy;
use crate::directory::{DirectoryArchive, manifest_file, names};
use crate::error::{invalid, io_error};
use crate::folder::Folder;

impl DirectoryArchive {
    /// Restores objects into a new scratch dataset beside the data.
    pub(crate) fn copy_out(
        &self,
        operation: &str,
        archive: &str,
        wanted: &[String],
        epoch: u64,
        stop: &Stop,
    ) -> Result<DatasetId, ProviderError> {
        let data = self.inner.source.root_folder(operation)?;
        let trouble = |error| io_error(operation, "the scratch folder", error);
        let all = data.make_folder(OsStr::new(SCRATCH)).map_err(trouble)?;
        remove_older(&all, archive, epoch).map_err(trouble)?;
        let name = format!("{archive}.{epoch}.{}", random().map_err(trouble)?);
        let id = self
            .inner
            .source
            .dataset(&format!("{SCRATCH}/{name}"))
            .map_err(|error| invalid(operation, error.to_string()))?;
        let scratch = all.make_folder(OsStr::new(&name)).map_err(trouble)?;
        let restored = wanted
            .iter()
            .try_for_each(|object| self.restore_one(operation, archive, object, &scratch, stop));
        match restored {
            Ok(()) => Ok(id),
            Err(error) => {
                // The first error is the one to report; leftovers go at the next restore.
                let _ = all.remove_all(OsStr::new(&name));
                Err(error)
            }
        }
    }

    fn restore_one(
        &self,
        operation: &str,
        archive: &str,
        object: &str,
        scratch: &Folder,
        stop: &Stop,
    ) -> Result<(), ProviderError> {
        if let Some(why) = names::why_not(object) {
            return Err(invalid(
                operation,
                format!("{object:?} is no object: {why}"),
            ));
        }
        let bytes = self.archived(operation, archive, object)?;
        let (folders, last) = names::split(object);
        let put = || -> io::Result<()> {
            let mut at = scratch.walk("")?;
            for part in folders.split('/').filter(|part| !part.is_empty()) {
                at = at.make_folder(OsStr::new(part))?;
            }
            // A name that is taken is a twin on a file system that does not tell
            // them apart; it is not overwritten.
            copy(bytes, at.create(OsStr::new(last))?, stop).map(drop)
        };
        put().map_err(|error| io_error(operation, &format!("restoring object {object:?}"), error))
    }

    /// Removes a scratch dataset, and refuses anything else.
    pub(crate) fn remove_scratch(
        &self,
        operation: &str,
        path: &str,
    ) -> Result<Outcome, ProviderError> {
        let name = path
            .strip_prefix(SCRATCH)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|name| is_scratch_name(name));
        let Some(name) = name else {
            return Err(invalid(
                operation,
                format!("{path:?} is not a scratch copy that a restore made"),
            ));
        };
        let data = self.inner.source.root_folder(operation)?;
        let trouble = |error| io_error(operation, "the scratch folder", error);
        if data.look(OsStr::new(SCRATCH)).map_err(trouble)?.is_some() {
            data.folder(OsStr::new(SCRATCH))
                .and_then(|all| all.remove_all(OsStr::new(name)))
                .map_err(trouble)?;
        }
        Ok(Outcome::done(format!("{name} is removed")))
    }

    /// Removes an archive, unless it holds what the source no longer has.
    pub(crate) fn remove_archive(
        &self,
        operation: &str,
        name: &str,
        stop: &Stop,
    ) -> Result<Outcome, ProviderError> {
        let root = self.root_folder(operation)?;
        let _lock = self.lock(operation, &root, name, stop.left() / 2)?;
        let Some(folder) = self.archive_folder(operation, &root, name)? else {
            return Ok(Outcome::done(format!("{name} was not there")));
        };
        if let Some(manifest) = self.manifest(operation, name, &folder)? {
            let path = self.inner.source.path_of(operation, &manifest.source)?;
            let left = Listing::of(&self.inner.source.folder_of(operation, path)?, operation)?;
            let gone = manifest
                .objects
                .keys()
                .find(|object| !left.objects.contains_key(*object));
            if let Some(gone) = gone {
                return Ok(Outcome::not_done(format!(
                    "it holds {gone:?}, which the source has no longer: it may be the only copy; when it is really not wanted, remove {} by hand",
                    self.root().join(name).display()
                )));
            }
        }
        // The manifest first: what is half removed must not look whole.
        let removed = folder
            .remove_file(OsStr::new(manifest_file::MANIFEST))
            .and_then(|()| folder.sync())
            .and_then(|()| root.remove_all(OsStr::new(name)))
            .and_then(|()| root.sync());
        Ok(match removed {
            Ok(()) => Outcome::done(format!("{name} is removed")),
            Err(error) => Outcome::unknown(format!("{name} is removed only partly: {error}")),
        })
    }
}

/// `<archive>.<epoch>.<random>`, as `copy_out` makes it.
fn is_scratch_name(name: &str) -> bool {
    parts(name).is_some()
}

fn parts(name: &str) -> Option<(&str, u64)> {
    let mut parts = name.split('.');
    let (archive, epoch, random) = (parts.next()?, parts.next()?, parts.next()?);
    let ours = parts.next().is_none()
        && archive.starts_with("a-")
        && !archive.contains('/')
        && random.len() == 16
        && random.bytes().all(|b| b.is_ascii_hexdigit());
    if ours {
        Some((archive, epoch.parse().ok()?))
    } else {
        None
    }
}

/// Removes what an owner of an earlier lease left when it died.
fn remove_older(all: &Folder, archive: &str, epoch: u64) -> io::Result<()> {
    for name in all.names()? {
        let left = name.to_str().and_then(parts);
        if left.is_some_and(|(of, then)| of == archive && then < epoch) {
            all.remove_all(&name)?;
        }
    }
    Ok(())
}

fn random() -> io::Result<String> {
    Ok(format!(
        "{:016x}",
        getrandom::u64().map_err(io::Error::from)?
    ))
}
