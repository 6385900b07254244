//! Erasing a directory's objects.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;

use async_trait::async_trait;
use deprovision_core::permit::EraseWarrant;
use deprovision_core::provider::{Eraser, Manifest, Outcome, ProviderError};

use crate::directory::listing::Listing;
use crate::directory::stop::Stop;
use crate::directory::stream::measure;
use crate::directory::{Directory, names};
use crate::error::{blocking, io_error};
use crate::folder::{Folder, Kind};
use crate::stamp::Stamp;

/// Erases the objects of [`Directory`] datasets.
///
/// Before it removes the first one it compares all that is there with the
/// warrant's manifest: names, versions, and every byte again by SHA-256. An
/// object that is new or differs, a link, a special file, or a file with a
/// second hard link (its bytes would live on under the other name) stops it
/// before anything is touched.
///
/// Objects are removed where they are, one after another, each after another look
/// at its version; they are never moved aside first, so whatever is left after a
/// `kill -9` is still listed by its name, and the next attempt goes on with it.
/// Then the folders that held them are removed when they are empty. The dataset's
/// own folder stays, because a missing folder is no evidence of anything.
///
/// What it can not do: stop a writer that holds a file open or replaces it within
/// the microseconds between the last look and the removal (close the access path
/// and revoke the keys first, as the standard pipeline does), and overwrite the
/// bytes on the medium.
#[derive(Debug, Clone)]
pub struct DirectoryEraser {
    data: Directory,
}

impl DirectoryEraser {
    /// An eraser of these directories.
    #[must_use]
    pub fn new(data: Directory) -> Self {
        Self { data }
    }
}

#[async_trait]
impl Eraser for DirectoryEraser {
    async fn erase(&self, warrant: &EraseWarrant<'_>) -> Result<Outcome, ProviderError> {
        let operation = "erase a directory";
        let id = warrant.archive().dataset();
        let path = match self.data.path_of(operation, id) {
            Ok(path) => path.to_owned(),
            Err(elsewhere) => return Ok(Outcome::not_done(elsewhere.to_string())),
        };
        let (stop, _waiting) = Stop::with(warrant.permit());
        let manifest = warrant.archive().manifest().clone();
        let data = self.data.clone();
        blocking(move || {
            let root = data.folder_of(operation, &path)?;
            let listing = Listing::of(&root, operation)?;
            if let Some(why) = differs(operation, &root, &listing, &manifest, &stop)? {
                return Ok(Outcome::not_done(format!("nothing was erased: {why}")));
            }
            remove_objects(operation, &root, &listing, &manifest, &stop)
        })
        .await
        .unwrap_or_else(|| Ok(Outcome::unknown("the runtime is shutting down")))
    }
}

/// Why what is there is not what the manifest lists; gone objects are no reason.
fn differs(
    operation: &str,
    root: &Folder,
    listing: &Listing,
    manifest: &Manifest,
    stop: &Stop,
) -> Result<Option<String>, ProviderError> {
    if let Some(odd) = listing.oddities() {
        return Ok(Some(odd));
    }
    for (name, stamp) in &listing.objects {
        let Some(entry) = manifest.objects.get(name) else {
            return Ok(Some(format!(
                "{name:?} is not in the archive; archive again"
            )));
        };
        if entry.length != stamp.length || entry.version != stamp.to_string() {
            return Ok(Some(format!("{name:?} has changed; archive again")));
        }
        if stamp.links > 1 {
            return Ok(Some(format!(
                "{name:?} has another hard link, under which its bytes would live on; remove the links that are not wanted and archive again"
            )));
        }
    }
    for (name, stamp) in &listing.objects {
        let (folder, last) = names::split(name);
        let read = root
            .walk(folder)
            .and_then(|folder| folder.read(OsStr::new(last)))
            .and_then(|(file, opened)| Ok((measure(file, stop)?, opened)));
        match read {
            Ok((found, opened)) => {
                let listed = manifest.objects.get(name).map(|entry| entry.sha256);
                if opened != *stamp || listed != Some(found.sha256) {
                    return Ok(Some(format!("{name:?} has changed; archive again")));
                }
            }
            Err(error) => {
                return Err(io_error(operation, &format!("object {name:?}"), error));
            }
        }
    }
    Ok(None)
}

fn remove_objects(
    operation: &str,
    root: &Folder,
    listing: &Listing,
    manifest: &Manifest,
    stop: &Stop,
) -> Result<Outcome, ProviderError> {
    let mut erased = 0usize;
    let mut by_folder: BTreeMap<&str, Vec<(&str, &Stamp)>> = BTreeMap::new();
    for (name, stamp) in &listing.objects {
        let (folder, last) = names::split(name);
        by_folder.entry(folder).or_default().push((last, stamp));
    }
    for (folder, objects) in by_folder {
        let removed = root
            .walk(folder)
            .and_then(|here| remove_from(&here, &objects, &mut erased, stop));
        if let Err(error) = removed {
            let why = format!("in folder {folder:?}: {error}");
            return Ok(if erased == 0 {
                Outcome::not_done(format!("nothing was erased: {why}"))
            } else {
                Outcome::unknown(format!(
                    "{erased} of {} objects are erased, then it stopped {why}",
                    listing.objects.len()
                ))
            });
        }
    }
    let tidied = remove_folders(root, manifest);
    let left = Listing::of(root, operation);
    Ok(match (tidied, left) {
        (Ok(()), Ok(left)) if left.objects.is_empty() && left.odd.is_empty() => {
            Outcome::done(format!(
                "{erased} objects erased now, {} in all",
                manifest.objects.len()
            ))
        }
        (Ok(()), Ok(_)) => Outcome::unknown("new objects appeared while it was erased"),
        (Err(error), _) => Outcome::unknown(format!("not all folders were tidied: {error}")),
        (Ok(()), Err(error)) => Outcome::unknown(format!("what is left was not seen: {error}")),
    })
}

/// Removes objects of one folder, each after a last look.
fn remove_from(
    here: &Folder,
    objects: &[(&str, &Stamp)],
    erased: &mut usize,
    stop: &Stop,
) -> io::Result<()> {
    for (last, stamp) in objects {
        stop.check()?;
        match here.look(OsStr::new(last))? {
            Some((Kind::File, now)) if now == **stamp => here.remove_file(OsStr::new(last))?,
            Some((Kind::File | Kind::Folder | Kind::Odd(_), _)) => {
                return Err(io::Error::other(format!(
                    "{last:?} has changed; archive again"
                )));
            }
            None => {}
        }
        *erased += 1;
    }
    here.sync()
}

/// Removes the folders that held objects, the deepest first, when they are empty.
fn remove_folders(root: &Folder, manifest: &Manifest) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for name in manifest.objects.keys() {
        let mut folder = names::split(name).0;
        while !folder.is_empty() && folders.insert(folder) {
            folder = names::split(folder).0;
        }
    }
    // A folder sorts before what is in it.
    for folder in folders.into_iter().rev() {
        let (above, last) = names::split(folder);
        let removed = root.walk(above).and_then(|above| {
            above.remove_folder(OsStr::new(last))?;
            above.sync()
        });
        match removed.map_err(|error| error.kind()) {
            // Not empty: it holds folders that held no objects.
            Ok(()) | Err(io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => {}
            Err(kind) => return Err(kind.into()),
        }
    }
    root.sync()
}
