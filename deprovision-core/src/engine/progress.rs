//! Progress, as it happens.

use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::engine::{Engine, sentence};
use crate::id::RetirementId;
use crate::journal::{Actor, Entry, Version};
use crate::retirement::Event;
use crate::time::Timestamp;

/// One event, right after it became durable.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Progress {
    /// Of which retirement.
    pub retirement: RetirementId,
    /// Its position in the log.
    pub version: Version,
    /// When it was decided.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    pub event: Arc<Event>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.at,
            self.retirement,
            sentence(&self.event)
        )
    }
}

impl Engine {
    /// Every event of every retirement that this engine appends, from now on. A
    /// subscriber that is too slow misses the oldest and is told so; the log has
    /// them all.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub(super) fn tell(&self, entry: &Entry, event: &Event) {
        tracing::debug!(
            retirement = %entry.stream,
            version = entry.version,
            kind = %entry.kind,
            "event appended"
        );
        // Nobody listening is no error.
        let _ = self.progress.send(Progress {
            retirement: entry.stream.clone(),
            version: entry.version,
            at: entry.at,
            actor: entry.actor.clone(),
            event: Arc::new(event.clone()),
        });
    }
}
