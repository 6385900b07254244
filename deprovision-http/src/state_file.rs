//! The file that holds how the paths are set, shared by every process of the
//! service and by whoever closes the paths.
//!
//! Read without a lock: it is only ever replaced as a whole. Changed under the
//! lock of `<file>.lock`, by temporary file, fsync, rename and fsync of the
//! directory. The lock file also remembers that the state file was written, so
//! that a lost state file is noticed instead of opening every path.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use deprovision_core::id::RetirementId;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{PathState, SunsetNotice};
use deprovision_core::resource::AccessPathId;
use serde::{Deserialize, Serialize};

use crate::error::GatewayError;

/// The format that this version writes.
const FORMAT: u32 = 1;
/// How the name of a temporary file ends.
const TEMPORARY: &str = ".tmp";
/// How long a waiting process sleeps before it tries the lock again.
const LOCK_POLL: Duration = Duration::from_millis(5);

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct States {
    format: u32,
    /// Grows with every change.
    pub(crate) revision: u64,
    /// Only paths that were ever set; another one is open.
    pub(crate) paths: BTreeMap<AccessPathId, Entry>,
}

/// How one path is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) state: PathState,
    /// What callers were told last while the path was open: the dates that a
    /// closed path still shows.
    pub(crate) announced: Option<SunsetNotice>,
    /// The owner that set it.
    set_by: Writer,
}

/// Whose lease a path was set under: a later one fences an earlier one out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Writer {
    retirement: RetirementId,
    epoch: u64,
}

impl Writer {
    pub(crate) fn of(permit: &WritePermit) -> Self {
        Self {
            retirement: permit.retirement().clone(),
            epoch: permit.epoch(),
        }
    }
}

/// What tells one version of the file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

/// The file and its lock.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    lock: PathBuf,
}

/// How a change ended.
#[derive(Debug)]
pub(crate) enum Written {
    /// It is on disk, as this revision.
    Durable(u64),
    /// It was so before.
    Unchanged(u64),
    /// It is in the file, and may not outlive a power cut.
    Visible(GatewayError),
}

impl States {
    fn none() -> Self {
        Self {
            format: FORMAT,
            revision: 0,
            paths: BTreeMap::new(),
        }
    }

    /// Puts the state in; says whether anything changed.
    fn set(
        &mut self,
        id: &AccessPathId,
        state: &PathState,
        writer: Writer,
    ) -> Result<bool, GatewayError> {
        let before = self.paths.get(id);
        if let Some(Entry { set_by, .. }) = before
            && set_by.retirement == writer.retirement
            && set_by.epoch > writer.epoch
        {
            return Err(GatewayError::Stale {
                id: id.clone(),
                epoch: writer.epoch,
                newer: set_by.epoch,
            });
        }
        let announced = match state {
            PathState::Open { notice } | PathState::BrownOut { notice, .. } => notice.clone(),
            PathState::Closed { .. } => before.and_then(|entry| entry.announced.clone()),
        };
        let entry = Entry {
            state: state.clone(),
            announced,
            set_by: writer,
        };
        if before == Some(&entry) {
            return Ok(false);
        }
        self.paths.insert(id.clone(), entry);
        self.revision = self.revision.saturating_add(1);
        Ok(true)
    }
}

impl StateFile {
    pub(crate) fn at(path: &Path) -> Self {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        Self {
            path: path.to_owned(),
            lock: lock.into(),
        }
    }

    /// Makes the file when there never was one.
    pub(crate) fn create_if_new(&self, patience: Duration) -> Result<(), GatewayError> {
        let there = self.present()?;
        match self.create_under_lock(patience) {
            // A service that may only read opens the file as it is.
            Err(GatewayError::Io { source, .. }) if there && is_read_only(&source) => Ok(()),
            done => done,
        }
    }

    fn create_under_lock(&self, patience: Duration) -> Result<(), GatewayError> {
        let mut guard = self.locked(patience)?;
        if self.present()? {
            return self.remember(&mut guard);
        }
        self.refuse_if_remembered(&mut guard)?;
        match self.write(&States::none())? {
            None => self.remember(&mut guard),
            Some(doubt) => Err(doubt),
        }
    }

    /// Changes one path under the lock.
    pub(crate) fn set(
        &self,
        id: &AccessPathId,
        state: &PathState,
        writer: Writer,
        patience: Duration,
    ) -> Result<Written, GatewayError> {
        let _guard = self.locked(patience)?;
        let mut states = self.read()?.0;
        if !states.set(id, state, writer)? {
            return Ok(Written::Unchanged(states.revision));
        }
        Ok(match self.write(&states)? {
            None => Written::Durable(states.revision),
            Some(doubt) => Written::Visible(doubt),
        })
    }

