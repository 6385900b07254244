//! What was here before.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use deprovision_core::digest::Digest;
use deprovision_core::time::Timestamp;

use super::error::InboundError;
use super::fields::TOLERANCE;

/// How many requests are remembered, unless told.
pub(crate) const CAPACITY: usize = 100_000;

/// Remembers requests for as long as their signature is good, in memory and bounded. When
/// it is full, new ones are put off, since forgetting one would let it in again.
#[derive(Clone)]
pub(crate) struct Seen {
    capacity: usize,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    until: HashMap<Digest, Timestamp>,
    by_time: BTreeSet<(Timestamp, Digest)>,
}

impl Seen {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            inner: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A poisoned lock still holds whole entries.
        self.inner.lock().unwrap_or_else(|p| p.into_inner())
    }

    /// Takes a request that was signed at this moment, unless it was here before.
    pub(crate) fn take(
        &self,
        id: &[u8],
        signed_at: Timestamp,
        now: Timestamp,
    ) -> Result<Fresh, InboundError> {
        let digest = Digest::of_bytes(id);
        let mut inner = self.lock();
        inner.drop_until(now);
        if inner.until.contains_key(&digest) {
            return Err(InboundError::Replayed);
        }
        if inner.until.len() >= self.capacity {
            return Err(InboundError::Busy);
        }
        // A sender may sign the same one anew: it is kept for as long as either is good.
        let until = TOLERANCE.after(TOLERANCE.after(signed_at.max(now)));
        inner.until.insert(digest, until);
        inner.by_time.insert((until, digest));
        Ok(Fresh {
            seen: self.clone(),
            digest,
            handled: false,
        })
    }

    fn forget(&self, digest: &Digest) {
        let mut inner = self.lock();
        if let Some(until) = inner.until.remove(digest) {
            inner.by_time.remove(&(until, *digest));
        }
    }
}

impl Inner {
    fn drop_until(&mut self, now: Timestamp) {
        while let Some((until, digest)) = self.by_time.first().copied() {
            if until >= now {
                return;
            }
            self.by_time.remove(&(until, digest));
            self.until.remove(&digest);
        }
    }
}

/// A request that is genuine and new. While it lives, the same request is refused as
/// [`InboundError::Replayed`]; when it was [handled](Self::handled), from then on. When it is
/// dropped before, because handling it failed, the request may come again.
#[must_use = "say that it was handled, or it may come again"]
pub struct Fresh {
    seen: Seen,
    digest: Digest,
    handled: bool,
}

impl Fresh {
    /// The request was handled: it is not let in again.
    pub fn handled(mut self) {
        self.handled = true;
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.handled {
            self.seen.forget(&self.digest);
        }
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").finish_non_exhaustive()
    }
}
