//! One file a message, made once, whole and durable.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the pickup puts what it has sent.
const SENT: &str = "sent";
/// The file that senders lock, so that two of them do not send one message.
const LOCK: &str = ".lock";
/// A message of ours has its header within this.
const HEAD: u64 = 64 * 1024;

/// Makes the directory, durably.
pub(crate) fn make(directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    if let Some(parent) = directory.parent() {
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        sync_directory(parent)?;
    }
    sync_directory(directory)
}

/// What lies under the name of a message.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// A file, and its beginning.
    Message(Vec<u8>),
    /// Something else: a directory, a link.
    NoFile(PathBuf),
}

/// Looks for the message, first where it is put and then where the pickup moves it:
/// in this order a message that is moved meanwhile is not missed.
pub(crate) fn find(directory: &Path, name: &str) -> io::Result<Found> {
    // An outbox that is gone is not an outbox without the message.
    std::fs::read_dir(directory)?;
    for path in [directory.join(name), directory.join(SENT).join(name)] {
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => match File::open(&path) {
                Ok(file) => {
                    let mut head = Vec::new();
                    file.take(HEAD).read_to_end(&mut head)?;
                    return Ok(Found::Message(head));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            },
            Ok(_) => return Ok(Found::NoFile(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Found::Nothing)
}

/// The right to put messages into a directory, among all processes.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is held, not used")] File);

/// Waits for the lock; `None` when another holds it for so long.
pub(crate) fn lock(directory: &Path, patience: Duration) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join(LOCK))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// What came of putting a message.
#[derive(Debug)]
pub(crate) enum Put {
    /// It is there, and stays there.
    Durable,
    /// It is there, and may be lost with the power.
    PerhapsDurable(io::Error),
}

/// Puts a message under its name: whole or not at all, and never over another.
pub(crate) fn put(_: &Lock, directory: &Path, name: &str, message: &[u8]) -> io::Result<Put> {
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".tmp")
        .tempfile_in(directory)?;
    file.write_all(message)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(directory.join(name))
        .map_err(|error| error.error)?;
    Ok(settle(directory))
}

/// Makes what is in the directory stay there.
pub(crate) fn settle(directory: &Path) -> Put {
    match sync_directory(directory) {
        Ok(()) => Put::Durable,
        Err(error) => Put::PerhapsDurable(error),
    }
}

#[cfg(unix)]
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory can not be opened, and a rename is durable when it returns.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