    /// The states, and the stamp of the very file they were read from.
    pub(crate) fn read(&self) -> Result<(States, Stamp), GatewayError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(self.vanished()),
            Err(e) => return Err(self.io("opening", &self.path, e)),
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .map_err(|e| self.io("reading", &self.path, e))?;
        let meta = file
            .metadata()
            .map_err(|e| self.io("reading", &self.path, e))?;
        Ok((self.parse(&text)?, Stamp::of(&meta)))
    }

    /// The stamp of the file as it is now.
    pub(crate) fn stamp(&self) -> Result<Stamp, GatewayError> {
        match std::fs::metadata(&self.path) {
            Ok(meta) => Ok(Stamp::of(&meta)),
            Err(e) if e.kind() == ErrorKind::NotFound => Err(self.vanished()),
            Err(e) => Err(self.io("reading", &self.path, e)),
        }
    }

    fn parse(&self, text: &[u8]) -> Result<States, GatewayError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let corrupt = |source| GatewayError::Corrupt {
            path: self.path.clone(),
            source,
        };
        let Format { format } = serde_json::from_slice(text).map_err(corrupt)?;
        if format != FORMAT {
            return Err(GatewayError::Format {
                path: self.path.clone(),
                found: format,
                known: FORMAT,
            });
        }
        serde_json::from_slice(text).map_err(corrupt)
    }

    /// Replaces the file; gives the doubt when it may not outlive a power cut.
    fn write(&self, states: &States) -> Result<Option<GatewayError>, GatewayError> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        let fail = |e| self.io("writing", &self.path, e);
        let mut text = serde_json::to_vec_pretty(states).map_err(|e| fail(e.into()))?;
        text.push(b'\n');
        self.sweep(directory).map_err(fail)?;
        let mut temporary = self.temporary(directory).map_err(fail)?;
        temporary.write_all(&text).map_err(fail)?;
        temporary.as_file().sync_all().map_err(fail)?;
        temporary.persist(&self.path).map_err(|e| fail(e.error))?;
        Ok(File::open(directory)
            .and_then(|dir| dir.sync_all())
            .err()
            .map(fail))
    }

    /// A temporary file that others may read as they may the state file: the
    /// service and whoever closes its paths can be different users.
    fn temporary(&self, directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        let prefix = self.temporary_prefix();
        builder.prefix(&prefix).suffix(TEMPORARY);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, PermissionsExt};
            let mode = std::fs::metadata(&self.path).map_or(0o644, |meta| meta.mode() & 0o777);
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        builder.tempfile_in(directory)
    }

    /// Removes what killed writers left; under the lock nobody else is writing.
    fn sweep(&self, directory: &Path) -> std::io::Result<()> {
        let prefix = self.temporary_prefix();
        for entry in std::fs::read_dir(directory)? {
            let name = entry?.file_name();
            let bytes = name.as_encoded_bytes();
            if bytes.starts_with(prefix.as_encoded_bytes()) && bytes.ends_with(TEMPORARY.as_bytes())
            {
                std::fs::remove_file(directory.join(name))?;
            }
        }
        Ok(())
    }

    /// Names this state file, so that two in one directory keep apart.
    fn temporary_prefix(&self) -> OsString {
        let mut prefix = OsString::from(".");
        prefix.push(self.path.file_name().unwrap_or_default());
        prefix.push(".writing-");
        prefix
    }

    fn locked(&self, patience: Duration) -> Result<File, GatewayError> {
        let fail = |e| self.io("locking", &self.lock, e);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&self.lock)
            .map_err(fail)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(e)) => return Err(fail(e)),
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    thread::sleep(LOCK_POLL);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(GatewayError::Locked {
                        path: self.lock.clone(),
                    });
                }
            }
        }
    }

    fn present(&self) -> Result<bool, GatewayError> {
        self.path
            .try_exists()
            .map_err(|e| self.io("reading", &self.path, e))
    }

    fn remember(&self, lock: &mut File) -> Result<(), GatewayError> {
        let fail = |e| self.io("writing", &self.lock, e);
        if lock.metadata().map_err(fail)?.len() == 0 {
            lock.write_all(b"the state file was written\n")
                .map_err(fail)?;
            lock.sync_all().map_err(fail)?;
        }
        Ok(())
    }

    fn refuse_if_remembered(&self, lock: &mut File) -> Result<(), GatewayError> {
        let meta = lock
            .metadata()
            .map_err(|e| self.io("reading", &self.lock, e))?;
        if meta.len() > 0 {
            return Err(self.vanished());
        }
        Ok(())
    }

    fn vanished(&self) -> GatewayError {
        GatewayError::Vanished {
            path: self.path.clone(),
            lock: self.lock.clone(),
        }
    }

    fn io(&self, what: &'static str, path: &Path, source: std::io::Error) -> GatewayError {
        GatewayError::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

fn is_read_only(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

impl Stamp {
    #[cfg(unix)]
    fn of(meta: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            inode: meta.ino(),
            length: meta.len(),
            modified: meta.modified().ok(),
        }
    }

    #[cfg(not(unix))]
    fn of(meta: &std::fs::Metadata) -> Self {
        Self {
            inode: 0,
            length: meta.len(),
            modified: meta.modified().ok(),
        }
    }

    /// Whether the file changed so shortly before `now` that a further change
    /// could have got the same stamp.
    pub(crate) fn is_young(&self, now: SystemTime) -> bool {
        const RACY: Duration = Duration::from_secs(2);
        self.modified
            .is_none_or(|at| now.duration_since(at).map_or(true, |age| age < RACY))
    }
}
