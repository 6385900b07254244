//! From a directory into an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Seek as _};
use std::time::{Duration, SystemTime};

use deprovision_core::provider::{Manifest, ManifestEntry, Outcome, ProviderError};
use deprovision_core::resource::DatasetId;
use deprovision_core::time::Timestamp;

use crate::directory::archive::{OBJECTS, object_file};
use crate::directory::listing::Listing;
use crate::directory::stop::Stop;
use crate::directory::stream::{Measure, compress, decompress, measure};
use crate::directory::{DirectoryArchive, manifest_file, names};
use crate::durable::ReplaceError;
use crate::error::io_error;
use crate::folder::Folder;
use crate::stamp::Stamp;

/// An object on its way in. Under the lock there is only one.
const INCOMING: &str = "incoming.tmp";

/// How long a source that was written a moment ago is waited for.
const SETTLE_AT_MOST: Duration = Duration::from_secs(3);

impl DirectoryArchive {
    /// Copies a dataset in, under the archive's lock.
    pub(crate) fn copy_in(
        &self,
        operation: &str,
        source: &DatasetId,
        path: &str,
        name: &str,
        stop: &Stop,
    ) -> Result<Outcome, ProviderError> {
        let root = self.root_folder(operation)?;
        let _lock = self.lock(operation, &root, name, stop.left() / 2)?;
        let dataset = self.inner.source.folder_of(operation, path)?;
        let listing = Listing::of(&dataset, operation)?;
        if let Some(odd) = listing.oddities() {
            return Ok(Outcome::not_done(odd));
        }
        let mut resumes = false;
        if let Some(folder) = self.archive_folder(operation, &root, name)? {
            resumes = true;
            if let Some(finished) = self.manifest(operation, name, &folder)? {
                match compare(&finished, source, &listing) {
                    Compared::Same => {
                        let digest = finished
                            .digest()
                            .map_err(|e| crate::error::invalid(operation, e.to_string()))?;
                        return Ok(Outcome::done(digest.to_string()));
                    }
                    Compared::Precious(why) => return Ok(Outcome::not_done(why)),
                    Compared::Older => {}
                }
            }
        }
        if let Err(why) = settle(&listing, stop) {
            return Ok(Outcome::not_done(why));
        }
        // From here on something may be written; without a manifest it is nothing.
        match self.fill(source, &dataset, &listing, &root, name, resumes, stop) {
            Ok(manifest) => self.finish(operation, &root, name, manifest, &dataset, &listing),
            Err(Halt::Changed(object)) => Ok(Outcome::not_done(format!(
                "{object:?} changed while it was copied; stop its writers and archive again"
            ))),
            Err(Halt::Io(what, error)) => Ok(Outcome::not_done(format!(
                "{what}: {error}; the archive is unfinished, and archiving again goes on with it"
            ))),
        }
    }

    /// Copies every object; nothing says yet that they are there.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of copy_in, split off to be read"
    )]
    fn fill(
        &self,
        source: &DatasetId,
        dataset: &Folder,
        listing: &Listing,
        root: &Folder,
        name: &str,
        resumes: bool,
        stop: &Stop,
    ) -> Result<Manifest, Halt> {
        let at = |what: &str| {
            let what = what.to_owned();
            move |error| Halt::Io(what, error)
        };
        let objects = root
            .make_folder(OsStr::new(name))
            .and_then(|folder| folder.make_folder(OsStr::new(OBJECTS)))
            .map_err(at("the archive's folder could not be made"))?;
        let mut entries = BTreeMap::new();
        for (object, stamp) in &listing.objects {
            let measured = copy_one(dataset, object, stamp, &objects, resumes, stop)?;
            let entry = ManifestEntry::new(measured.length, measured.sha256, stamp.to_string());
            entries.insert(object.clone(), entry);
        }
        objects
            .sync()
            .map_err(at("the objects could not be made durable"))?;
        Ok(Manifest::new(source.clone(), Timestamp::now(), entries))
    }

    /// Writes the manifest, when the source is still what was copied.
    fn finish(
        &self,
        operation: &str,
        root: &Folder,
        name: &str,
        manifest: Manifest,
        dataset: &Folder,
        listing: &Listing,
    ) -> Result<Outcome, ProviderError> {
        if Listing::of(dataset, operation)? != *listing {
            return Ok(Outcome::not_done(
                "the dataset changed while it was copied; stop its writers and archive again",
            ));
        }
        let trouble = |error| io_error(operation, &format!("archive {name}"), error);
        let folder = root.folder(OsStr::new(name)).map_err(trouble)?;
        // The folders must be there when the manifest is.
        folder.sync().map_err(trouble)?;
        root.sync().map_err(trouble)?;
        let wanted: BTreeSet<String> = manifest
            .objects
            .values()
            .map(|entry| object_file(&entry.sha256))
            .collect();
        match manifest_file::write(&folder, manifest) {
            Ok(digest) => {
                // What an earlier, unfinished or older archive left. It does no
                // harm when that fails: the next archiving tries again.
                let _ = remove_others(&folder, &wanted);
                Ok(Outcome::done(digest.to_string()))
            }
            Err(ReplaceError::NotReplaced(error)) => Ok(Outcome::not_done(format!(
                "the manifest could not be written: {error}; the archive is unfinished"
            ))),
            Err(ReplaceError::Unsure(error)) => Ok(Outcome::unknown(format!(
                "the manifest is written, but perhaps not durably: {error}"
            ))),
        }
    }
}

