//! Writes that a crash leaves whole: lock, temporary file, fsync, rename, fsync.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// Why a file was not replaced.
#[derive(Debug)]
pub(crate) enum ReplaceError {
    /// The old file is there.
    NotReplaced(io::Error),
    /// The new file is there, and a power failure may bring the old one back.
    Unsure(io::Error),
}

/// Replaces a file's content so that a crash leaves the old or the new one.
/// The caller holds the lock of that file, so the temporary name is ours.
/// `like` is the file to take owner and mode from.
pub(crate) fn replace(
    folder: &Folder,
    name: &OsStr,
    content: &[u8],
    like: Option<&File>,
) -> Result<(), ReplaceError> {
    let temporary = beside(name, ".tmp");
    let written = (|| {
        folder.remove_file(&temporary)?;
        let mut file = folder.create(&temporary)?;
        if let Some(like) = like {
            take_owner_and_mode(&file, like)?;
        }
        file.write_all(content)?;
        file.sync_all()?;
        folder.rename(&temporary, name)
    })();
    if let Err(error) = written {
        // The first error is the one that counts.
        let _ = folder.remove_file(&temporary);
        return Err(ReplaceError::NotReplaced(error));
    }
    folder.sync().map_err(ReplaceError::Unsure)
}

/// A service that runs as another user must be able to read the new file too.
pub(crate) fn take_owner_and_mode(file: &File, like: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (ours, theirs) = (file.metadata()?, like.metadata()?);
    if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
        std::os::unix::fs::fchown(file, Some(theirs.uid()), Some(theirs.gid()))?;
    }
    file.set_permissions(theirs.permissions())
}

/// The hidden name beside a file that serves it.
pub(crate) fn beside(name: &OsStr, ending: &str) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(ending);
    hidden
}

/// Waits for the lock of an open file; it is held until the file is dropped,
/// also by a process that is killed.
pub(crate) fn lock(file: File, wait: Duration) -> io::Result<File> {
    let deadline = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    "another process is writing; try again later",
                ));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
