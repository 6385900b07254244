//! The archive directory: where archives lie and what they are called.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deprovision_core::digest::{Digest, canonical_json};
use deprovision_core::id::RetirementId;
use deprovision_core::provider::{Manifest, ProviderError};
use deprovision_core::resource::{ArchiveId, DatasetId, Locator};
use serde::{Deserialize, Serialize};

use crate::directory::error::real_path;
use crate::directory::{Directory, DirectoryError, manifest_file};
use crate::durable;
use crate::error::{invalid, io_error};
use crate::folder::{Folder, Kind};
use crate::locator::{REGION, ours};
use crate::stamp::Stamp;

/// The provider part of references to archives.
const PROVIDER: &str = "dir-archive";

/// Says that a directory was made for archives: an unmounted disk has none.
const MARKER: &str = "deprovision-archives.json";

/// The folder of an archive that holds its objects.
pub(crate) const OBJECTS: &str = "objects";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    deprovision_archives: u64,
    account: String,
}

/// Archives of [`Directory`] datasets in another directory:
/// `dir-archive:<account>:local:<name>`.
///
/// ```text
/// <root>/deprovision-archives.json          whose archives these are
/// <root>/<archive>/objects/<sha256>.zst     the bytes, each content once
/// <root>/<archive>/manifest.json            what they are; written last
/// ```
///
/// An object's file is called after the SHA-256 of its bytes, so names of
/// objects never become names of files, twins that differ only in case do not
/// meet, and a file that was swapped for another does not fit its own name. The
/// files are zstd; `zstd -d` and `sha256sum` read them without this library.
///
/// Archiving stops at the end of its permit's time. The next call reads the source
/// again from its start and writes only what is not stored yet, so one call must
/// last at least as long as reading the dataset takes.
///
/// Not kept: owners, modes, attributes, empty folders. Not possible: a lock
/// against change ([`Retention::None`](deprovision_core::provider::Retention)),
/// so a policy that demands one does not accept these archives.
#[derive(Debug, Clone)]
pub struct DirectoryArchive {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) root: PathBuf,
    pub(crate) source: Directory,
    /// The manifest that was read last, kept as long as its file is the same:
    /// reading an archive back asks for it once per object.
    read: Mutex<Option<(String, Stamp, Arc<Manifest>)>>,
}

impl DirectoryArchive {
    /// The archives in a directory that was made for them.
    ///
    /// # Errors
    /// [`DirectoryError`] when the directory was not made by
    /// [`create`](Self::create) for the same account, or lies in the data or
    /// around it.
    pub fn open(root: impl AsRef<Path>, source: Directory) -> Result<Self, DirectoryError> {
        let root = real_path(root.as_ref())?;
        if root.starts_with(source.root()) || source.root().starts_with(&root) {
            return Err(DirectoryError::Nested {
                archives: root,
                data: source.root().to_owned(),
            });
        }
        let trouble = |source| DirectoryError::Io {
            path: root.clone(),
            source,
        };
        let folder = Folder::open(&root).map_err(trouble)?;
        if !is_marked(&folder, source.account()).map_err(trouble)? {
            return Err(DirectoryError::NotForArchives {
                path: root,
                account: source.account().to_owned(),
            });
        }
        Ok(Self {
            inner: Arc::new(Inner {
                root,
                source,
                read: Mutex::new(None),
            }),
        })
    }