/// Why copying ended early.
enum Halt {
    /// This object is another one by now.
    Changed(String),
    Io(String, io::Error),
}

/// What a finished archive is to the source as it is now.
enum Compared {
    Same,
    /// It may be replaced: the source has all that it has, or newer.
    Older,
    /// It must not be replaced.
    Precious(String),
}

fn compare(finished: &Manifest, source: &DatasetId, listing: &Listing) -> Compared {
    if finished.source != *source {
        return Compared::Precious(format!(
            "this is an archive of {}; use the id that Archiver::archive_of gives",
            finished.source
        ));
    }
    let gone = finished
        .objects
        .keys()
        .find(|name| !listing.objects.contains_key(*name));
    if let Some(gone) = gone {
        return Compared::Precious(format!(
            "the finished archive holds {gone:?}, which the source has no longer: it may be the only copy, and is not replaced; discard the archive first if it is not wanted"
        ));
    }
    let same = finished.objects.len() == listing.objects.len()
        && listing.objects.iter().all(|(name, stamp)| {
            finished.objects.get(name).is_some_and(|entry| {
                entry.length == stamp.length && entry.version == stamp.to_string()
            })
        });
    if same {
        Compared::Same
    } else {
        Compared::Older
    }
}

/// Waits until a later write to any object would show: within one tick of the
/// clock it would not.
fn settle(listing: &Listing, stop: &Stop) -> Result<(), String> {
    let now = SystemTime::now();
    let latest = listing
        .objects
        .iter()
        .max_by_key(|(_, stamp)| stamp.settles_in(now));
    let Some((name, stamp)) = latest else {
        return Ok(());
    };
    let wait = stamp.settles_in(now);
    if wait > SETTLE_AT_MOST.min(stop.left()) {
        return Err(format!(
            "{name:?} was changed in the future by this machine's clock; set the clocks right and archive again"
        ));
    }
    std::thread::sleep(wait);
    Ok(())
}

/// Copies one object to the file that its content names.
fn copy_one(
    dataset: &Folder,
    object: &str,
    stamp: &Stamp,
    objects: &Folder,
    resumes: bool,
    stop: &Stop,
) -> Result<Measure, Halt> {
    let at = |error| Halt::Io(format!("object {object:?} could not be copied"), error);
    let (folder, last) = names::split(object);
    let (mut file, opened) = dataset
        .walk(folder)
        .and_then(|folder| folder.read(OsStr::new(last)))
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Halt::Changed(object.to_owned()),
            _ => at(error),
        })?;
    if opened != *stamp {
        return Err(Halt::Changed(object.to_owned()));
    }
    let unchanged = |file: &std::fs::File| -> Result<(), Halt> {
        let now = rustix::fs::fstat(file).map_err(|errno| at(errno.into()))?;
        if Stamp::of(&now) == *stamp {
            Ok(())
        } else {
            Err(Halt::Changed(object.to_owned()))
        }
    };
    if resumes {
        // Reading is cheaper than compressing and waiting for the disk.
        let measured = measure(&file, stop).map_err(at)?;
        if is_intact(objects, &measured, stop).map_err(at)? {
            unchanged(&file)?;
            return Ok(measured);
        }
        file.rewind().map_err(at)?;
    }
    let incoming = OsStr::new(INCOMING);
    let written = objects
        .remove_file(incoming)
        .and_then(|()| objects.create(incoming))
        .and_then(|to| compress(&file, to, stop))
        .and_then(|measured| {
            objects.rename(incoming, OsStr::new(&object_file(&measured.sha256)))?;
            Ok(measured)
        });
    match written {
        Ok(measured) => {
            unchanged(&file)?;
            Ok(measured)
        }
        Err(error) => {
            // Frees the space of a full disk; the first error is the one to report.
            let _ = objects.remove_file(incoming);
            Err(at(error))
        }
    }
}

/// Whether an earlier attempt has stored this content already, whole.
fn is_intact(objects: &Folder, wanted: &Measure, stop: &Stop) -> io::Result<bool> {
    let file = match objects.read(OsStr::new(&object_file(&wanted.sha256))) {
        Ok((file, _)) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match decompress(file, wanted.length).and_then(|reader| measure(reader, stop)) {
        Ok(found) => Ok(found == *wanted),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error),
        // Damaged: stored again.
        Err(_) => Ok(false),
    }
}

/// Removes the files that no object of the manifest needs.
fn remove_others(folder: &Folder, wanted: &BTreeSet<String>) -> io::Result<()> {
    let objects = folder.folder(OsStr::new(OBJECTS))?;
    for name in objects.names()? {
        if name.to_str().is_none_or(|name| !wanted.contains(name)) {
            objects.remove_file(&name)?;
        }
    }
    Ok(())
}
