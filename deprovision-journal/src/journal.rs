//! The journal in a file.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::{
    AppendError, Authority, Entry, Journal, JournalError, Lease, LeaseError, StreamInfo, Version,
};
use deprovision_core::time::{Clock, Period, Timestamp};
use redb::Database;

use crate::batch::{Failed, Store};
use crate::fault::Fault;
use crate::write::Append;
use crate::{open, read};

/// A [`Journal`] in one file, for one process at a time.
///
/// Clones share the file; it is closed when the last one is dropped. Every call
/// needs a Tokio runtime, and the disk is only touched on its blocking threads.
///
/// A future that is dropped before it was ready leaves it open whether the
/// change was made, as [`AppendError::Unknown`] does.
///
/// After an error of the disk the store refuses every change until the journal
/// is opened anew ([`JournalError::Unavailable`]), because only then it can tell
/// what reached the disk.
#[derive(Debug, Clone)]
pub struct RedbJournal {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
}

impl RedbJournal {
    /// Opens the journal at `path`.
    ///
    /// The whole file is read and checked before a byte of it is changed: that it
    /// is a journal of a known format, that every page has its checksum, that
    /// every stream ends in the entry it says. That takes one or two seconds a gigabyte.
    ///
    /// # Errors
    /// - [`JournalError::NotAJournal`]: no such file, another kind of file, one
    ///   that ends too early or is damaged;
    /// - [`JournalError::NewerFormat`]: made by a newer version of this program;
    /// - [`JournalError::InUse`]: open in another process, or elsewhere in this one.
    ///
    /// In each case the file is left as it is, byte for byte.
    pub async fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        Self::begin(path.as_ref(), clock, open::open).await
    }

    /// Opens the journal at `path`, and makes an empty one when there is no file.
    ///
    /// The new file appears whole or not at all, readable by its owner alone. An
    /// empty file is no journal, and is refused.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), and [`JournalError::NotAJournal`] when the
    /// file can not be made.
    pub async fn create(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JournalError> {
        Self::begin(path.as_ref(), clock, open::create).await
    }

    async fn begin(
        path: &Path,
        clock: Arc<dyn Clock>,
        how: fn(&Path) -> Result<Database, JournalError>,
    ) -> Result<Self, JournalError> {
        let path = path.to_owned();
        let database = tokio::task::spawn_blocking(move || how(&path))
            .await
            .unwrap_or_else(|_| Err(Fault::Cancelled.while_doing("opening it")))?;
        Ok(Self::over(database, clock))
    }

    /// The journal in a database that has its tables.
    pub(crate) fn over(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            store: Arc::new(Store::new(database)),
            clock,
        }
    }
}

impl Failed {
    /// The error of a change that is harmless when it was made after all: an
    /// epoch that nobody uses, a lease that runs out.
    fn while_doing(self, doing: &'static str) -> JournalError {
        match self {
            Self::NotStored(fault) | Self::Unknown(fault) => fault.while_doing(doing),
        }
    }
}

#[async_trait]
impl Journal for RedbJournal {
    async fn append(
        &self,
        stream: &RetirementId,
        expected: Version,
        authority: Authority<'_>,
        entries: &[Entry],
    ) -> Result<(), AppendError> {
        let doing = "appending";
        let append = Append::new(stream, expected, authority, entries)
            .map_err(|fault| fault.while_doing(doing))?;
        let clock = self.clock.clone();
        let done = self
            .store
            .write(move |tables| tables.append(&append, clock.now()))
            .await;
        match done {
            Ok(result) => result,
            Err(Failed::NotStored(fault)) => Err(fault.while_doing(doing).into()),
            Err(Failed::Unknown(fault)) => Err(AppendError::Unknown {
                stream: stream.clone(),
                source: fault.into_cause(),
            }),
        }
    }

    async fn read(
        &self,
        stream: &RetirementId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        let name = stream.clone();
        self.store
            .read(move |database| read::entries(database, &name, after, limit))
            .await
            .map_err(|fault| fault.while_doing("reading a stream"))?
            .ok_or_else(|| JournalError::NoSuchStream(stream.clone()))
    }

    async fn streams(
        &self,
        after: Option<&RetirementId>,
        limit: usize,
    ) -> Result<Vec<StreamInfo>, JournalError> {
        let after = after.cloned();
        self.store
            .read(move |database| read::streams(database, after.as_ref(), limit))
            .await
            .map_err(|fault| fault.while_doing("listing streams"))
    }

    async fn claim_due(
        &self,
        worker: &WorkerId,
        ttl: Period,
        limit: usize,
    ) -> Result<Vec<Lease>, JournalError> {
        let (worker, clock) = (worker.clone(), self.clock.clone());
        self.store
            .write(move |tables| tables.claim(&worker, ttl, limit, clock.now()))
            .await
            .map_err(|failed| failed.while_doing("claiming what is due"))
    }

    async fn renew(&self, lease: &Lease, ttl: Period) -> Result<Lease, LeaseError> {
        let (lease, clock) = (lease.clone(), self.clock.clone());
        self.store
            .write(move |tables| tables.renew(&lease, ttl, clock.now()))
            .await
            .map_err(|failed| failed.while_doing("renewing a lease"))?
    }

    async fn release(
        &self,
        lease: &Lease,
        seen: Version,
        due: Option<Timestamp>,
    ) -> Result<(), LeaseError> {
        let (lease, clock) = (lease.clone(), self.clock.clone());
        self.store
            .write(move |tables| tables.release(&lease, seen, due, clock.now()))
            .await
            .map_err(|failed| failed.while_doing("giving a lease back"))?
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, JournalError> {
        self.store
            .read(read::next_due)
            .await
            .map_err(|fault| fault.while_doing("looking for what is due next"))
    }
}
