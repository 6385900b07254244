//! What the cases are written with.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::conformance::Trouble;
use crate::digest::Digest;
use crate::id::{PersonId, RetirementId, WorkerId};
use crate::journal::{
    Actor, AppendError, Authority, Entry, Journal, JournalError, Lease, StreamInfo, Version,
};
use crate::time::{ManualClock, Period, Timestamp};

/// How long the leases of a case are, unless it says otherwise.
pub(super) const TTL: Period = Period::minutes(5);

/// How many entries or streams are read where all are wanted.
pub(super) const ALL: usize = 100_000;

/// A clock that stands at a moment like any other.
pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting_at(
        Period::days(20_000).after(Timestamp::UNIX_EPOCH),
    ))
}

pub(super) fn stream(name: &str) -> Result<RetirementId, Trouble> {
    Ok(RetirementId::parse(name)?)
}

pub(super) fn worker(name: &str) -> Result<WorkerId, Trouble> {
    Ok(WorkerId::parse(name)?)
}

/// `count` entries that continue a chain at `version` with the newest digest `head`.
pub(super) fn chain(
    stream: &RetirementId,
    version: Version,
    mut head: Digest,
    count: u64,
    note: &str,
) -> Result<Vec<Entry>, Trouble> {
    let mut entries = Vec::new();
    for version in version + 1..=version + count {
        let entry = Entry::seal(
            stream.clone(),
            version,
            Timestamp::UNIX_EPOCH,
            Actor::Person(PersonId::parse("ann")?),
            "noted",
            serde_json::json!({ "note": note, "n": version }),
            head,
        )?;
        head = entry.digest;
        entries.push(entry);
    }
    Ok(entries)
}

/// The newest version and digest; those of an empty stream when it does not exist.
pub(super) async fn tip(
    journal: &dyn Journal,
    stream: &RetirementId,
) -> Result<(Version, Digest), Trouble> {
    match journal.read(stream, 0, ALL).await {
        Ok(entries) => Ok(entries.last().map_or((0, Entry::genesis(stream)), |entry| {
            (entry.version, entry.digest)
        })),
        Err(JournalError::NoSuchStream(_)) => Ok((0, Entry::genesis(stream))),
        Err(error) => Err(error.into()),
    }
}

/// `count` entries that continue the stream as it is now, and its version.
pub(super) async fn next(
    journal: &dyn Journal,
    stream: &RetirementId,
    count: u64,
) -> Result<(Version, Vec<Entry>), Trouble> {
    let (version, head) = tip(journal, stream).await?;
    Ok((version, chain(stream, version, head, count, "next")?))
}

/// Appends `count` entries behind the newest.
pub(super) async fn append(
    journal: &dyn Journal,
    stream: &RetirementId,
    authority: Authority<'_>,
    count: u64,
) -> Result<Result<(), AppendError>, Trouble> {
    let (version, entries) = next(journal, stream, count).await?;
    Ok(journal.append(stream, version, authority, &entries).await)
}

/// What a person says, which has to be stored.
pub(super) async fn say(journal: &dyn Journal, stream: &RetirementId) -> Result<(), Trouble> {
    Ok(append(journal, stream, Authority::Bystander, 1).await??)
}

/// A claim of the one stream that is due.
pub(super) async fn claim(journal: &dyn Journal, stream: &RetirementId) -> Result<Lease, Trouble> {
    let leases = journal.claim_due(&worker("w1")?, TTL, ALL).await?;
    let [lease] = &leases[..] else {
        return Err(format!("one lease was expected, not {leases:?}").into());
    };
    assert_eq!(lease.stream, *stream, "the lease is of another stream");
    Ok(lease.clone())
}

/// What the journal says of the stream.
pub(super) async fn info(
    journal: &dyn Journal,
    stream: &RetirementId,
) -> Result<StreamInfo, Trouble> {
    journal
        .streams(None, ALL)
        .await?
        .into_iter()
        .find(|info| info.stream == *stream)
        .ok_or_else(|| format!("{stream} is not listed").into())
}

/// Everything the journal holds, each stream's chain checked.
pub(super) async fn everything(
    journal: &dyn Journal,
) -> Result<BTreeMap<RetirementId, (StreamInfo, Vec<Entry>)>, Trouble> {
    let mut all = BTreeMap::new();
    for info in journal.streams(None, ALL).await? {
        let entries = journal.read(&info.stream, 0, ALL).await?;
        let genesis = Entry::genesis(&info.stream);
        crate::journal::check_chain(&info.stream, 0, genesis, &entries)?;
        let head = entries.last().map_or(genesis, |entry| entry.digest);
        assert_eq!(head, info.head, "the listed head is not the newest entry's");
        assert_eq!(info.version, entries.len() as Version, "the listed version");
        all.insert(info.stream.clone(), (info, entries));
    }
    Ok(all)
}

/// Random numbers that are the same in every run (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `bound` (which is not 0).
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
