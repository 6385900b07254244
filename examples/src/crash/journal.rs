//! A journal with a point before and after every append.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::{
    AppendError, Authority, Entry, Journal, JournalError, Lease, LeaseError, StreamInfo, Version,
};
use deprovision_core::time::{Period, Timestamp};

use crate::crash::{Points, Side};

/// Wraps a journal.
#[derive(Debug)]
pub struct DyingJournal {
    inner: Arc<dyn Journal>,
    points: Arc<Points>,
}

impl DyingJournal {
    /// The journal with points.
    pub fn over(inner: Arc<dyn Journal>, points: Arc<Points>) -> Self {
        Self { inner, points }
    }
}

/// What is appended: the kind of the first entry, and the action when there is one.
/// What follows in the same append, the end of a phase for instance, goes to whichever
/// of several actions happens to be the last.
fn name(entries: &[Entry]) -> String {
    let kind = entries.first().map_or("nothing", |entry| &entry.kind);
    let action = entries
        .iter()
        .find_map(|entry| entry.body["action"].as_str());
    match action {
        Some(action) => format!("append {kind} of {action}"),
        None => format!("append {kind}"),
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Journal for DyingJournal {
    async fn append(
        &self,
        stream: &RetirementId,
        expected: Version,
        authority: Authority<'_>,
        entries: &[Entry],
    ) -> Result<(), AppendError> {
        let name = name(entries);
        self.points.at(&name, Side::Before);
        let appended = self
            .inner
            .append(stream, expected, authority, entries)
            .await;
        self.points.at(&name, Side::After);
        appended
    }

    async fn read(
        &self,
        stream: &RetirementId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        self.inner.read(stream, after, limit).await
    }

    async fn streams(
        &self,
        after: Option<&RetirementId>,
        limit: usize,
    ) -> Result<Vec<StreamInfo>, JournalError> {
        self.inner.streams(after, limit).await
    }

    async fn claim_due(
        &self,
        worker: &WorkerId,
        ttl: Period,
        limit: usize,
    ) -> Result<Vec<Lease>, JournalError> {
        self.inner.claim_due(worker, ttl, limit).await
    }

    async fn renew(&self, lease: &Lease, ttl: Period) -> Result<Lease, LeaseError> {
        self.inner.renew(lease, ttl).await
    }

    async fn release(
        &self,
        lease: &Lease,
        seen: Version,
        due: Option<Timestamp>,
    ) -> Result<(), LeaseError> {
        self.inner.release(lease, seen, due).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, JournalError> {
        self.inner.next_due().await
    }
}
