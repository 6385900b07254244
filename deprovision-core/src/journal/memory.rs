//! The reference journal: everything in memory, gone with the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use crate::digest::Digest;
use crate::id::{RetirementId, WorkerId};
use crate::journal::{
    AppendError, Authority, Entry, Journal, JournalError, Lease, LeaseError, StreamInfo, Version,
    check_chain,
};
use crate::time::{Clock, Period, Timestamp};

/// A [`Journal`] in memory: for tests, and the reference that the durable ones
/// are compared with.
#[derive(Debug, Clone)]
pub struct MemoryJournal {
    clock: Arc<dyn Clock>,
    streams: Arc<Mutex<BTreeMap<RetirementId, Stream>>>,
}

#[derive(Debug, Default)]
struct Stream {
    entries: Vec<Entry>,
    due: Option<Timestamp>,
    epoch: u64,
    leased_until: Option<Timestamp>,
}

impl Stream {
    fn version(&self) -> Version {
        self.entries.len() as Version
    }

    fn head(&self, stream: &RetirementId) -> Digest {
        self.entries
            .last()
            .map_or_else(|| Entry::genesis(stream), |entry| entry.digest)
    }

    fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|until| now < until)
    }

    /// When a claim could succeed.
    fn claimable_at(&self) -> Option<Timestamp> {
        let due = self.due?;
        Some(self.leased_until.map_or(due, |until| until.max(due)))
    }
}

impl MemoryJournal {
    /// An empty journal.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            streams: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RetirementId, Stream>> {
        // Every change below is made after all checks, in one go; a poisoned
        // lock still holds a consistent map.
        self.streams.lock().unwrap_or_else(|p| p.into_inner())
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(
        &self,
        stream: &RetirementId,
        expected: Version,
        authority: Authority<'_>,
        entries: &[Entry],
    ) -> Result<(), AppendError> {
        let now = self.clock.now();
        let mut streams = self.lock();
        let empty = Stream::default();
        let state = streams.get(stream).unwrap_or(&empty);
        if let Authority::Owner(lease) = authority
            && (lease.epoch != state.epoch || !state.is_leased(now) || lease.stream != *stream)
        {
            return Err(AppendError::StaleLease {
                stream: stream.clone(),
                held: lease.epoch,
                current: state.epoch,
            });
        }
        if state.version() != expected {
            return Err(AppendError::Conflict {
                stream: stream.clone(),
                expected,
                actual: state.version(),
            });
        }
        check_chain(stream, expected, state.head(stream), entries)?;
        if entries.is_empty() {
            return Ok(());
        }
        let state = streams.entry(stream.clone()).or_default();
        state.entries.extend_from_slice(entries);
        if matches!(authority, Authority::Bystander) {
            state.due = Some(state.due.map_or(now, |due| due.min(now)));
        }
        Ok(())
    }

    async fn read(
        &self,
        stream: &RetirementId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        let streams = self.lock();
        let state = streams
            .get(stream)
            .ok_or_else(|| JournalError::NoSuchStream(stream.clone()))?;
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(state
            .entries
            .iter()
            .skip(skip)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn streams(
        &self,
        after: Option<&RetirementId>,
        limit: usize,
    ) -> Result<Vec<StreamInfo>, JournalError> {
        let streams = self.lock();
        Ok(streams
            .iter()
            .filter(|(name, _)| after.is_none_or(|after| *name > after))
            .take(limit)
            .map(|(name, state)| {
                StreamInfo::new(
                    name.clone(),
                    state.version(),
                    state.head(name),
                    state.due,
                    state.epoch,
                )
            })
            .collect())
    }

    async fn claim_due(
        &self,
        worker: &WorkerId,
        ttl: Period,
        limit: usize,
    ) -> Result<Vec<Lease>, JournalError> {
        let now = self.clock.now();
        let mut streams = self.lock();
        let mut due: Vec<_> = streams
            .iter()
            .filter(|(_, state)| !state.is_leased(now))
            .filter_map(|(name, state)| Some((state.due?, name.clone())))
            .filter(|(due, _)| *due <= now)
            .collect();
        due.sort();
        due.truncate(limit);
        let mut leases = Vec::with_capacity(due.len());
        for (_, name) in due {
            if let Some(state) = streams.get_mut(&name) {
                state.epoch += 1;
                state.leased_until = Some(ttl.after(now));
                leases.push(Lease::new(
                    name,
                    worker.clone(),
                    state.epoch,
                    ttl.after(now),
                ));
            }
        }
        Ok(leases)
    }

    async fn renew(&self, lease: &Lease, ttl: Period) -> Result<Lease, LeaseError> {
        let now = self.clock.now();
        let mut streams = self.lock();
        let state = held(&mut streams, lease, now)?;
        state.leased_until = Some(ttl.after(now));
        Ok(Lease::new(
            lease.stream.clone(),
            lease.worker.clone(),
            lease.epoch,
            ttl.after(now),
        ))
    }

    async fn release(
        &self,
        lease: &Lease,
        seen: Version,
        due: Option<Timestamp>,
    ) -> Result<(), LeaseError> {
        let now = self.clock.now();
        let mut streams = self.lock();
        let state = held(&mut streams, lease, now)?;
        state.leased_until = None;
        state.due = if state.version() > seen {
            Some(now)
        } else {
            due
        };
        Ok(())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, JournalError> {
        Ok(self.lock().values().filter_map(Stream::claimable_at).min())
    }
}

fn held<'a>(
    streams: &'a mut BTreeMap<RetirementId, Stream>,
    lease: &Lease,
    now: Timestamp,
) -> Result<&'a mut Stream, LeaseError> {
    let lost = |current| LeaseError::Lost {
        stream: lease.stream.clone(),
        worker: lease.worker.clone(),
        held: lease.epoch,
        current,
    };
    match streams.get_mut(&lease.stream) {
        None => Err(lost(0)),
        Some(state) if state.epoch != lease.epoch || !state.is_leased(now) => {
            Err(lost(state.epoch))
        }
        Some(state) => Ok(state),
    }
}
