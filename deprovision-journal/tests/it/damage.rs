//! Files of ours that were cut, flipped and edited: an error or the
//! whole content, never a panic, never a wrong answer.

use std::fs;
use std::path::Path;

use deprovision_core::journal::{Entry, Journal as _, JournalError};
use deprovision_journal::RedbJournal;
use redb::{Database, ReadableTable as _, TableDefinition};
use tempfile::TempDir;

use crate::common::{Contents, Dice, clock, contents, fill, sample, stream};

const ENTRIES: TableDefinition<'static, (&str, u64), &[u8]> = TableDefinition::new("entries");
const HEADS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("heads");
const DUE: TableDefinition<'static, (i128, &str), ()> = TableDefinition::new("due");

/// The bytes of a journal that was closed, and of the same one as a crash leaves it.
async fn samples(folder: &Path) -> (Contents, [(&'static str, Vec<u8>); 2]) {
    let path = folder.join("original");
    let journal = fill(&path).await;
    let expected = contents(&journal).await.unwrap();
    let crashed = fs::read(&path).unwrap();
    drop(journal);
    let closed = fs::read(&path).unwrap();
    (expected, [("closed", closed), ("crashed", crashed)])
}

/// Opens a file with these bytes. Whether it could be read, which has to be whole.
async fn opens(path: &Path, bytes: &[u8], expected: &Contents, what: &str) -> bool {
    fs::write(path, bytes).unwrap();
    match RedbJournal::open(path, clock()).await {
        Ok(journal) => match contents(&journal).await {
            Ok(read) => {
                assert!(read == *expected, "{what}: it was read wrongly");
                true
            }
            Err(error) => panic!("{what}: it was opened and then gave {error:?}"),
        },
        Err(JournalError::NotAJournal { .. }) => {
            assert!(fs::read(path).unwrap() == bytes, "{what}: the file changed");
            false
        }
        Err(error) => panic!("{what}: {error:?}"),
    }
}

#[tokio::test]
async fn i_19_a_file_cut_at_any_length_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cut");
    let (expected, samples) = samples(folder.path()).await;
    for (name, bytes) in samples {
        assert!(opens(&path, &bytes, &expected, name).await);
        let mut cuts: Vec<_> = (0..400).step_by(13).collect();
        for page in (4096..bytes.len()).step_by(4096) {
            cuts.extend([page - 1, page, page + 1, page + 2048]);
        }
        cuts.push(bytes.len() - 1);
        for length in cuts.into_iter().filter(|length| *length < bytes.len()) {
            let what = format!("{name}, cut to {length} of {}", bytes.len());
            let whole = opens(&path, &bytes[..length], &expected, &what).await;
            // Only unused pages at the end may be missing without a loss.
            assert!(!whole || bytes[length..].len() % 4096 == 0, "{what}");
        }
    }
}

/// The byte of redb's header whose lowest bit says which commit counts.
const GOD_BYTE: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_19_a_flipped_bit_is_an_error_or_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("flipped");
    let (expected, samples) = samples(folder.path()).await;
    let mut dice = Dice(19);
    for (name, bytes) in samples {
        let mut refused = 0;
        let header = (0..24 * 8).chain((0..40).map(|_| dice.below(320 * 8)).collect::<Vec<_>>());
        let pages: Vec<_> = (0..120)
            .map(|_| dice.below(bytes.len() as u64 * 8))
            .collect();
        for bit in header.chain(pages) {
            let at = usize::try_from(bit / 8).unwrap();
            if name == "crashed" && at == GOD_BYTE && bit % 8 == 0 {
                // No checksum covers this one: see the README.
                continue;
            }
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (bit % 8);
            let what = format!("{name}, bit {} of byte {at}", bit % 8);
            if !opens(&path, &flipped, &expected, &what).await {
                refused += 1;
            }
        }
        assert!(refused > 50, "{name}: only {refused} flips were noticed");
    }
}

/// Edits the file through redb, so that all of redb's own checksums are right.
fn edit(path: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(path).unwrap();
    let tx = database.begin_write().unwrap();
    change(&tx);
    tx.commit().unwrap();
}

/// The error of reading a stream after an edit of its entries.
async fn read_after(path: &Path, change: impl FnOnce(&redb::WriteTransaction)) -> JournalError {
    sample(path).await;
    edit(path, change);
    let journal = RedbJournal::open(path, clock()).await.unwrap();
    let name = stream("retire-5");
    let error = journal.read(&name, 0, 99).await.unwrap_err();
    // What is around the damage can be read, and what is behind it is not trusted.
    assert_eq!(journal.read(&name, 0, 2).await.unwrap().len(), 2);
    assert!(journal.read(&name, 2, 1).await.is_err());
    assert_eq!(
        journal.read(&stream("retire-4"), 0, 9).await.unwrap().len(),
        5
    );
    error
}

