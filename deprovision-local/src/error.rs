//! The one place that maps the file system's trouble.

use std::io;

use deprovision_core::provider::{ErrorKind, ProviderError};

/// The kind of an I/O error, for retry, hold or give-up.
pub(crate) fn kind_of(error: &io::Error) -> ErrorKind {
    use io::ErrorKind as Io;
    match error.kind() {
        Io::NotFound => ErrorKind::NotFound,
        Io::PermissionDenied | Io::ReadOnlyFilesystem | Io::StorageFull | Io::QuotaExceeded => {
            ErrorKind::Denied
        }
        Io::InvalidInput
        | Io::InvalidData
        | Io::InvalidFilename
        | Io::NotADirectory
        | Io::IsADirectory => ErrorKind::Invalid,
        Io::AlreadyExists | Io::DirectoryNotEmpty => ErrorKind::Conflict,
        // Busy, interrupted, an I/O error of the disk, and what std may add:
        // tried again a bounded number of times, then parked.
        _ => ErrorKind::Transient,
    }
}

/// An I/O error with what was tried and on what.
pub(crate) fn io_error(operation: &str, what: &str, error: io::Error) -> ProviderError {
    // A link where a folder or a file has to be is reported so by the system.
    let followed = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    if followed {
        return ProviderError::new(
            ErrorKind::Invalid,
            operation,
            format!("{what} is a symbolic link, and links are not followed; name the real place"),
        )
        .with_source(error);
    }
    ProviderError::new(
        kind_of(&error),
        operation,
        format!("{what}; check that it exists and that this process may use it"),
    )
    .with_source(error)
}

/// A request that is wrong and will be wrong again.
pub(crate) fn invalid(operation: &str, why: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Invalid, operation, why)
}

/// Runs blocking work off the async threads. `None`: the runtime is shutting
/// down or the work panicked, and nobody knows how far it came.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// The work of a read was cut off.
pub(crate) fn cut_off(operation: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        operation,
        "the work was cut off because the runtime is shutting down; try again",
    )
}
