//! Stopping cleanly, and the two ways in which the work ends early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deprovision_usage::Progress;

/// Why there is no audit.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something that was given can not be used: what, and what to do.
    Refused(String),
    /// Ctrl-C.
    Stopped,
}

/// Whether Ctrl-C was pressed.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    asked: AtomicBool,
    pub(crate) progress: Arc<Progress>,
}

impl Stop {
    pub(crate) fn stop(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.progress.stop();
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_asked() {
            return Err(Failure::Stopped);
        }
        Ok(())
    }
}
