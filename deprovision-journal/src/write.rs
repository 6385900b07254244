//! The changes, each made whole or not at all inside one transaction.
//!
//! Every function checks before it writes, so that a refusal leaves nothing
//! behind in a transaction that it shares with others.

use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::{
    AppendError, Authority, Entry, Lease, LeaseError, Version, check_chain,
};
use deprovision_core::time::{Period, Timestamp};
use redb::{ReadableTable as _, Table, WriteTransaction};

use crate::fault::Fault;
use crate::format::{DUE, ENTRIES, HEADS};
use crate::head::{Head, Held};
use crate::read::{due_head, head_of};

/// The tables of an open transaction.
#[derive(Debug)]
pub(crate) struct Tables<'t> {
    entries: Table<'t, (&'static str, u64), &'static [u8]>,
    heads: Table<'t, &'static str, &'static [u8]>,
    due: Table<'t, (i128, &'static str), ()>,
    /// Whether anything was written, so that a commit is needed.
    pub(crate) changed: bool,
}

/// An append with its entries in their stored form.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) stream: RetirementId,
    pub(crate) expected: Version,
    /// The owner's lease; `None` for a bystander.
    pub(crate) lease: Option<Lease>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) encoded: Vec<Vec<u8>>,
}

impl Append {
    pub(crate) fn new(
        stream: &RetirementId,
        expected: Version,
        authority: Authority<'_>,
        entries: &[Entry],
    ) -> Result<Self, Fault> {
        Ok(Self {
            stream: stream.clone(),
            expected,
            lease: match authority {
                Authority::Owner(lease) => Some(lease.clone()),
                Authority::Bystander => None,
            },
            encoded: entries
                .iter()
                .map(crate::format::encode)
                .collect::<Result<_, _>>()?,
            entries: entries.to_vec(),
        })
    }
}

impl<'t> Tables<'t> {
    pub(crate) fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            heads: transaction.open_table(HEADS)?,
            due: transaction.open_table(DUE)?,
            changed: false,
        })
    }

    pub(crate) fn append(
        &mut self,
        append: &Append,
        now: Timestamp,
    ) -> Result<Result<(), AppendError>, Fault> {
        let stream = &append.stream;
        let old = head_of(&self.heads, stream)?;
        let head = old.clone().unwrap_or_else(|| Head::genesis(stream));
        if let Some(lease) = &append.lease
            && (lease.epoch != head.epoch || !head.is_leased(now) || lease.stream != *stream)
        {
            return Ok(Err(AppendError::StaleLease {
                stream: stream.clone(),
                held: lease.epoch,
                current: head.epoch,
            }));
        }
        if head.version != append.expected {
            return Ok(Err(AppendError::Conflict {
                stream: stream.clone(),
                expected: append.expected,
                actual: head.version,
            }));
        }
        let chain = check_chain(stream, append.expected, head.digest, &append.entries);
        if let Err(broken) = chain {
            return Ok(Err(broken));
        }
        let Some(newest) = append.entries.last() else {
            return Ok(Ok(()));
        };
        for (entry, bytes) in append.entries.iter().zip(&append.encoded) {
            let key = (stream.as_str(), entry.version);
            if self.entries.insert(key, bytes.as_slice())?.is_some() {
                let why = "there is one beyond the stream's newest, and it would be overwritten";
                return Err(Fault::entry(stream, entry.version, why));
            }
        }
        let due = match append.lease {
            Some(_) => head.due,
            None => Some(head.due.map_or(now, |due| due.min(now))),
        };
        let new = Head {
            version: newest.version,
            digest: newest.digest,
            due,
            ..head
        };
        self.put(stream, old.as_ref(), &new)?;
        Ok(Ok(()))
    }

    pub(crate) fn claim(
        &mut self,
        worker: &WorkerId,
        ttl: Period,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Lease>, Fault> {
        let mut free = Vec::new();
        for row in self.due.range(..(now.as_nanosecond() + 1, ""))? {
            if free.len() >= limit {
                break;
            }
            let (key, _) = row?;
            let (stream, _, head) = due_head(&self.heads, key.value())?;
            if !head.is_leased(now) {
                free.push((stream, head));
            }
        }
        let mut leases = Vec::with_capacity(free.len());
        for (stream, old) in free {
            let epoch = old.epoch.checked_add(1).ok_or_else(|| {
                Fault::Damaged(format!("{stream} has the largest epoch there is"))
            })?;
            let until = ttl.after(now);
            let new = Head {
                epoch,
                lease: Some(Held {
                    worker: worker.clone(),
                    until,
                }),
                ..old.clone()
            };
            self.put(&stream, Some(&old), &new)?;
            leases.push(Lease::new(stream, worker.clone(), epoch, until));
        }
        Ok(leases)
    }

    pub(crate) fn renew(
        &mut self,
        lease: &Lease,
        ttl: Period,
        now: Timestamp,
    ) -> Result<Result<Lease, LeaseError>, Fault> {
        let old = match self.held(lease, now)? {
            Ok(old) => old,
            Err(lost) => return Ok(Err(lost)),
        };
        let until = ttl.after(now);
        let new = Head {
            lease: Some(Held {
                worker: lease.worker.clone(),
                until,
            }),
            ..old.clone()
        };
        self.put(&lease.stream, Some(&old), &new)?;
        Ok(Ok(Lease::new(
            lease.stream.clone(),
            lease.worker.clone(),
            lease.epoch,
            until,
        )))
    }

    pub(crate) fn release(
        &mut self,
        lease: &Lease,
        seen: Version,
        due: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Result<(), LeaseError>, Fault> {
        let old = match self.held(lease, now)? {
            Ok(old) => old,
            Err(lost) => return Ok(Err(lost)),
        };
        let new = Head {
            lease: None,
            due: if old.version > seen { Some(now) } else { due },
            ..old.clone()
        };
        self.put(&lease.stream, Some(&old), &new)?;
        Ok(Ok(()))
    }

    /// The state of the stream, when this lease still is its owner's.
    fn held(&self, lease: &Lease, now: Timestamp) -> Result<Result<Head, LeaseError>, Fault> {
        let lost = |current| LeaseError::Lost {
            stream: lease.stream.clone(),
            worker: lease.worker.clone(),
            held: lease.epoch,
            current,
        };
        Ok(match head_of(&self.heads, &lease.stream)? {
            None => Err(lost(0)),
            Some(head) if head.epoch != lease.epoch || !head.is_leased(now) => {
                Err(lost(head.epoch))
            }
            Some(head) => Ok(head),
        })
    }

    /// Stores a stream's state, and keeps the due index with it.
    fn put(&mut self, stream: &RetirementId, old: Option<&Head>, new: &Head) -> Result<(), Fault> {
        self.changed = true;
        let name = stream.as_str();
        let row = new.encode(stream)?;
        self.heads.insert(name, row.as_slice())?;
        let before = old.and_then(|old| old.due);
        if before != new.due {
            if let Some(due) = before {
                self.due.remove((due.as_nanosecond(), name))?;
            }
            if let Some(due) = new.due {
                self.due.insert((due.as_nanosecond(), name), ())?;
            }
        }
        Ok(())
    }
}
