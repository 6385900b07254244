//! One retirement, folded from its log, and the way new events get into it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::digest::Digest;
use crate::engine::{Engine, EngineError};
use crate::id::RetirementId;
use crate::journal::{Actor, AppendError, Authority, Entry, Journal, Version, check_chain};
use crate::ledger::merkle::{MerkleTree, entry_leaf};
use crate::retirement::{Command, Event, Refusal, Retirement};
use crate::time::Timestamp;

/// How many entries are read at a time.
const PAGE: usize = 500;

/// How often an append is tried again when somebody else was faster.
const TRIES: u32 = 64;

/// A retirement as far as its log was read.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) id: RetirementId,
    pub(super) state: Retirement,
    pub(super) version: Version,
    pub(super) head: Digest,
    /// Over all entries, for checkpoints.
    pub(super) tree: MerkleTree,
}

/// How many retirements are kept folded, so that their logs are read on and not
/// read again.
const KEPT: usize = 512;

/// Retirements as far as they were read before.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<BTreeMap<RetirementId, Stream>>);

/// Reads a whole log, checking the chain.
pub(super) async fn read_all(
    journal: &dyn Journal,
    id: &RetirementId,
) -> Result<Vec<Entry>, EngineError> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let (version, head) = entries
            .last()
            .map_or_else(|| (0, Entry::genesis(id)), |e| (e.version, e.digest));
        let page = read_page(journal, id, version, head).await?;
        if page.is_empty() {
            return Ok(entries);
        }
        entries.extend(page);
    }
}

async fn read_page(
    journal: &dyn Journal,
    id: &RetirementId,
    version: Version,
    head: Digest,
) -> Result<Vec<Entry>, EngineError> {
    let page = journal.read(id, version, PAGE).await?;
    check_chain(id, version, head, &page).map_err(|error| EngineError::Unreadable {
        stream: id.clone(),
        version: version + 1,
        why: error.to_string(),
    })?;
    Ok(page)
}

/// The event in an entry.
pub(super) fn event_of(entry: &Entry) -> Result<Event, EngineError> {
    serde_json::from_value(entry.body.clone()).map_err(|error| EngineError::Unreadable {
        stream: entry.stream.clone(),
        version: entry.version,
        why: format!("it is no event that this version knows ({error})"),
    })
}

/// Seals events into the chain.
pub(super) fn seal(
    id: &RetirementId,
    version: Version,
    head: Digest,
    events: &[Event],
    actor: &Actor,
    at: Timestamp,
) -> Result<Vec<Entry>, EngineError> {
    let mut entries = Vec::with_capacity(events.len());
    let mut prev = head;
    for (version, event) in (version + 1..).zip(events) {
        let body = serde_json::to_value(event)
            .map_err(|error| EngineError::Unloggable(crate::digest::CanonicalError::Json(error)))?;
        let kind = body.get("type").and_then(|kind| kind.as_str());
        let kind = kind.unwrap_or("event").to_owned();
        let entry = Entry::seal(id.clone(), version, at, actor.clone(), kind, body, prev)?;
        prev = entry.digest;
        entries.push(entry);
    }
    Ok(entries)
}

impl Stream {
    /// Reads a retirement.
    pub(super) async fn load(
        journal: &dyn Journal,
        id: &RetirementId,
    ) -> Result<Self, EngineError> {
        let page = read_page(journal, id, 0, Entry::genesis(id)).await?;
        let unreadable = |why: &str| EngineError::Unreadable {
            stream: id.clone(),
            version: 1,
            why: why.to_owned(),
        };
        let first = page.first().ok_or_else(|| unreadable("there is none"))?;
        let state = Retirement::begin(&event_of(first)?, first.at)
            .ok_or_else(|| unreadable("it is no proposal"))?;
        let mut stream = Self {
            id: id.clone(),
            state,
            version: 0,
            head: Entry::genesis(id),
            tree: MerkleTree::new(),
        };
        stream.step_to(first)?;
        stream.follow(page.get(1..).unwrap_or_default())?;
        stream.catch_up(journal).await?;
        Ok(stream)
    }

