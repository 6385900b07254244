//! Opening a file, or making one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use deprovision_core::journal::JournalError;
use redb::backends::FileBackend;
use redb::{Builder, Database};

use crate::fault::{Fault, guarded, not_a_journal, not_opened};
use crate::format::{DUE, ENTRIES, FORMAT, HEADS, MAGIC, META, REDB_MAGIC};
use crate::inspect::inspect;
use crate::overlay::Overlay;

/// How much of the file is kept in memory.
const CACHE_BYTES: usize = 64 << 20;

/// Opens the journal at `path`, after the whole file was checked without
/// changing a byte of it.
pub(crate) fn open(path: &Path) -> Result<Database, JournalError> {
    let file = existing(path)?;
    begins_like_redb(path, &file)?;
    let copy = file.try_clone().map_err(|e| unusable(path, e))?;
    look(path, copy)?;
    build(path, || {
        builder().create_with_backend(FileBackend::new(file)?)
    })
}

/// Makes an empty journal at `path`; opens the one that is there already.
///
/// The file is made beside its place and put there whole, so that a process that
/// is killed meanwhile leaves no journal or a good one.
pub(crate) fn create(path: &Path) -> Result<Database, JournalError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => return open(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(path, error)),
    }
    let not_made =
        |error: io::Error| not_a_journal(path, "the file can not be made", Some(Box::new(error)));
    let name = path
        .file_name()
        .ok_or_else(|| not_a_journal(path, "the path ends in no file name", None))?;
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
        .map_err(not_made)?;
    let inner = new.reopen().map_err(not_made)?;
    let database = build(path, || {
        builder().create_with_backend(FileBackend::new(inner)?)
    })?;
    lay_out(&database).map_err(|fault| fault.while_doing("making the tables"))?;
    database.close().map_err(|error| not_opened(path, error))?;
    new.as_file().sync_all().map_err(not_made)?;
    match new.persist_noclobber(path) {
        Ok(_) => sync_folder(folder).map_err(not_made)?,
        // Somebody else was faster: theirs counts.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(not_made(error.error)),
    }
    open(path)
}

/// Opens a file that is there, and is a file.
fn existing(path: &Path) -> Result<File, JournalError> {
    let about = std::fs::metadata(path).map_err(|e| unusable(path, e))?;
    if !about.is_file() {
        return Err(not_a_journal(path, "it is not a regular file", None));
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: io::Error) -> JournalError {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file",
        _ => "it can not be opened for reading and writing",
    };
    not_a_journal(path, why, Some(Box::new(error)))
}

/// Tells files that can not be redb's from their first bytes.
fn begins_like_redb(path: &Path, mut file: &File) -> Result<(), JournalError> {
    let mut begin = Vec::new();
    file.rewind()
        .and_then(|()| file.take(REDB_MAGIC.len() as u64).read_to_end(&mut begin))
        .map_err(|error| unusable(path, error))?;
    if begin == REDB_MAGIC {
        Ok(())
    } else if begin.is_empty() {
        Err(not_a_journal(path, "it is empty", None))
    } else if REDB_MAGIC.starts_with(&begin) {
        Err(not_a_journal(path, "it ends too early", None))
    } else {
        let why = "it does not begin like one";
        Err(not_a_journal(path, why, None))
    }
}

/// Checks the whole file through an overlay.
fn look(path: &Path, file: File) -> Result<(), JournalError> {
    let database = build(path, || {
        let overlay = Overlay::over(FileBackend::new(file)?)?;
        builder()
            .set_check_integrity_on_open(true)
            .create_with_backend(overlay)
    })?;
    let found = inspect(path, &database);
    // What closing says concerns the overlay, which is thrown away.
    let _ = guarded(|| {
        drop(database);
        Ok(())
    });
    found
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Opens through redb, which may panic on a file it can not make sense of.
fn build(
    path: &Path,
    open: impl FnOnce() -> Result<Database, redb::DatabaseError>,
) -> Result<Database, JournalError> {
    match guarded(|| Ok(open())) {
        Ok(opened) => opened.map_err(|error| not_opened(path, error)),
        Err(fault) => Err(damaged(path, fault)),
    }
}

/// The error of a file that turned out to be damaged while it was looked at.
pub(crate) fn damaged(path: &Path, fault: Fault) -> JournalError {
    let why = "it is damaged or ends too early";
    not_a_journal(path, why, Some(fault.into_cause()))
}

/// Makes the tables of a new file, and says what it is.
pub(crate) fn lay_out(database: &Database) -> Result<(), Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert("magic", MAGIC)?;
        meta.insert("format", FORMAT.to_string().as_str())?;
        transaction.open_table(ENTRIES)?;
        transaction.open_table(HEADS)?;
        transaction.open_table(DUE)?;
    }
    Ok(transaction.commit()?)
}

/// Makes a new name in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
