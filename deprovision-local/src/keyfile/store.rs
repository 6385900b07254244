//! Opening, reading and changing the file.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use deprovision_core::resource::{CredentialId, GrantId, IssuerId, Locator};

use crate::durable::{self, ReplaceError};
use crate::folder::{Folder, Kind};
use crate::keyfile::KeyFileError;
use crate::keyfile::contents::{Contents, MAX_BYTES};
use crate::locator::REGION;
use crate::stamp::Stamp;

/// The provider part of references into a key file.
pub(crate) const PROVIDER: &str = "keyfile";

/// The name of the file itself as an issuer of keys.
const ISSUER: &str = "issuer";

/// API keys, grants and issuance in one JSON file that a running service honours.
///
/// Cheap to clone; the clones share what they have read. Any number of processes
/// may read and change the file at the same time: writers take a lock beside it
/// and replace it whole, readers notice that it was replaced.
#[derive(Debug, Clone)]
pub struct KeyFile {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    folder: PathBuf,
    name: OsString,
    account: String,
    /// What was read, and the stamp it had; only a settled stamp is kept.
    read: RwLock<Option<(Stamp, Arc<Contents>)>>,
}

impl KeyFile {
    /// Opens the key file of an account.
    ///
    /// # Errors
    /// [`KeyFileError`] when there is none, when it is not one, or when it
    /// belongs to another account.
    pub fn open(path: impl AsRef<Path>, account: &str) -> Result<Self, KeyFileError> {
        let keys = Self::at(path.as_ref(), account)?;
        keys.contents()?;
        Ok(keys)
    }

    /// Makes a key file without keys, readable by its owner alone.
    ///
    /// # Errors
    /// [`KeyFileError`] when there is a file of that name already, or when it
    /// can not be written.
    pub fn create(path: impl AsRef<Path>, account: &str) -> Result<Self, KeyFileError> {
        let keys = Self::at(path.as_ref(), account)?;
        let bytes = Contents::empty(account)
            .to_bytes()
            .map_err(|error| KeyFileError::Json(error.into()))?;
        let folder = keys.folder()?;
        let _lock = keys.lock(&folder, Duration::from_secs(10))?;
        let there = folder.look(&keys.inner.name).map_err(|e| keys.io(e))?;
        if there.is_some() {
            return Err(keys.io(io::ErrorKind::AlreadyExists.into()));
        }
        keys.written(durable::replace(&folder, &keys.inner.name, &bytes, None))?;
        Ok(keys)
    }

