//! What can be wrong with a directory that is to be used.

use std::io;
use std::path::{Path, PathBuf};

/// A directory can not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The account can not stand in a reference.
    #[error("{0:?} is not an account: use letters, digits and . _ -")]
    Account(String),
    /// The path of a dataset is not one.
    #[error("{name:?} is not a path below the root: {why}")]
    Name {
        /// The path.
        name: String,
        /// Why not.
        why: String,
    },
    /// The directory can not be read or written.
    #[error("the directory {path} can not be used; check that it exists and who may use it", path = .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The directory was not made for archives, or of another account.
    #[error("{path} was not made for the archives of account {account}; make it with DirectoryArchive::create, or mount the right disk", path = .path.display())]
    NotForArchives {
        /// The directory.
        path: PathBuf,
        /// The account.
        account: String,
    },
    /// Data and archives lie in one another: erasing one could reach the other.
    #[error("{archives} and {data} lie in one another; keep archives apart from the data, best on another disk", archives = .archives.display(), data = .data.display())]
    Nested {
        /// The root of the archives.
        archives: PathBuf,
        /// The root of the data.
        data: PathBuf,
    },
}

/// The path without links, of a directory that exists.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, DirectoryError> {
    let trouble = |source| DirectoryError::Io {
        path: path.to_owned(),
        source,
    };
    let real = path.canonicalize().map_err(trouble)?;
    if real.is_dir() {
        Ok(real)
    } else {
        Err(trouble(io::ErrorKind::NotADirectory.into()))
    }
}
