//! Checkpoints in a directory: the suite, several processes, kills, and damage.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::conformance::{CheckpointStoreFixture, checkpoint_store};
use deprovision_core::digest::Digest;
use deprovision_core::id::RetirementId;
use deprovision_core::ledger::{Checkpoint, CheckpointStore, KeyName, SignedNote, SigningKey};
use deprovision_core::provider::ErrorKind;
use deprovision_local::{CheckpointDir, CheckpointDirError};

use crate::child;

fn stream(name: &str) -> RetirementId {
    RetirementId::parse(name).unwrap()
}

fn note(stream: &RetirementId, size: u64) -> String {
    let key = SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[7; 32]);
    // Every root another: a note that was mixed of two would not verify.
    let root = Digest::of_bytes(&size.to_be_bytes());
    let text = Checkpoint::new(key.name(), stream, size, root).text();
    SignedNote::sign(text, &key).unwrap().to_string()
}

struct Lab {
    dir: tempfile::TempDir,
    count: AtomicU32,
}

impl Lab {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            count: AtomicU32::new(0),
        }
    }

    fn fresh_dir(&self) -> CheckpointDir {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        CheckpointDir::create(self.dir.path().join(count.to_string())).unwrap()
    }
}

#[async_trait]
impl CheckpointStoreFixture for Lab {
    async fn fresh(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.fresh_dir())
    }

    async fn reopen(&self, store: Arc<dyn CheckpointStore>) -> Option<Arc<dyn CheckpointStore>> {
        drop(store);
        let count = self.count.load(Ordering::SeqCst) - 1;
        let place = self.dir.path().join(count.to_string());
        Some(Arc::new(CheckpointDir::open(place).unwrap()))
    }
}

#[tokio::test]
async fn a_directory_keeps_every_promise_of_a_checkpoint_store() {
    assert_eq!(checkpoint_store(&Lab::new()).await.unwrap(), 8);
}

/// Puts checkpoints of every other size until it is killed or has put 200.
pub(crate) async fn put_many(place: &Path, argument: &str) {
    let (first, wait) = argument.split_once(' ').unwrap();
    let store = CheckpointDir::open(place).unwrap();
    let orders = stream("orders-v1");
    let first: u64 = first.parse().unwrap();
    for size in (first..first + 400).step_by(2) {
        match store.put(&orders, &note(&orders, size)).await {
            Ok(()) => {}
            Err(error) => assert_eq!(*error.kind(), ErrorKind::Conflict, "{error}"),
        }
        tokio::time::sleep(Duration::from_micros(wait.parse().unwrap())).await;
    }
}

#[tokio::test]
async fn of_two_processes_that_put_at_once_the_larger_checkpoint_stays() {
    let lab = Lab::new();
    let store = lab.fresh_dir();
    let children =
        ["1 0", "2 100"].map(|job| child::start(&format!("checkpoint {job}"), store.path()));
    let mut last = 0;
    for mut child in children {
        while child.try_wait().unwrap().is_none() {
            let latest = store.latest(&stream("orders-v1")).await.unwrap();
            let size = latest.map_or(0, |note| size_of(&note));
            assert!(size >= last, "it was rolled back from {last} to {size}");
            last = size;
        }
        assert!(child.wait().unwrap().success());
    }
    let latest = store.latest(&stream("orders-v1")).await.unwrap().unwrap();
    assert_eq!(latest, note(&stream("orders-v1"), 400));
}

fn size_of(note: &str) -> u64 {
    Checkpoint::from_note_unverified(note).unwrap().size
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_the_old_or_the_new_note() {
    let lab = Lab::new();
    let store = lab.fresh_dir();
    let orders = stream("orders-v1");
    let (mut last, mut moved) = (0, 0);
    for round in 0..12u64 {
        let mut child = child::start(&format!("checkpoint {} 0", last + 1), store.path());
        std::thread::sleep(Duration::from_millis(10 + round * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(latest) = store.latest(&orders).await.unwrap() {
            let size = size_of(&latest);
            assert_eq!(latest, note(&orders, size), "the note is whole");
            assert!(size >= last);
            moved += u32::from(size > last);
            last = size;
        }
        // The next one can go on: no lock was left, no temporary file is in the way.
        last += 1;
        store.put(&orders, &note(&orders, last)).await.unwrap();
    }
    assert!(
        moved > 3,
        "the kills must come in the middle of the work: {moved}"
    );
    let mut names: Vec<_> = std::fs::read_dir(store.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [".checkpoints.lock", "orders-v1.note"]);
}

#[tokio::test]
async fn i_19_a_note_that_was_changed_or_swapped_is_an_error_and_not_absence() {
    let lab = Lab::new();
    let store = lab.fresh_dir();
    let (orders, nested) = (stream("orders-v1"), stream("default/orders-v1"));
    store.put(&orders, &note(&orders, 5)).await.unwrap();
    let file = store.path().join("orders-v1.note");
    for damage in ["", "no note", &note(&nested, 9), "\u{2014} \n"] {
        std::fs::write(&file, damage).unwrap();
        for refused in [
            store.latest(&orders).await.err(),
            store.put(&orders, &note(&orders, 6)).await.err(),
        ] {
            let error = refused.unwrap();
            assert_eq!(*error.kind(), ErrorKind::Invalid, "{error}");
            assert!(error.to_string().contains("orders-v1.note"), "{error}");
        }
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            damage,
            "evidence stays"
        );
    }
    std::fs::write(&file, [0xff; 9]).unwrap();
    assert!(store.latest(&orders).await.is_err());
    // A link is not followed, also not by a writer.
    let outside = lab.dir.path().join("outside.note");
    std::fs::write(&outside, note(&orders, 5)).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&outside, &file).unwrap();
    assert!(store.latest(&orders).await.is_err());
    assert!(store.put(&orders, &note(&orders, 6)).await.is_err());
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), note(&orders, 5));
}

#[tokio::test]
async fn i_19_a_directory_that_vanished_or_is_another_is_no_empty_store() {
    let lab = Lab::new();
    let store = lab.fresh_dir();
    let orders = stream("orders-v1");
    store.put(&orders, &note(&orders, 5)).await.unwrap();
    // As an unmounted disk: the mount point is there and empty.
    std::fs::remove_dir_all(store.path()).unwrap();
    assert_eq!(
        *store.latest(&orders).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    std::fs::create_dir(store.path()).unwrap();
    assert_eq!(
        *store.latest(&orders).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let refused = store.put(&orders, &note(&orders, 6)).await.unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::NotFound);
    let refused = CheckpointDir::open(store.path());
    assert!(matches!(
        refused,
        Err(CheckpointDirError::NotForCheckpoints { .. })
    ));
    std::fs::write(store.path().join("of-others"), "x").unwrap();
    let refused = CheckpointDir::create(store.path());
    assert!(matches!(
        refused,
        Err(CheckpointDirError::NotForCheckpoints { .. })
    ));
}
