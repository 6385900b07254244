//! Directories as datasets.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ByteStream, DatasetReader, ErrorKind, ObjectInfo, ProviderError};
use deprovision_core::resource::{DatasetId, Locator};
use deprovision_core::time::Timestamp;

use crate::directory::listing::Listing;
use crate::directory::{DirectoryError, names};
use crate::error::{blocking, cut_off, invalid, io_error};
use crate::folder::Folder;
use crate::locator::{REGION, ours};

/// The provider part of references to directories.
pub(crate) const PROVIDER: &str = "dir";

/// The folder under the root in which restored copies are put for comparison.
pub(crate) const SCRATCH: &str = ".deprovision-scratch";

/// Directories below one root as datasets: `dir:<account>:local:<relative path>`.
///
/// An object's version is made of its modification time, its change time
/// (`ctime`) and its inode. A program can set a modification time back; it can
/// not set a change time. What even that does not see: a write through a memory
/// map that the kernel has not noticed yet, and a file system that keeps no
/// change times. That is why the restore drill and the eraser read every byte
/// again instead of trusting it.
///
/// Symbolic links, pipes, sockets and devices are never followed or opened; a
/// dataset that holds one is seen only partly, and says which. A name that is
/// not UTF-8 and a mounted file system inside are errors. Empty folders hold no
/// objects. Owners, modes and attributes are not part of an object.
#[derive(Debug, Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    account: String,
}

impl Directory {
    /// The directories below a root.
    ///
    /// # Errors
    /// [`DirectoryError`] when the root is not a directory, or when the account
    /// can not stand in a reference.
    pub fn open(root: impl AsRef<Path>, account: &str) -> Result<Self, DirectoryError> {
        if Locator::new(PROVIDER, account, REGION, "x").is_err() {
            return Err(DirectoryError::Account(account.to_owned()));
        }
        let root = crate::directory::error::real_path(root.as_ref())?;
        Ok(Self {
            inner: Arc::new(Inner {
                root,
                account: account.to_owned(),
            }),
        })
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// Whose directories these are.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.inner.account
    }

    /// The reference to the dataset in a directory, by its path below the root.
    ///
    /// # Errors
    /// [`DirectoryError::Name`] when the path is absolute, leads outside or can
    /// not stand in a reference.
    pub fn dataset(&self, path: &str) -> Result<DatasetId, DirectoryError> {
        let fail = |why: &str| DirectoryError::Name {
            name: path.to_owned(),
            why: why.to_owned(),
        };
        if let Some(why) = names::why_not(path) {
            return Err(fail(why));
        }
        Locator::new(PROVIDER, self.account(), REGION, path)
            .map(DatasetId::new)
            .map_err(|error| fail(&error.to_string()))
    }

    /// The path of a dataset of ours below the root.
    pub(crate) fn path_of<'a>(
        &self,
        operation: &str,
        id: &'a DatasetId,
    ) -> Result<&'a str, ProviderError> {
        let path = ours(operation, PROVIDER, self.account(), id.locator())?;
        match names::why_not(path) {
            Some(why) => Err(invalid(operation, format!("{id} is no dataset: {why}"))),
            None => Ok(path),
        }
    }

    /// The root, open.
    pub(crate) fn root_folder(&self, operation: &str) -> Result<Folder, ProviderError> {
        Folder::open(&self.inner.root)
            .map_err(|error| io_error(operation, &format!("root {:?}", self.inner.root), error))
    }

    /// A dataset's folder, open. One that is not there is an error and not an
    /// empty dataset: a disk that is not mounted looks the same.
    pub(crate) fn folder_of(&self, operation: &str, path: &str) -> Result<Folder, ProviderError> {
        let root = self.root_folder(operation)?;
        let trouble = |error| io_error(operation, &format!("dataset {path:?}"), error);
        let folder = root.walk(path).map_err(trouble)?;
        let (above, here) = (
            root.stamp().map_err(trouble)?,
            folder.stamp().map_err(trouble)?,
        );
        if above.device != here.device {
            return Err(ProviderError::new(
                ErrorKind::Unsupported,
                operation,
                format!(
                    "dataset {path:?} is on another file system than its root, and would look erased when that is not mounted; use the mounted directory as a root"
                ),
            ));
        }
        Ok(folder)
    }
}

#[async_trait]
impl DatasetReader for Directory {
    async fn objects(
        &self,
        id: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        let operation = "list a directory";
        let path = self.path_of(operation, id)?.to_owned();
        let this = self.clone();
        blocking(move || {
            let as_of = Timestamp::now();
            let listing = Listing::of(&this.folder_of(operation, &path)?, operation)?;
            let missing = listing.oddities();
            let objects = listing
                .objects
                .into_iter()
                .map(|(name, stamp)| (name, ObjectInfo::new(stamp.length, stamp.to_string())))
                .collect();
            Ok(match missing {
                None => Observation::complete(objects, as_of),
                Some(missing) => Observation::partial(objects, as_of, missing),
            })
        })
        .await
        .unwrap_or_else(|| Err(cut_off(operation)))
    }

    async fn open(&self, id: &DatasetId, name: &str) -> Result<ByteStream, ProviderError> {
        let operation = "open an object";
        let path = self.path_of(operation, id)?.to_owned();
        if let Some(why) = names::why_not(name) {
            return Err(invalid(operation, format!("{name:?} is no object: {why}")));
        }
        let (this, name) = (self.clone(), name.to_owned());
        let file = blocking(move || {
            let (folder, last) = names::split(&name);
            this.folder_of(operation, &path)?
                .walk(folder)
                .and_then(|folder| folder.read(OsStr::new(last)))
                .map_err(|error| io_error(operation, &format!("object {name:?}"), error))
        })
        .await
        .unwrap_or_else(|| Err(cut_off(operation)))?;
        Ok(Box::pin(tokio::fs::File::from_std(file.0)))
    }
}
