//! Files that are not ours to open, each left as it was byte for byte.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use deprovision_core::journal::JournalError;
use deprovision_journal::RedbJournal;
use redb::{Database, ReadableDatabase as _, TableDefinition};
use tempfile::TempDir;

use crate::common::{clock, contents, fill, sample};
use crate::kill::Child;

const META: TableDefinition<'static, &str, &str> = TableDefinition::new("meta");

/// The errors of `open` and of `create`; the file stays as it is.
async fn refused(path: &Path) -> [JournalError; 2] {
    let before = fs::read(path).unwrap();
    let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
    let opened = RedbJournal::open(path, clock()).await.unwrap_err();
    let created = RedbJournal::create(path, clock()).await.unwrap_err();
    assert!(
        fs::read(path).unwrap() == before,
        "{} changed",
        path.display()
    );
    let now = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, now, "something was left beside it");
    [opened, created]
}

async fn assert_not_a_journal(path: &Path, reason: &str) {
    for error in refused(path).await {
        let text = error.to_string();
        let JournalError::NotAJournal {
            path: named, why, ..
        } = error
        else {
            panic!("{text}");
        };
        assert_eq!(named, path);
        assert!(why.contains(reason), "{why:?} does not say {reason:?}");
        assert!(text.contains("left untouched"), "{text}");
    }
}

/// A folder with one file of these bytes.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[tokio::test]
async fn files_of_other_kinds_are_told_apart_and_left_alone() {
    let png = *b"\x89PNG\x0d\x0a\x1a\x0a\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01";
    let magic = *b"redb\x1a\x0a\xa9\x0d\x0a";
    let mut zeros_behind_magic = vec![0; 100_000];
    zeros_behind_magic[..9].copy_from_slice(&magic);
    let mut ones_behind_magic = vec![0xff; 100_000];
    ones_behind_magic[..9].copy_from_slice(&magic);
    let cases: [(&[u8], &str); 9] = [
        (b"", "it is empty"),
        (b"r", "ends too early"),
        (&magic[..8], "ends too early"),
        (b"dear diary,\n", "does not begin like one"),
        (&png, "does not begin like one"),
        (&[0; 8192], "does not begin like one"),
        (&magic, "store can not open it"),
        (&zeros_behind_magic, "damaged"),
        (&ones_behind_magic, "damaged"),
    ];
    for (bytes, reason) in cases {
        let (_folder, path) = file(bytes);
        assert_not_a_journal(&path, reason).await;
    }
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing");
    let error = RedbJournal::open(&missing, clock()).await.unwrap_err();
    assert!(
        error.to_string().contains("there is no such file"),
        "{error}"
    );
    assert!(!missing.exists(), "opening made a file");
    let error = RedbJournal::open(folder.path(), clock()).await.unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    let error = RedbJournal::create(folder.path(), clock())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    let nowhere = missing.join("journal");
    let error = RedbJournal::create(&nowhere, clock()).await.unwrap_err();
    assert!(error.to_string().contains("can not be made"), "{error}");
    for odd in ["", "/", ".."] {
        assert!(RedbJournal::create(odd, clock()).await.is_err(), "{odd:?}");
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    const OTHER: TableDefinition<'static, u64, &str> = TableDefinition::new("other");
    const SAME_NAME: TableDefinition<'static, u64, u64> = TableDefinition::new("meta");
    let writers: [fn(&Database); 4] = [
        |_| (),
        |database| {
            let tx = database.begin_write().unwrap();
            tx.open_table(OTHER).unwrap().insert(1, "x").unwrap();
            tx.commit().unwrap();
        },
        |database| {
            let tx = database.begin_write().unwrap();
            tx.open_table(SAME_NAME).unwrap().insert(1, 1).unwrap();
            tx.commit().unwrap();
        },
        |database| {
            let tx = database.begin_write().unwrap();
            let mut meta = tx.open_table(META).unwrap();
            meta.insert("magic", "a cache").unwrap();
            meta.insert("format", "1").unwrap();
            drop(meta);
            tx.commit().unwrap();
        },
    ];
    for write in writers {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("theirs");
        let database = Database::create(&path).unwrap();
        write(&database);
        for error in refused(&path).await {
            assert!(matches!(error, JournalError::InUse { .. }), "{error}");
        }
        // As a crash leaves it, and as closing leaves it.
        let crashed = folder.path().join("crashed");
        fs::copy(&path, &crashed).unwrap();
        drop(database);
        for path in [&path, &crashed] {
            assert_not_a_journal(path, "another program").await;
        }
        Database::open(&path).unwrap().begin_read().unwrap();
    }
}

#[tokio::test]
async fn a_newer_format_is_named_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    sample(&path).await;
    let say = |format: &str| {
        let database = Database::open(&path).unwrap();
        let tx = database.begin_write().unwrap();
        tx.open_table(META)
            .unwrap()
            .insert("format", format)
            .unwrap();
        // A newer format may have other tables altogether.
        tx.delete_table(TableDefinition::<&str, &[u8]>::new("heads"))
            .ok();
        tx.commit().unwrap();
    };
    say("2");
    for error in refused(&path).await {
        assert!(
            matches!(
                error,
                JournalError::NewerFormat {
                    found: 2,
                    known: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
    for (format, why) in [("0", "format 0"), ("one", "not a number"), ("1", "damaged")] {
        say(format);
        assert_not_a_journal(&path, why).await;
    }
}

#[tokio::test]
async fn a_journal_that_is_open_is_in_use() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    let journal = fill(&path).await;
    for error in refused(&path).await {
        assert!(
            matches!(&error, JournalError::InUse { path: named } if *named == path),
            "{error}"
        );
    }
    let clone = journal.clone();
    drop(journal);
    contents(&clone).await.unwrap();
    drop(clone);
    RedbJournal::open(&path, clock()).await.unwrap();
}

#[tokio::test]
async fn a_journal_that_another_process_has_open_is_in_use() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    let expected = sample(&path).await;
    let mut child = Child::holding(&path);
    for error in refused(&path).await {
        assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    }
    child.kill();
    let journal = RedbJournal::open(&path, clock()).await.unwrap();
    assert_eq!(contents(&journal).await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_make_one_file_one_gets_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    let mut makers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let path = path.clone();
        makers.spawn(async move { RedbJournal::create(path, clock()).await });
    }
    let mut made = Vec::new();
    while let Some(result) = makers.join_next().await {
        match result.unwrap() {
            Ok(journal) => made.push(journal),
            Err(JournalError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    // Whoever looks at the file last meets nobody.
    assert_eq!(made.len(), 1, "so many have it open");
    drop(made);
    RedbJournal::open(&path, clock()).await.unwrap();
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn a_file_with_something_behind_its_end_is_refused_or_read_whole() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    let expected = sample(&path).await;
    let good = fs::read(&path).unwrap();
    for extra in [1, 511, 4095, 4096, 4097, 40_960] {
        fs::write(&path, &good).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&vec![7; extra]).unwrap();
        let longer = fs::read(&path).unwrap();
        match RedbJournal::open(&path, clock()).await {
            Ok(journal) => assert_eq!(contents(&journal).await.unwrap(), expected),
            Err(_) => assert!(fs::read(&path).unwrap() == longer, "{extra}: changed"),
        }
    }
}
