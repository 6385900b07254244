//! Opening the file, or making one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase as _};

use super::error::{CourierError, Fault};
use super::format::{
    COUNTS, DUE, FINDINGS, FLIGHT, FORMAT, LETTERS, MAGIC, META, NOTICES, OPEN, RECORDS, TOLD,
};
use crate::disk::sync_directory;

/// How much of the file is kept in memory.
const CACHE_BYTES: usize = 16 << 20;

/// Opens the queue at `path`, and makes an empty one when there is no file.
///
/// A new file is made beside its place and put there whole, so that a process that is
/// killed meanwhile leaves no queue or a good one.
pub(super) fn open(path: &Path, account: &str) -> Result<Database, CourierError> {
    let fail = |why: &str, error: io::Error| not_a_queue(path, why, Some(Box::new(error)));
    match std::fs::symlink_metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(path, account)?;
        }
        Err(error) => return Err(fail("it can not be looked at", error)),
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| fail("it can not be opened for reading and writing", error))?;
    let about = file
        .metadata()
        .map_err(|error| fail("it can not be looked at", error))?;
    if !about.is_file() {
        return Err(not_a_queue(path, "it is not a regular file", None));
    }
    // An empty file would become a new queue, and all that was sent be sent again.
    if about.len() == 0 {
        return Err(not_a_queue(path, "it is empty", None));
    }
    keep_private(&file).map_err(|error| fail("it can not be made private", error))?;
    let database = FileBackend::new(file)
        .and_then(|backend| {
            builder()
                .set_check_integrity_on_open(true)
                .create_with_backend(backend)
        })
        .map_err(|error| not_opened(path, error))?;
    check(path, account, &database)?;
    Ok(database)
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn make(path: &Path, account: &str) -> Result<(), CourierError> {
    let fail =
        |error: io::Error| not_a_queue(path, "the file can not be made", Some(Box::new(error)));
    let name = path
        .file_name()
        .ok_or_else(|| not_a_queue(path, "the path ends in no file name", None))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut prefix = OsString::from(".");
    prefix.push(name);
    let new = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".new")
        .tempfile_in(folder)
        .map_err(fail)?;
    let inner = new.reopen().map_err(fail)?;
    let database = FileBackend::new(inner)
        .and_then(|backend| builder().create_with_backend(backend))
        .map_err(|error| not_opened(path, error))?;
    lay_out(&database, account).map_err(|fault| fault.while_doing("making the tables"))?;
    database.close().map_err(|error| not_opened(path, error))?;
    new.as_file().sync_all().map_err(fail)?;
    match new.persist_noclobber(path) {
        Ok(_) => sync_directory(folder).map_err(fail),
        // Somebody else was faster: theirs counts.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(fail(error.error)),
    }
}

fn lay_out(database: &Database, account: &str) -> Result<(), Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert("magic", MAGIC)?;
        meta.insert("format", FORMAT)?;
        meta.insert("account", account)?;
        transaction.open_table(RECORDS)?;
        transaction.open_table(NOTICES)?;
        transaction.open_table(LETTERS)?;
        transaction.open_table(OPEN)?;
        transaction.open_table(DUE)?;
        transaction.open_table(FLIGHT)?;
        transaction.open_table(TOLD)?;
        transaction.open_table(COUNTS)?;
        transaction.open_table(FINDINGS)?;
    }
    transaction
        .commit()
        .map_err(|error| Fault::Unconfirmed(std::sync::Arc::new(error.into())))
}

/// Whether the file is what it should be, and ours.
fn check(path: &Path, account: &str, database: &Database) -> Result<(), CourierError> {
    let read = || -> Result<[Option<String>; 3], redb::Error> {
        let meta = database.begin_read()?.open_table(META)?;
        let text = |key| -> Result<Option<String>, redb::Error> {
            Ok(meta.get(key)?.map(|row| row.value().to_owned()))
        };
        Ok([text("magic")?, text("format")?, text("account")?])
    };
    let [magic, format, found] = read().map_err(|error| {
        not_a_queue(
            path,
            "it does not say that it is one",
            Some(Box::new(error)),
        )
    })?;
    if magic.as_deref() != Some(MAGIC) {
        return Err(not_a_queue(path, "it is the file of something else", None));
    }
    if format.as_deref() != Some(FORMAT) {
        let why = "it has a format that this version does not know";
        return Err(not_a_queue(path, why, None));
    }
    match found {
        Some(found) if found == account => Ok(()),
        found => Err(CourierError::OtherAccount {
            path: path.to_owned(),
            found: found.unwrap_or_default(),
        }),
    }
}

fn not_a_queue(
    path: &Path,
    why: impl Into<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
) -> CourierError {
    CourierError::NotAQueue {
        path: path.to_owned(),
        why: why.into(),
        source,
    }
}

fn not_opened(path: &Path, error: DatabaseError) -> CourierError {
    let why = match &error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            return CourierError::InUse {
                path: path.to_owned(),
            };
        }
        DatabaseError::Storage(redb::StorageError::Corrupted(_)) => {
            "it is damaged or ends too early"
        }
        // redb's and non-exhaustive: whatever else it says, the file was not opened.
        _ => "the store can not open it",
    };
    not_a_queue(path, why, Some(Box::new(error)))
}

/// Takes the file from everybody but its owner.
#[cfg(unix)]
fn keep_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    if file.metadata()?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// Elsewhere a file has the rights of its folder.
#[cfg(not(unix))]
fn keep_private(_: &File) -> io::Result<()> {
    Ok(())
}
