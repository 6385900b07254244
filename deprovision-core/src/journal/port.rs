//! The contract that every journal keeps.

use async_trait::async_trait;

use crate::digest::Digest;
use crate::id::{RetirementId, WorkerId};
use crate::journal::{AppendError, Entry, JournalError, Lease, LeaseError, Version};
use crate::time::{Period, Timestamp};

/// In whose name an append is made.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a journal must decide for every kind of authority whether to fence it"
)]
pub enum Authority<'a> {
    /// The worker that holds the lease: refused when the epoch is stale or the lease ran out.
    Owner(&'a Lease),
    /// A person (an approval, an objection, a cancellation): no lease, the
    /// expected version alone decides. The stream becomes due at once.
    Bystander,
}

/// What a journal knows about a stream without reading its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The stream.
    pub stream: RetirementId,
    /// The version of its newest entry.
    pub version: Version,
    /// The digest of its newest entry.
    pub head: Digest,
    /// When a worker should look at it next; `None` when nothing is to be done.
    pub due: Option<Timestamp>,
    /// The newest epoch granted; 0 when it was never claimed.
    pub epoch: u64,
}

impl StreamInfo {
    /// For implementers of [`Journal`].
    #[must_use]
    pub fn new(
        stream: RetirementId,
        version: Version,
        head: Digest,
        due: Option<Timestamp>,
        epoch: u64,
    ) -> Self {
        Self {
            stream,
            version,
            head,
            due,
            epoch,
        }
    }
}

/// A durable, append-only log with one stream a retirement and leases for workers.
///
/// A journal is given its clock when it is made and uses that one clock for
/// leases and due times.
///
/// # Behaviour
/// What every implementation keeps:
/// - What was acknowledged is durable: it is there after a crash, whole and in order.
/// - `append` stores all entries or none.
/// - `append` is refused with `Conflict` unless `expected` is the newest version
///   (0 for a stream that does not exist yet, which makes it).
/// - `append` is refused with `BrokenChain` unless the entries carry this
///   stream's name, the versions `expected + 1, …`, and `prev` digests that
///   continue the chain from the newest entry (or [`Entry::genesis`]).
/// - `append` by an owner is refused with `StaleLease` when a newer epoch was
///   granted, or when the lease was released or ran out. The check of the epoch comes before
///   that of the version.
/// - `append` by a bystander makes the stream due at once.
/// - A claim gives a strictly larger epoch than any before for that stream, also after a restart.
/// - Only streams that are due and not leased are claimed, the longest due first,
///   at most `limit`; nobody else gets them until the lease is released or has run out.
/// - `release` sets when the stream is due next; when entries newer than `seen`
///   were appended meanwhile, it is due at once, so that no wake-up is lost.
/// - Nothing is ever changed or removed.
///
/// # Errors
/// An append that may or may not have been stored gives [`AppendError::Unknown`],
/// never a guess.
#[async_trait]
pub trait Journal: Send + Sync + std::fmt::Debug {
    /// Appends entries behind `expected`.
    async fn append(
        &self,
        stream: &RetirementId,
        expected: Version,
        authority: Authority<'_>,
        entries: &[Entry],
    ) -> Result<(), AppendError>;

    /// The entries after version `after`, oldest first, at most `limit`; empty
    /// when there are no more.
    ///
    /// # Errors
    /// [`JournalError::NoSuchStream`] when the stream does not exist.
    async fn read(
        &self,
        stream: &RetirementId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError>;

    /// The streams whose name is greater than `after`, by name, at most `limit`.
    async fn streams(
        &self,
        after: Option<&RetirementId>,
        limit: usize,
    ) -> Result<Vec<StreamInfo>, JournalError>;

    /// Claims streams that are due, each with a new epoch.
    async fn claim_due(
        &self,
        worker: &WorkerId,
        ttl: Period,
        limit: usize,
    ) -> Result<Vec<Lease>, JournalError>;

    /// Lengthens a lease to `ttl` from now; the epoch stays.
    async fn renew(&self, lease: &Lease, ttl: Period) -> Result<Lease, LeaseError>;

    /// Gives a lease back and says when the stream is due next; `None` for never
    /// (a person's append still makes it due).
    async fn release(
        &self,
        lease: &Lease,
        seen: Version,
        due: Option<Timestamp>,
    ) -> Result<(), LeaseError>;

    /// The earliest moment at which a claim could give something: the smallest
    /// due time, or the end of the lease where that is later.
    async fn next_due(&self) -> Result<Option<Timestamp>, JournalError>;
}

/// For implementers of [`Journal`]: checks that entries continue a chain.
///
/// # Errors
/// [`AppendError::BrokenChain`] with the first link that does not fit.
pub fn check_chain(
    stream: &RetirementId,
    expected: Version,
    head: Digest,
    entries: &[Entry],
) -> Result<(), AppendError> {
    let broken = |why: String| {
        Err(AppendError::BrokenChain {
            stream: stream.clone(),
            why,
        })
    };
    let mut prev = head;
    for (version, entry) in (expected + 1..).zip(entries) {
        if entry.stream != *stream {
            return broken(format!("entry {version} belongs to {}", entry.stream));
        }
        if entry.version != version {
            return broken(format!(
                "entry {version} says that it is number {}",
                entry.version
            ));
        }
        if entry.prev != prev {
            return broken(format!("entry {version} does not follow the entry before"));
        }
        match entry.computed_digest() {
            Ok(digest) if digest == entry.digest => prev = digest,
            Ok(_) => return broken(format!("the digest of entry {version} is not its own")),
            Err(error) => return broken(format!("entry {version} has no digest: {error}")),
        }
    }
    Ok(())
}