    /// Reads what was appended since.
    pub(super) async fn catch_up(&mut self, journal: &dyn Journal) -> Result<(), EngineError> {
        loop {
            let page = read_page(journal, &self.id, self.version, self.head).await?;
            if page.is_empty() {
                return Ok(());
            }
            self.follow(&page)?;
        }
    }

    fn follow(&mut self, entries: &[Entry]) -> Result<(), EngineError> {
        for entry in entries {
            self.state.evolve(&event_of(entry)?, entry.at);
            self.step_to(entry)?;
        }
        Ok(())
    }

    fn step_to(&mut self, entry: &Entry) -> Result<(), EngineError> {
        self.tree.push(entry_leaf(entry)?);
        self.version = entry.version;
        self.head = entry.digest;
        Ok(())
    }
}

impl Engine {
    /// A retirement as its log is now: read on from where it was left.
    pub(super) async fn open(&self, id: &RetirementId) -> Result<Stream, EngineError> {
        let kept = {
            // Whole streams: a poisoned lock still holds valid ones.
            let kept = self.kept.0.lock().unwrap_or_else(|p| p.into_inner());
            kept.get(id).cloned()
        };
        let stream = match kept {
            Some(mut stream) => {
                stream.catch_up(self.journal.as_ref()).await?;
                stream
            }
            None => Stream::load(self.journal.as_ref(), id).await?,
        };
        self.remember(&stream);
        Ok(stream)
    }

    pub(super) fn remember(&self, stream: &Stream) {
        let mut kept = self.kept.0.lock().unwrap_or_else(|p| p.into_inner());
        if kept.len() >= KEPT && !kept.contains_key(&stream.id) {
            kept.clear();
        }
        let newer = kept
            .get(&stream.id)
            .is_none_or(|before| before.version < stream.version);
        if newer {
            kept.insert(stream.id.clone(), stream.clone());
        }
    }

    /// Decides a command and appends what it leads to. When somebody else
    /// appended first, the log is read on and the command is decided again: a
    /// person's word and a worker's intent contend for one version, and exactly
    /// one wins (invariant I-16).
    pub(super) async fn commit(
        &self,
        stream: &mut Stream,
        authority: Authority<'_>,
        actor: &Actor,
        command: Command,
    ) -> Result<Vec<Event>, EngineError> {
        let mut last = None;
        for _ in 0..TRIES {
            let now = stream.state.forward(self.clock.now());
            let events = stream.state.decide(command.clone(), now)?;
            if events.is_empty() {
                return Ok(events);
            }
            let entries = seal(&stream.id, stream.version, stream.head, &events, actor, now)?;
            let appended = self
                .journal
                .append(&stream.id, stream.version, authority, &entries)
                .await;
            match appended {
                Ok(()) => {
                    for (entry, event) in entries.iter().zip(&events) {
                        stream.state.evolve(event, entry.at);
                        stream.step_to(entry)?;
                        self.tell(entry, event);
                    }
                    return Ok(events);
                }
                Err(error @ AppendError::Conflict { .. }) => {
                    stream.catch_up(self.journal.as_ref()).await?;
                    last = Some(error);
                }
                // They are there whole or not at all: a look tells.
                Err(error @ AppendError::Unknown { .. }) => {
                    let wanted = entries.last().map(|entry| entry.digest);
                    let before = stream.version;
                    stream.catch_up(self.journal.as_ref()).await?;
                    let after = self.journal.read(&stream.id, before, entries.len()).await?;
                    if after.last().map(|entry| entry.digest) == wanted {
                        for (entry, event) in entries.iter().zip(&events) {
                            self.tell(entry, event);
                        }
                        return Ok(events);
                    }
                    last = Some(error);
                }
                Err(
                    error @ (AppendError::StaleLease { .. }
                    | AppendError::BrokenChain { .. }
                    | AppendError::Journal(_)),
                ) => return Err(error.into()),
            }
        }
        Err(last.map_or_else(
            || Refusal::NotNow("the log changes too fast; try again".to_owned()).into(),
            EngineError::Append,
        ))
    }
}
