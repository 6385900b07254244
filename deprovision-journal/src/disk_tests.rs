//! What a failing disk, a loss of power and a disk that lies do to a journal.

use std::sync::Arc;

use deprovision_core::id::{PersonId, RetirementId, WorkerId};
use deprovision_core::journal::{
    Actor, AppendError, Authority, Entry, Journal as _, JournalError, check_chain,
};
use deprovision_core::time::{ManualClock, Period, Timestamp};
use redb::{Builder, Database, DatabaseError};

use crate::RedbJournal;
use crate::fake_disk::FakeDisk;
use crate::open::lay_out;

/// Random numbers that are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn stream() -> RetirementId {
    RetirementId::parse("r1").unwrap()
}

fn follow(before: Option<&Entry>, size: usize) -> Entry {
    Entry::seal(
        stream(),
        before.map_or(1, |entry| entry.version + 1),
        Timestamp::UNIX_EPOCH,
        Actor::Person(PersonId::parse("ann").unwrap()),
        "noted",
        serde_json::json!({ "note": "x".repeat(size) }),
        before.map_or_else(|| Entry::genesis(&stream()), |entry| entry.digest),
    )
    .unwrap()
}

fn over(database: Database) -> RedbJournal {
    let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
    RedbJournal::over(database, clock)
}

/// A new journal on a disk.
fn fresh() -> (FakeDisk, RedbJournal) {
    let disk = FakeDisk::default();
    let database = Builder::new().create_with_backend(disk.clone()).unwrap();
    lay_out(&database).unwrap();
    (disk, over(database))
}

/// The journal that is on these bytes; without a cache, so that it asks the disk.
fn reopened(bytes: Vec<u8>) -> Result<(FakeDisk, RedbJournal), DatabaseError> {
    let disk = FakeDisk::holding(bytes);
    let database = Builder::new()
        .set_cache_size(0)
        .set_check_integrity_on_open(true)
        .create_with_backend(disk.clone())?;
    Ok((disk, over(database)))
}

/// What a run of appends and claims came to.
#[derive(Default)]
struct Run {
    /// Acknowledged.
    stored: Vec<Entry>,
    /// Neither acknowledged nor refused.
    doubtful: Vec<Entry>,
    epoch: u64,
    failed: bool,
}

async fn run(journal: &RedbJournal) -> Run {
    let mut run = Run::default();
    let worker = WorkerId::parse("w1").unwrap();
    for round in 0..8_usize {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 0..=round % 3 {
            let before = entries.last().or(run.stored.last());
            entries.push(follow(before, round * 700 + number));
        }
        let expected = run.stored.len() as u64;
        let done = journal
            .append(&stream(), expected, Authority::Bystander, &entries)
            .await;
        match done {
            Ok(()) => run.stored.extend(entries),
            Err(AppendError::Unknown { .. }) => {
                run.doubtful = entries;
                run.failed = true;
            }
            Err(AppendError::Journal(JournalError::Unavailable { .. })) => run.failed = true,
            Err(error) => panic!("{error:?}"),
        }
        if run.failed {
            return run;
        }
        match journal.claim_due(&worker, Period::ZERO, 1).await {
            Ok(leases) => run.epoch = leases[0].epoch,
            Err(JournalError::Unavailable { .. }) => {
                run.failed = true;
                return run;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    run
}

/// What was acknowledged is in these bytes; what is in doubt, whole or not at all.
async fn assert_kept(bytes: Vec<u8>, run: &Run, what: &str) {
    let (_, journal) = reopened(bytes).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let entries = match journal.read(&stream(), 0, usize::MAX).await {
        Err(JournalError::NoSuchStream(_)) => Vec::new(),
        read => read.unwrap(),
    };
    check_chain(&stream(), 0, Entry::genesis(&stream()), &entries).unwrap();
    let with_doubtful = [run.stored.clone(), run.doubtful.clone()].concat();
    assert!(
        entries == run.stored || entries == with_doubtful,
        "{what}: {} entries are there, {} were acknowledged and {} are in doubt",
        entries.len(),
        run.stored.len(),
        run.doubtful.len()
    );
    if let Some(info) = journal.streams(None, 1).await.unwrap().pop() {
        assert!(info.epoch >= run.epoch, "{what}: epoch {}", info.epoch);
    }
}

#[tokio::test]
async fn i_15_a_disk_that_fails_at_any_operation_loses_nothing_acknowledged() {
    let mut dice = Dice(15);
    let mut doubts = 0;
    for operations in 0.. {
        let (disk, journal) = fresh();
        disk.fail_after(operations);
        let run = run(&journal).await;
        if !run.failed {
            assert!(operations > 60, "only {operations} operations");
            break;
        }
        doubts += usize::from(!run.doubtful.is_empty());
        // It stays refused, and the error says that it was not stored.
        let next = follow(run.stored.last(), 1);
        let again = journal
            .append(
                &stream(),
                run.stored.len() as u64,
                Authority::Bystander,
                &[next],
            )
            .await;
        assert!(
            matches!(
                &again,
                Err(AppendError::Journal(JournalError::Unavailable { .. }))
            ),
            "after operation {operations}: {again:?}"
        );
        assert_kept(disk.bytes(), &run, &format!("killed at {operations}")).await;
        for time in 0..3 {
            let bytes = disk.after_power_loss(|bound| dice.below(bound));
            let what = format!("power lost at {operations}, {time}");
            assert_kept(bytes, &run, &what).await;
        }
    }
    assert!(doubts > 10, "only {doubts} appends were left in doubt");
}

#[tokio::test]
async fn i_19_a_page_that_changes_under_an_open_journal_is_never_read_as_content() {
    let (disk, journal) = fresh();
    let expected = run(&journal).await.stored;
    drop(journal);
    let bytes = disk.bytes();
    let pages = bytes.len() / 4096;
    let mut dice = Dice(19);
    let mut noticed = 0;
    for round in 0..pages * 12 {
        let page = round % pages * 4096;
        let (disk, journal) = reopened(bytes.clone()).unwrap();
        let junk = match round / pages {
            0 => vec![0; 4096],
            1 => vec![0xff; 4096],
            2 | 3 => bytes[dice.below(pages as u64) as usize * 4096..][..4096].to_vec(),
            _ => {
                let mut flipped = disk.bytes()[page..page + 4096].to_vec();
                flipped[dice.below(4096) as usize] ^= 1 << dice.below(8);
                flipped
            }
        };
        disk.scribble(page, &junk);
        match journal.read(&stream(), 0, usize::MAX).await {
            Ok(entries) => assert!(entries == expected, "round {round}: read wrongly"),
            Err(JournalError::Corrupt { .. } | JournalError::Damaged { .. }) => noticed += 1,
            Err(error) => panic!("round {round}: {error:?}"),
        }
    }
    assert!(noticed > 20, "only {noticed} rounds touched what was read");
}
