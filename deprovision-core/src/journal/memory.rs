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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PersonId;
    use crate::journal::Actor;
    use crate::time::ManualClock;

    fn fixture() -> (Arc<ManualClock>, MemoryJournal, RetirementId, WorkerId) {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let journal = MemoryJournal::new(clock.clone());
        let worker = WorkerId::parse("w1").unwrap();
        (clock, journal, RetirementId::parse("r1").unwrap(), worker)
    }

    /// `count` entries that continue the stream.
    async fn entries(
        journal: &MemoryJournal,
        stream: &RetirementId,
        count: u64,
    ) -> (Version, Vec<Entry>) {
        let before = journal
            .read(stream, 0, usize::MAX)
            .await
            .unwrap_or_default();
        let mut head = before
            .last()
            .map_or_else(|| Entry::genesis(stream), |entry| entry.digest);
        let expected = before.len() as Version;
        let mut entries = Vec::new();
        for version in expected + 1..=expected + count {
            let actor = Actor::Person(PersonId::parse("ann").unwrap());
            let body = serde_json::json!({ "n": version });
            let entry = Entry::seal(
                stream.clone(),
                version,
                Timestamp::UNIX_EPOCH,
                actor,
                "noted",
                body,
                head,
            )
            .unwrap();
            head = entry.digest;
            entries.push(entry);
        }
        (expected, entries)
    }

    async fn append(
        journal: &MemoryJournal,
        stream: &RetirementId,
        authority: Authority<'_>,
    ) -> Result<(), AppendError> {
        let (expected, entries) = entries(journal, stream, 2).await;
        journal.append(stream, expected, authority, &entries).await
    }

    #[tokio::test]
    async fn what_was_appended_is_read_in_order_and_in_pages() {
        let (_, journal, stream, _) = fixture();
        append(&journal, &stream, Authority::Bystander)
            .await
            .unwrap();
        append(&journal, &stream, Authority::Bystander)
            .await
            .unwrap();
        let page = journal.read(&stream, 1, 2).await.unwrap();
        assert_eq!(
            page.iter().map(|entry| entry.version).collect::<Vec<_>>(),
            [2, 3]
        );
        let nobody = RetirementId::parse("nobody").unwrap();
        assert!(matches!(
            journal.read(&nobody, 0, 1).await,
            Err(JournalError::NoSuchStream(_))
        ));
    }

    #[tokio::test]
    async fn i_16_two_appends_behind_one_version_have_one_winner() {
        let (_, journal, stream, _) = fixture();
        let (expected, both) = entries(&journal, &stream, 1).await;
        journal
            .append(&stream, expected, Authority::Bystander, &both)
            .await
            .unwrap();
        let loser = journal
            .append(&stream, expected, Authority::Bystander, &both)
            .await;
        assert!(matches!(
            loser,
            Err(AppendError::Conflict { actual: 1, .. })
        ));
    }

    #[tokio::test]
    async fn i_19_entries_that_do_not_continue_the_chain_are_refused_whole() {
        let (_, journal, stream, _) = fixture();
        append(&journal, &stream, Authority::Bystander)
            .await
            .unwrap();
        let (expected, good) = entries(&journal, &stream, 3).await;
        let changes: [fn(&mut Vec<Entry>); 4] = [
            |e| e[2].kind = "edited".into(),
            |e| e.swap(0, 1),
            |e| drop(e.remove(0)),
            |e| e[1].prev = Digest::from_bytes([7; 32]),
        ];
        for change in changes {
            let mut bad = good.clone();
            change(&mut bad);
            let refused = journal
                .append(&stream, expected, Authority::Bystander, &bad)
                .await;
            assert!(matches!(refused, Err(AppendError::BrokenChain { .. })));
        }
        assert_eq!(journal.read(&stream, 0, 99).await.unwrap().len(), 2);
        journal
            .append(&stream, expected, Authority::Bystander, &good)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn i_14_each_claim_has_a_larger_epoch_and_a_stale_append_is_refused() {
        let (clock, journal, stream, worker) = fixture();
        append(&journal, &stream, Authority::Bystander)
            .await
            .unwrap();
        let ttl = Period::minutes(1);
        let first = journal.claim_due(&worker, ttl, 9).await.unwrap().remove(0);
        assert!(journal.claim_due(&worker, ttl, 9).await.unwrap().is_empty());
        append(&journal, &stream, Authority::Owner(&first))
            .await
            .unwrap();
        clock.advance(ttl);
        let late = append(&journal, &stream, Authority::Owner(&first)).await;
        assert!(matches!(late, Err(AppendError::StaleLease { .. })));
        let second = journal.claim_due(&worker, ttl, 9).await.unwrap().remove(0);
        assert!(second.epoch > first.epoch);
        assert!(matches!(
            append(&journal, &stream, Authority::Owner(&first)).await,
            Err(AppendError::StaleLease { .. })
        ));
        assert!(matches!(
            journal.renew(&first, ttl).await,
            Err(LeaseError::Lost { .. })
        ));
        append(&journal, &stream, Authority::Owner(&second))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_word_of_a_person_wakes_a_stream_that_was_given_back() {
        let (clock, journal, stream, worker) = fixture();
        append(&journal, &stream, Authority::Bystander)
            .await
            .unwrap();
        let lease = journal
            .claim_due(&worker, Period::minutes(1), 1)
            .await
            .unwrap()
            .remove(0);
        append(&journal, &stream, Authority::Bystander)
            .await
            .unwrap();
        // The worker had seen two entries when it decided to sleep.
        let tomorrow = Period::days(1).after(clock.now());
        journal.release(&lease, 2, Some(tomorrow)).await.unwrap();
        assert_eq!(journal.next_due().await.unwrap(), Some(clock.now()));
        let lease = journal
            .claim_due(&worker, Period::minutes(1), 1)
            .await
            .unwrap()
            .remove(0);
        journal.release(&lease, 4, Some(tomorrow)).await.unwrap();
        assert!(
            journal
                .claim_due(&worker, Period::minutes(1), 1)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            journal.streams(None, 9).await.unwrap()[0].due,
            Some(tomorrow)
        );
    }
}