#[tokio::test]
async fn i_19_an_edited_removed_or_swapped_entry_is_located() {
    const NAME: &str = "retire-5";
    let value = |tx: &redb::WriteTransaction, key: (&str, u64)| {
        let table = tx.open_table(ENTRIES).unwrap();
        table.get(key).unwrap().unwrap().value().to_vec()
    };
    type Change<'a> = (&'a str, Box<dyn Fn(&redb::WriteTransaction) + 'a>);
    let put = |tx: &redb::WriteTransaction, bytes: &[u8]| {
        let mut table = tx.open_table(ENTRIES).unwrap();
        table.insert((NAME, 3), bytes).unwrap();
    };
    let changes: [Change<'_>; 6] = [
        (
            "its digest is not its own",
            Box::new(|tx| {
                let text = String::from_utf8(value(tx, (NAME, 3))).unwrap();
                put(tx, text.replace("noted", "quiet").as_bytes());
            }),
        ),
        (
            "it is missing",
            Box::new(|tx| {
                let mut table = tx.open_table(ENTRIES).unwrap();
                table.remove((NAME, 3)).unwrap();
            }),
        ),
        (
            "entry 4 of retire-5 is in its place",
            Box::new(|tx| put(tx, &value(tx, (NAME, 4)))),
        ),
        (
            "entry 3 of retire-7 is in its place",
            Box::new(|tx| put(tx, &value(tx, ("retire-7", 3)))),
        ),
        ("not the JSON", Box::new(|tx| put(tx, b"{\"format\":1"))),
        (
            "does not follow",
            Box::new(|tx| {
                let mut entry: Entry = serde_json::from_slice(&value(tx, (NAME, 3))).unwrap();
                entry.prev = deprovision_core::digest::Digest::from_bytes([1; 32]);
                entry.digest = entry.computed_digest().unwrap();
                put(tx, &serde_json::to_vec(&entry).unwrap());
            }),
        ),
    ];
    for (reason, change) in changes {
        let folder = TempDir::new().unwrap();
        let error = read_after(&folder.path().join("edited"), change).await;
        let JournalError::Corrupt {
            stream,
            version: 3,
            why,
        } = error
        else {
            panic!("{reason}: {error:?}");
        };
        assert_eq!(stream.as_str(), NAME);
        assert!(why.contains(reason), "{why:?} does not say {reason:?}");
    }
}

#[tokio::test]
async fn state_that_contradicts_itself_is_refused_when_the_file_is_opened() {
    type Change = (&'static str, fn(&redb::WriteTransaction));
    let changes: [Change; 8] = [
        ("a state removed", |tx| {
            tx.open_table(HEADS).unwrap().remove("retire-7").unwrap();
        }),
        ("a state edited", |tx| {
            let mut table = tx.open_table(HEADS).unwrap();
            let row = table.get("retire-7").unwrap().unwrap().value().to_vec();
            let text = String::from_utf8_lossy(&row[32..]).replace("\"epoch\":0", "\"epoch\":9");
            let edited = [&row[..32], text.as_bytes()].concat();
            assert_ne!(edited, row);
            table.insert("retire-7", edited.as_slice()).unwrap();
        }),
        ("a state under another name", |tx| {
            let mut table = tx.open_table(HEADS).unwrap();
            let row = table.get("retire-7").unwrap().unwrap().value().to_vec();
            table.insert("retire-8", row.as_slice()).unwrap();
        }),
        ("a due time removed", |tx| {
            let mut table = tx.open_table(DUE).unwrap();
            let (at, name) = {
                let (key, _) = table.first().unwrap().unwrap();
                (key.value().0, key.value().1.to_owned())
            };
            table.remove((at, name.as_str())).unwrap();
        }),
        ("a due time added", |tx| {
            tx.open_table(DUE)
                .unwrap()
                .insert((5, "retire-7"), ())
                .unwrap();
        }),
        ("the newest entry removed", |tx| {
            tx.open_table(ENTRIES)
                .unwrap()
                .remove(("retire-7", 8))
                .unwrap();
        }),
        ("the newest entry replaced by another good one", |tx| {
            let mut table = tx.open_table(ENTRIES).unwrap();
            let row = table
                .get(("retire-7", 8))
                .unwrap()
                .unwrap()
                .value()
                .to_vec();
            let mut entry: Entry = serde_json::from_slice(&row).unwrap();
            entry.kind = "quiet".into();
            entry.digest = entry.computed_digest().unwrap();
            let row = serde_json::to_vec(&entry).unwrap();
            table.insert(("retire-7", 8), row.as_slice()).unwrap();
        }),
        ("the table of due times removed", |tx| {
            tx.delete_table(DUE).unwrap();
        }),
    ];
    for (what, change) in changes {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("edited");
        sample(&path).await;
        edit(&path, change);
        let before = fs::read(&path).unwrap();
        let opened = RedbJournal::open(&path, clock()).await;
        assert!(
            matches!(opened, Err(JournalError::NotAJournal { .. })),
            "{what}: {opened:?}"
        );
        assert!(fs::read(&path).unwrap() == before, "{what}: changed");
    }
}