    /// Makes a directory for archives, readable by its owner alone, or opens the
    /// one that was made before. The directory above must exist.
    ///
    /// # Errors
    /// [`DirectoryError`] when it can not be made, or is in use for something else.
    pub fn create(root: impl AsRef<Path>, source: Directory) -> Result<Self, DirectoryError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let root = root.as_ref();
        let trouble = |source| DirectoryError::Io {
            path: root.to_owned(),
            source,
        };
        match std::fs::DirBuilder::new().mode(0o700).create(root) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(trouble(error)),
        }
        let folder = Folder::open(root).map_err(trouble)?;
        let marker = OsStr::new(MARKER);
        // A half-made directory holds the lock and the temporary file of its
        // marker; a new disk may hold the folder that its check uses.
        let is_ours = |name: &std::ffi::OsString| {
            *name == durable::beside(marker, ".lock")
                || *name == durable::beside(marker, ".tmp")
                || name == "lost+found"
        };
        if folder.names().map_err(trouble)?.iter().all(is_ours) {
            let lock = folder
                .lockable(&durable::beside(marker, ".lock"))
                .map_err(trouble)?;
            let _lock = durable::lock(lock, Duration::from_secs(10)).map_err(trouble)?;
            let bytes = canonical_json(&Marker {
                deprovision_archives: 1,
                account: source.account().to_owned(),
            })
            .map_err(|error| trouble(io::Error::other(error)))?;
            if folder.look(marker).map_err(trouble)?.is_none() {
                durable::replace(&folder, marker, &bytes, None).map_err(|error| match error {
                    durable::ReplaceError::NotReplaced(error)
                    | durable::ReplaceError::Unsure(error) => trouble(error),
                })?;
            }
        }
        Self::open(root, source)
    }

    /// Where the archives are.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// What an archive of a dataset is called: a readable part, and a part that
    /// differs for every dataset and retirement.
    pub(crate) fn name_for(
        &self,
        source: &DatasetId,
        retirement: &RetirementId,
    ) -> Result<ArchiveId, ProviderError> {
        let operation = "name an archive";
        let path = self.inner.source.path_of(operation, source)?;
        let unique = Digest::of_value("deprovision/dir-archive/v1", &(source, retirement))
            .map_err(|error| invalid(operation, error.to_string()))?
            .to_hex();
        let readable: String = path
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .take(40)
            .collect();
        let name = format!("a-{readable}-{}", unique.get(..32).unwrap_or(&unique));
        Locator::new(PROVIDER, self.inner.source.account(), REGION, &name)
            .map(ArchiveId::new)
            .map_err(|error| invalid(operation, error.to_string()))
    }

    /// The folder name of an archive of ours.
    pub(crate) fn name_of(&self, operation: &str, id: &ArchiveId) -> Result<String, ProviderError> {
        let account = self.inner.source.account();
        let name = ours(operation, PROVIDER, account, id.locator())?;
        let plain = name.starts_with("a-")
            && name.len() <= 80
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if plain {
            Ok(name.to_owned())
        } else {
            Err(invalid(
                operation,
                format!("{id} is no archive; use the id that Archiver::archive_of gives"),
            ))
        }
    }

    /// The root, open, after a look at its marker.
    pub(crate) fn root_folder(&self, operation: &str) -> Result<Folder, ProviderError> {
        let trouble = |error| {
            let what = format!("the archive directory {:?}", self.inner.root);
            io_error(operation, &what, error)
        };
        let folder = Folder::open(&self.inner.root).map_err(trouble)?;
        if is_marked(&folder, self.inner.source.account()).map_err(trouble)? {
            Ok(folder)
        } else {
            Err(trouble(io::Error::new(
                io::ErrorKind::NotFound,
                format!("{MARKER} is not there or of another account; is the disk mounted?"),
            )))
        }
    }

    /// An archive's folder; `None` when there is nothing of that name.
    pub(crate) fn archive_folder(
        &self,
        operation: &str,
        root: &Folder,
        name: &str,
    ) -> Result<Option<Folder>, ProviderError> {
        let trouble = |error| io_error(operation, &format!("archive {name}"), error);
        match root.look(OsStr::new(name)).map_err(trouble)? {
            None => Ok(None),
            Some((Kind::Folder, _)) => root.folder(OsStr::new(name)).map(Some).map_err(trouble),
            Some((Kind::File | Kind::Odd(_), _)) => Err(invalid(
                operation,
                format!("{name} in the archive directory is no folder; somebody put it there"),
            )),
        }
    }

    /// An archive's manifest; `None` when it has none.
    pub(crate) fn manifest(
        &self,
        operation: &str,
        name: &str,
        folder: &Folder,
    ) -> Result<Option<Arc<Manifest>>, ProviderError> {
        let trouble = |error| io_error(operation, &format!("archive {name}"), error);
        let there = folder
            .look(OsStr::new(manifest_file::MANIFEST))
            .map_err(trouble)?;
        let mut kept = self
            .inner
            .read
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let (Some((_, stamp)), Some((of, read_as, manifest))) = (there, kept.as_ref())
            && of == name
            && *read_as == stamp
        {
            return Ok(Some(manifest.clone()));
        }
        let Some((manifest, stamp)) = manifest_file::read(folder).map_err(trouble)? else {
            return Ok(None);
        };
        let manifest = Arc::new(manifest);
        // Not kept for a moment after it was written: see `Stamp`.
        *kept = stamp
            .is_settled()
            .then(|| (name.to_owned(), stamp, manifest.clone()));
        Ok(Some(manifest))
    }

    /// The lock of one archive against other writers.
    pub(crate) fn lock(
        &self,
        operation: &str,
        root: &Folder,
        name: &str,
        wait: Duration,
    ) -> Result<std::fs::File, ProviderError> {
        root.lockable(&durable::beside(OsStr::new(name), ".lock"))
            .and_then(|file| durable::lock(file, wait))
            .map_err(|error| io_error(operation, &format!("the lock of archive {name}"), error))
    }
}

/// The file of an object in an archive.
pub(crate) fn object_file(sha256: &Digest) -> String {
    format!("{}.zst", sha256.to_hex())
}

fn is_marked(folder: &Folder, account: &str) -> io::Result<bool> {
    let file = match folder.read(OsStr::new(MARKER)) {
        Ok((file, _)) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(64 * 1024).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice::<Marker>(&bytes)
        .is_ok_and(|marker| marker.deprovision_archives == 1 && marker.account == account))
}
