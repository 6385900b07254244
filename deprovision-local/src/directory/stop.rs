//! Long blocking work that stops in time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use deprovision_core::provider::WritePermit;

/// When to stop: at the end of the permit's time, or when nobody waits any more.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    deadline: Instant,
    abandoned: Arc<AtomicBool>,
}

/// Dropped with the future that waits for the work.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stop {
    pub(crate) fn with(permit: &WritePermit) -> (Self, Waiting) {
        let abandoned = Arc::new(AtomicBool::new(false));
        let stop = Self {
            deadline: Instant::now() + permit.call_timeout().to_duration(),
            abandoned: abandoned.clone(),
        };
        (stop, Waiting(abandoned))
    }

    /// An error of kind `TimedOut` when it is time.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.abandoned.load(Ordering::Relaxed) || Instant::now() >= self.deadline {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the time of the call is over",
            ));
        }
        Ok(())
    }

    /// How much of the time is left.
    pub(crate) fn left(&self) -> std::time::Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
