//! Files of released formats, which every later version must read.
//!
//! `tests/fixtures/format-N.sparse` is a whole journal file without its zeros:
//! its length, then each run of 64-byte pieces that are not all zero as offset,
//! length and bytes (numbers are 32 bits, the lowest byte first). A fixture is
//! never written again; a new format gets a new one.

use std::fs;
use std::path::{Path, PathBuf};

use deprovision_core::id::{PersonId, WorkerId};
use deprovision_core::journal::{Actor, Authority, Entry, Journal as _};
use deprovision_core::time::{Clock as _, Period, Timestamp};
use deprovision_journal::RedbJournal;
use tempfile::TempDir;

use crate::common::{clock, contents, stream};

/// How much is left out at once.
const PIECE: usize = 64;

/// The streams of the fixture: name, entries, due, epoch, and the digest of the
/// newest entry as it was when the fixture was made.
const STREAMS: [(&str, u64, Option<&str>, u64, &str); 3] = [
    (
        "billing/v2@eu",
        1,
        Some("2024-10-04T00:00:00Z"),
        1,
        HEADS[0],
    ),
    ("orders-v1", 5, None, 2, HEADS[1]),
    ("users-v3", 3, Some("2030-01-01T00:00:00.5Z"), 1, HEADS[2]),
];

const HEADS: [&str; 3] = [
    "sha256:20d5a58eaa85473530172e303ff25446b80e402d7d1e65c2587271bf1b9b5c1a",
    "sha256:8ef0a194c8cfaef20f2a8cc54641cfbb64103d7c4cae1fe35197b2c25a091051",
    "sha256:7c286890a954da2992d19b0a5605236dbf3569dbe1ff7c30d98fa0d1ede1b5a8",
];

fn fixture(format: u64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{format}.sparse"))
}

/// Entries of every kind of actor and value.
fn entries(name: &str, count: u64) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for version in 1..=count {
        let actor = if version % 2 == 0 {
            Actor::Worker(WorkerId::parse("worker-1").unwrap())
        } else {
            Actor::Person(PersonId::parse("dana@example.com").unwrap())
        };
        let body = serde_json::json!({
            "n": version,
            "largest": 9_007_199_254_740_991_u64,
            "negative": -1,
            "text": "Größe \u{1f512} \"quoted\"\n",
            "nested": { "b": [true, false, null], "a": {} },
        });
        let at = Period::hours(version).after(Timestamp::UNIX_EPOCH);
        let prev = all
            .last()
            .map_or_else(|| Entry::genesis(&stream(name)), |entry| entry.digest);
        all.push(Entry::seal(stream(name), version, at, actor, "noted", body, prev).unwrap());
    }
    all
}

fn thin(bytes: &[u8]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut out = number(bytes.len()).to_vec();
    let pieces: Vec<_> = bytes.chunks(PIECE).collect();
    let mut at = 0;
    for run in pieces.chunk_by(|a, b| is_zero(a) == is_zero(b)) {
        let run = run.concat();
        if !is_zero(&run) {
            out.extend(number(at));
            out.extend(number(run.len()));
            out.extend(&run);
        }
        at += run.len();
    }
    out
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn whole(mut thin: &[u8]) -> Vec<u8> {
    let mut take = |length: usize| {
        let (head, rest) = thin.split_at_checked(length)?;
        thin = rest;
        Some(head)
    };
    let mut out = Vec::new();
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap()) as usize;
    out.resize(number(take(4).unwrap()), 0);
    while let Some(at) = take(4).map(number) {
        let length = number(take(4).unwrap());
        out[at..at + length].copy_from_slice(take(length).unwrap());
    }
    out
}

#[tokio::test]
async fn a_journal_of_format_1_is_read_and_carried_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    fs::write(&path, whole(&fs::read(fixture(1)).unwrap())).unwrap();
    let clock = clock();
    let journal = RedbJournal::open(&path, clock.clone()).await.unwrap();
    let all = contents(&journal).await.unwrap();
    assert_eq!(all.len(), STREAMS.len());
    for (name, count, due, epoch, head) in STREAMS {
        let (info, stored) = &all[&stream(name)];
        assert_eq!(*stored, entries(name, count), "{name}");
        let due = due.map(|due| due.parse::<Timestamp>().unwrap());
        assert_eq!((info.due, info.epoch), (due, epoch), "{name}");
        assert_eq!(info.head.to_string(), head, "{name}");
    }
    // The one lease that was held is held still, until it runs out.
    let worker = WorkerId::parse("worker-2").unwrap();
    let ttl = Period::minutes(5);
    assert_eq!(journal.claim_due(&worker, ttl, 9).await.unwrap(), []);
    clock.advance(Period::hours(1));
    let leases = journal.claim_due(&worker, ttl, 9).await.unwrap();
    let [lease] = &leases[..] else {
        panic!("{leases:?}");
    };
    assert_eq!((lease.stream.as_str(), lease.epoch), ("billing/v2@eu", 2));
    let next = entries("billing/v2@eu", 2).split_off(1);
    journal
        .append(&lease.stream, 1, Authority::Owner(lease), &next)
        .await
        .unwrap();
}

/// Run once for a new format, with the two numbers below changed:
/// `cargo test --release -p deprovision-journal -- --ignored the_fixture`. In a
/// debug build redb fills what it does not use, and the fixture grows.
#[tokio::test]
#[ignore = "writes a fixture, which is done once a format"]
async fn the_fixture_of_the_present_format_is_written() {
    let to = fixture(1);
    assert!(!to.exists(), "a fixture is never written again");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    let clock = clock();
    let journal = RedbJournal::create(&path, clock.clone()).await.unwrap();
    let worker = WorkerId::parse("worker-1").unwrap();
    for (name, count, due, epoch, _) in STREAMS.iter().rev() {
        journal
            .append(
                &stream(name),
                0,
                Authority::Bystander,
                &entries(name, *count),
            )
            .await
            .unwrap();
        for round in 1..=*epoch {
            let leases = journal
                .claim_due(&worker, Period::hours(1), 9)
                .await
                .unwrap();
            assert_eq!(leases.len(), 1);
            if *name != "billing/v2@eu" {
                let due = if round == *epoch {
                    due.map(|due| due.parse().unwrap())
                } else {
                    Some(clock.now())
                };
                journal.release(&leases[0], *count, due).await.unwrap();
            }
        }
    }
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    let thin = thin(&bytes);
    assert!(whole(&thin) == bytes);
    fs::write(&to, thin).unwrap();
    for (name, count, ..) in STREAMS {
        println!("{name}: {}", entries(name, count).pop().unwrap().digest);
    }
}