    fn at(path: &Path, account: &str) -> Result<Self, KeyFileError> {
        if Locator::new(PROVIDER, account, REGION, ISSUER).is_err() {
            return Err(KeyFileError::Account(account.to_owned()));
        }
        let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else {
            return Err(KeyFileError::Io {
                path: path.to_owned(),
                source: io::ErrorKind::InvalidInput.into(),
            });
        };
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                folder: folder.to_owned(),
                name: name.to_owned(),
                account: account.to_owned(),
                read: RwLock::new(None),
            }),
        })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Whose keys these are.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.inner.account
    }

    /// The reference to the file as an issuer of keys: `keyfile:<account>:local:issuer`.
    ///
    /// # Errors
    /// None in practice: the account was checked when the file was opened.
    pub fn issuer_id(&self) -> Result<IssuerId, KeyFileError> {
        self.locator(ISSUER).map(IssuerId::new)
    }

    pub(crate) fn key_id(&self, id: &str) -> Result<CredentialId, KeyFileError> {
        self.locator(id).map(CredentialId::new)
    }

    pub(crate) fn grant_id(&self, id: &str) -> Result<GrantId, KeyFileError> {
        self.locator(id).map(GrantId::new)
    }

    fn locator(&self, name: &str) -> Result<Locator, KeyFileError> {
        Locator::new(PROVIDER, self.account(), REGION, name)
            .map_err(|_| KeyFileError::Account(self.account().to_owned()))
    }

    /// Whether a name is the one of this issuer.
    pub(crate) fn is_issuer(name: &str) -> bool {
        name == ISSUER
    }

    /// What the file says now; read again only when it may have changed.
    pub(crate) fn contents(&self) -> Result<Arc<Contents>, KeyFileError> {
        let kept = self
            .inner
            .read
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone();
        // One system call by path: this is what every request of a service costs.
        if let Some((stamp, contents)) = kept
            && let Ok(stat) = rustix::fs::lstat(&self.inner.path)
            && Stamp::of(&stat) == stamp
        {
            return Ok(contents);
        }
        let (contents, stamp, _) = self.load(&self.folder()?)?;
        let contents = Arc::new(contents);
        let mut kept = self
            .inner
            .read
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        // A file that was written a moment ago may be written again within the
        // same tick of the clock, and look the same: it is read every time.
        *kept = stamp.is_settled().then(|| (stamp, contents.clone()));
        Ok(contents)
    }

    /// One whole read of the file, past what is kept.
    pub(crate) fn read_now(&self) -> Result<Contents, KeyFileError> {
        let (contents, _, _) = self.load(&self.folder()?)?;
        Ok(contents)
    }

    /// Reads the file whole; its stamp and the open file come with it.
    fn load(&self, folder: &Folder) -> Result<(Contents, Stamp, File), KeyFileError> {
        match folder.look(&self.inner.name).map_err(|e| self.io(e))? {
            Some((Kind::Odd(what), _)) => {
                return Err(self.io(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("it is {what}; name the real file"),
                )));
            }
            Some((Kind::File | Kind::Folder, _)) | None => {}
        }
        let (file, stamp) = folder.read(&self.inner.name).map_err(|e| self.io(e))?;
        let mut bytes = Vec::new();
        (&file)
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| self.io(e))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(self.io(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is longer than 64 MiB",
            )));
        }
        let contents = Contents::parse(&bytes, self.account())
            .map_err(|garbled| KeyFileError::garbled(self.inner.path.clone(), garbled))?;
        Ok((contents, stamp, file))
    }

    /// Changes the file under its lock. Nothing is written when nothing changes.
    pub(crate) fn change<T>(
        &self,
        wait: Duration,
        change: impl FnOnce(&mut Contents) -> Result<T, KeyFileError>,
    ) -> Result<T, KeyFileError> {
        let folder = self.folder()?;
        let _lock = self.lock(&folder, wait)?;
        let (before, _, file) = self.load(&folder)?;
        let mut after = before.clone();
        let result = change(&mut after)?;
        if after != before {
            let bytes = after
                .to_bytes()
                .map_err(|error| KeyFileError::Json(error.into()))?;
            // What we would not read again is not written either.
            Contents::parse(&bytes, self.account())
                .map_err(|garbled| KeyFileError::garbled(self.inner.path.clone(), garbled))?;
            let name: &OsStr = &self.inner.name;
            self.written(durable::replace(&folder, name, &bytes, Some(&file)))?;
        }
        Ok(result)
    }

    fn folder(&self) -> Result<Folder, KeyFileError> {
        Folder::open(&self.inner.folder).map_err(|e| self.io(e))
    }

    fn lock(&self, folder: &Folder, wait: Duration) -> Result<File, KeyFileError> {
        let name = durable::beside(&self.inner.name, ".lock");
        let file = folder.lockable(&name).map_err(|e| self.io(e))?;
        // Who may change the file must be able to lock it: best effort, because
        // only the lock's owner can do it and has done it before.
        if let Ok((keys, _)) = folder.read(&self.inner.name) {
            let _ = durable::take_owner_and_mode(&file, &keys);
        }
        durable::lock(file, wait).map_err(|e| self.io(e))
    }

    fn written(&self, result: Result<(), ReplaceError>) -> Result<(), KeyFileError> {
        result.map_err(|error| match error {
            ReplaceError::NotReplaced(source) => self.io(source),
            ReplaceError::Unsure(source) => KeyFileError::Unsure {
                path: self.inner.path.clone(),
                source,
            },
        })
    }

    fn io(&self, source: io::Error) -> KeyFileError {
        KeyFileError::Io {
            path: self.inner.path.clone(),
            source,
        }
    }
}
