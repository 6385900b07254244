//! How far a reading is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far a reading is, for whoever watches from another thread.
///
/// Bytes are those of the files as they are, packed or not.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicU64,
    read: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    /// How many bytes there are to read, once the files are open; a stream whose
    /// length is not known adds nothing.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// How many bytes were read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Stops the reading at its next block: it ends with
    /// [`UsageReaderError::Stopped`](crate::UsageReaderError::Stopped).
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
