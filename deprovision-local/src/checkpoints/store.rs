//! The directory: one file a stream, replaced whole under one lock.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::id::RetirementId;
use deprovision_core::ledger::{CheckpointStore, MAX_NOTE_BYTES, supersede};
use deprovision_core::provider::{ErrorKind, ProviderError};

use crate::checkpoints::name::file_of;
use crate::durable::{self, ReplaceError};
use crate::error::{blocking, cut_off, io_error};
use crate::folder::Folder;

/// What writers lock. It also says that the directory was made for checkpoints:
/// an unmounted disk has none.
const LOCK: &str = ".checkpoints.lock";

/// How long a writer waits for the others.
const PATIENCE: Duration = Duration::from_secs(30);

/// A directory can not hold checkpoints.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointDirError {
    /// The directory can not be read or written.
    #[error("the directory {path} can not be used; check that it exists and who may use it", path = .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The directory was not made for checkpoints.
    #[error("{path} was not made for checkpoints; make it with CheckpointDir::create, or mount the right disk", path = .path.display())]
    NotForCheckpoints {
        /// The directory.
        path: PathBuf,
    },
}

/// Signed checkpoints in a directory: the latest of each stream in a file of its
/// own, `orders-v1.note`, which auditors copy and check without this library.
///
/// Put it where whoever writes the journal can not write as they like (another
/// disk, a share of another team, a repository that is pushed): who can rewrite
/// both can cut history unseen (invariant I-19).
///
/// Any number of processes may put at the same time, and a kill at any moment
/// leaves the old or the new note. A directory that is gone, or empty because its
/// disk is not mounted, is an error and never *no checkpoint yet*.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("checkpoints");
/// use deprovision_local::CheckpointDir;
/// let checkpoints = CheckpointDir::create(&path)?; // once; later open(&path)
/// # let _ = (checkpoints, CheckpointDir::open(&path)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CheckpointDir {
    root: Arc<Path>,
}

impl CheckpointDir {
    /// The checkpoints in a directory that was made for them.
    ///
    /// # Errors
    /// [`CheckpointDirError`] when there is none, or it was not made by
    /// [`create`](Self::create).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CheckpointDirError> {
        let path = path.as_ref();
        let io = |source| CheckpointDirError::Io {
            path: path.to_owned(),
            source,
        };
        // A process that changes its working directory keeps its checkpoints.
        let root = path.canonicalize().map_err(io)?;
        let folder = Folder::open(&root).map_err(io)?;
        if folder.look(OsStr::new(LOCK)).map_err(io)?.is_none() {
            return Err(CheckpointDirError::NotForCheckpoints { path: root });
        }
        Ok(Self { root: root.into() })
    }

    /// Makes a directory for checkpoints, readable by its owner alone, or opens
    /// the one that was made before. The directory above must exist.
    ///
    /// # Errors
    /// [`CheckpointDirError`] when it can not be made, or is there, holds other
    /// things and was not made for checkpoints.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, CheckpointDirError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let path = path.as_ref();
        let io = |source| CheckpointDirError::Io {
            path: path.to_owned(),
            source,
        };
        match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(error)),
            Ok(()) | Err(_) => {}
        }
        let folder = Folder::open(path).map_err(io)?;
        let names = folder.names().map_err(io)?;
        if !names.is_empty() && !names.iter().any(|name| name == LOCK) {
            let path = path.to_owned();
            return Err(CheckpointDirError::NotForCheckpoints { path });
        }
        folder.lockable(OsStr::new(LOCK)).map_err(io)?;
        folder.sync().map_err(io)?;
        let root = path.canonicalize().map_err(io)?;
        if let Some(above) = root.parent() {
            Folder::open(above)
                .and_then(|above| above.sync())
                .map_err(io)?;
        }
        Self::open(root)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    fn folder(&self, doing: &str) -> Result<Folder, ProviderError> {
        let trouble = |error| io_error(doing, &self.root.display().to_string(), error);
        let folder = Folder::open(&self.root).map_err(trouble)?;
        match folder.look(OsStr::new(LOCK)).map_err(trouble)? {
            Some(_) => Ok(folder),
            None => Err(ProviderError::new(
                ErrorKind::NotFound,
                doing,
                format!(
                    "{} is no longer the directory that was made for checkpoints; is its disk mounted?",
                    self.root.display()
                ),
            )),
        }
    }

    fn lock(&self, folder: &Folder, doing: &str) -> Result<File, ProviderError> {
        let file = folder.lockable(OsStr::new(LOCK));
        file.and_then(|file| durable::lock(file, PATIENCE))
            .map_err(|error| io_error(doing, &self.root.join(LOCK).display().to_string(), error))
    }

    /// The stored note; what is no checkpoint of the stream is damage, and not absence.
    fn read(
        &self,
        folder: &Folder,
        stream: &RetirementId,
        doing: &str,
    ) -> Result<Option<String>, ProviderError> {
        let name = file_of(stream);
        let file = self.root.join(&name);
        let trouble = |error| io_error(doing, &file.display().to_string(), error);
        if folder.look(&name).map_err(trouble)?.is_none() {
            return Ok(None);
        }
        let (open, _) = folder.read(&name).map_err(trouble)?;
        let mut note = String::new();
        open.take(MAX_NOTE_BYTES as u64 + 1)
            .read_to_string(&mut note)
            .map_err(trouble)?;
        match supersede(stream, None, &note) {
            Ok(()) => Ok(Some(note)),
            Err(error) => Err(ProviderError::new(
                ErrorKind::Invalid,
                doing,
                format!(
                    "{} is no checkpoint of {stream}: somebody changed it; find out who, verify the journal, and bring the note back from a copy",
                    file.display()
                ),
            )
            .with_source(error)),
        }
    }

    fn put_now(&self, stream: &RetirementId, note: &str) -> Result<(), ProviderError> {
        let doing = "put a checkpoint";
        let folder = self.folder(doing)?;
        let _lock = self.lock(&folder, doing)?;
        let latest = self.read(&folder, stream, doing)?;
        supersede(stream, latest.as_deref(), note)?;
        let name = file_of(stream);
        durable::replace(&folder, &name, note.as_bytes(), None).map_err(|error| {
            let (ReplaceError::NotReplaced(error) | ReplaceError::Unsure(error)) = error;
            io_error(doing, &self.root.join(&name).display().to_string(), error)
        })
    }

    fn latest_now(&self, stream: &RetirementId) -> Result<Option<String>, ProviderError> {
        let doing = "read the latest checkpoint";
        // Without the lock: files are replaced whole.
        self.read(&self.folder(doing)?, stream, doing)
    }
}

#[async_trait]
impl CheckpointStore for CheckpointDir {
    async fn put(&self, stream: &RetirementId, note: &str) -> Result<(), ProviderError> {
        let (this, stream, note) = (self.clone(), stream.clone(), note.to_owned());
        blocking(move || this.put_now(&stream, &note))
            .await
            .unwrap_or_else(|| Err(cut_off("put a checkpoint")))
    }

    async fn latest(&self, stream: &RetirementId) -> Result<Option<String>, ProviderError> {
        let (this, stream) = (self.clone(), stream.clone());
        blocking(move || this.latest_now(&stream))
            .await
            .unwrap_or_else(|| Err(cut_off("read the latest checkpoint")))
    }
}
