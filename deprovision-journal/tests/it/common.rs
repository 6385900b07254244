//! What the tests are written with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use deprovision_core::id::{PersonId, RetirementId, WorkerId};
use deprovision_core::journal::{
    Actor, Authority, Entry, Journal, JournalError, StreamInfo, check_chain,
};
use deprovision_core::time::{ManualClock, Period, Timestamp};
use deprovision_journal::RedbJournal;

/// Everything a journal holds.
pub(crate) type Contents = BTreeMap<RetirementId, (StreamInfo, Vec<Entry>)>;

pub(crate) fn stream(name: &str) -> RetirementId {
    RetirementId::parse(name).unwrap()
}

pub(crate) fn worker() -> WorkerId {
    WorkerId::parse("w1").unwrap()
}

pub(crate) fn clock() -> Arc<ManualClock> {
    let start = Period::days(20_000).after(Timestamp::UNIX_EPOCH);
    Arc::new(ManualClock::starting_at(start))
}

/// The entry that continues a stream.
pub(crate) fn follow(stream: &RetirementId, before: Option<&Entry>, note: &str) -> Entry {
    Entry::seal(
        stream.clone(),
        before.map_or(1, |entry| entry.version + 1),
        Timestamp::UNIX_EPOCH,
        Actor::Person(PersonId::parse("ann").unwrap()),
        "noted",
        serde_json::json!({ "note": note }),
        before.map_or_else(|| Entry::genesis(stream), |entry| entry.digest),
    )
    .unwrap()
}

/// Everything in the journal; every chain is checked.
pub(crate) async fn contents(journal: &RedbJournal) -> Result<Contents, JournalError> {
    let mut all = Contents::new();
    for info in journal.streams(None, usize::MAX).await? {
        let entries = journal.read(&info.stream, 0, usize::MAX).await?;
        check_chain(&info.stream, 0, Entry::genesis(&info.stream), &entries).unwrap();
        assert_eq!(entries.len() as u64, info.version);
        all.insert(info.stream.clone(), (info, entries));
    }
    Ok(all)
}

/// A journal with a few streams in different states, closed; and what it holds.
pub(crate) async fn sample(path: &Path) -> Contents {
    let journal = fill(path).await;
    let all = contents(&journal).await.unwrap();
    assert_eq!(all.len(), 12);
    all
}

/// The same journal, still open.
pub(crate) async fn fill(path: &Path) -> RedbJournal {
    let clock = clock();
    let journal = RedbJournal::create(path, clock.clone()).await.unwrap();
    for number in 0..12_u64 {
        let name = stream(&format!("retire-{number}"));
        let mut entries: Vec<Entry> = Vec::new();
        for _ in 0..=number {
            let note = format!("{number} ").repeat(40);
            entries.push(follow(&name, entries.last(), &note));
        }
        journal
            .append(&name, 0, Authority::Bystander, &entries)
            .await
            .unwrap();
        clock.advance(Period::seconds(1));
    }
    let ttl = Period::minutes(5);
    let leases = journal.claim_due(&worker(), ttl, 6).await.unwrap();
    journal.release(&leases[0], 99, None).await.unwrap();
    let later = Some(Period::days(1).after(Timestamp::UNIX_EPOCH));
    journal.release(&leases[1], 99, later).await.unwrap();
    journal
}

/// Random numbers that are the same in every run (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
