//! `kill -9` in the middle of archiving and erasing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use deprovision_core::conformance::known;
use deprovision_core::provider::{ArchiveReader, ArchiveState, Archiver, DatasetReader, Outcome};

use crate::archive::{make, verify};
use crate::archive_fixture::{Lab, RETIREMENT};
use crate::child;

/// How many objects the erasure has.
const ERASED: u32 = 160;

/// Objects in folders of their own, so that work takes long enough to be killed.
fn fill(lab: &Lab, count: u32) -> BTreeMap<String, Vec<u8>> {
    let objects: BTreeMap<String, Vec<u8>> = (0..count)
        .map(|i| (format!("{i}/o"), i.to_string().repeat(2_000).into_bytes()))
        .collect();
    for (name, bytes) in &objects {
        lab.disk.put("orders", name, bytes);
    }
    objects
}

#[tokio::test]
async fn a_kill_while_archiving_leaves_an_unfinished_archive_or_a_whole_one() {
    let lab = Lab::new();
    fill(&lab, 40);
    let id = lab.disk.data.dataset("orders").unwrap();
    let archive = lab
        .disk
        .archive
        .archive_of(&id, &RETIREMENT.parse().unwrap())
        .unwrap();
    let started = Instant::now();
    assert!(
        child::start("archive", &lab.disk.place)
            .wait()
            .unwrap()
            .success()
    );
    let whole_run = started.elapsed();
    let (mut unfinished, rounds) = (0, 10);
    for round in 0..rounds {
        // Every other round goes on with what the one before left.
        if round % 2 == 0 {
            let _ = std::fs::remove_dir_all(lab.disk.archive_path(&archive));
        }
        let mut child = child::start("archive", &lab.disk.place);
        std::thread::sleep(whole_run * (round + 1) / rounds);
        child.kill().unwrap();
        child.wait().unwrap();
        match known(
            ArchiveReader::archive(&lab.disk.archive, &archive)
                .await
                .unwrap(),
        )
        .unwrap()
        {
            ArchiveState::Absent { .. } => {}
            ArchiveState::Unfinished => {
                unfinished += 1;
                assert!(verify(&lab, &id, &archive).await.is_err());
            }
            ArchiveState::Finished { .. } => {
                verify(&lab, &id, &archive).await.unwrap();
            }
        }
    }
    assert!(
        unfinished > 1,
        "the kills must come in the middle: {unfinished}"
    );
    make(&lab).await;
    verify(&lab, &id, &archive).await.unwrap();
    let left = std::fs::read_dir(lab.disk.archive_path(&archive).join("objects")).unwrap();
    assert_eq!(left.count(), 40, "nothing of the killed ones is left over");
}

#[tokio::test]
async fn a_kill_while_erasing_leaves_objects_whole_and_listed_and_can_be_finished() {
    let lab = Lab::new();
    let objects = fill(&lab, ERASED);
    let (id, archive) = make(&lab).await;
    let begun = lab.disk.place.join("begun");
    let (mut kills_in_the_middle, mut left) = (0, objects.len());
    for _ in 0..4 {
        let _ = std::fs::remove_file(&begun);
        let mut child = child::start("erase", &lab.disk.place);
        let patience = Instant::now() + Duration::from_secs(60);
        while !begun.exists() && Instant::now() < patience {
            std::thread::sleep(Duration::from_micros(200));
        }
        // Until the first few are gone.
        while left_now(&lab) + 20 > left && left_now(&lab) > 0 && Instant::now() < patience {
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let seen = known(lab.disk.data.objects(&id).await.unwrap()).unwrap();
        for name in seen.keys() {
            let bytes = std::fs::read(lab.disk.path("orders").join(name)).unwrap();
            assert_eq!(
                bytes, objects[name],
                "what is left is whole and under its name"
            );
        }
        assert!(seen.len() <= left);
        left = seen.len();
        if left == 0 {
            break;
        }
        kills_in_the_middle += 1;
    }
    assert!(kills_in_the_middle > 0, "a kill must come in the middle");
    let outcome = child::erase_with_guards(&lab.disk, "orders").await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert!(
        known(lab.disk.data.objects(&id).await.unwrap())
            .unwrap()
            .is_empty()
    );
    let archived = known(
        ArchiveReader::archive(&lab.disk.archive, &archive)
            .await
            .unwrap(),
    );
    let ArchiveState::Finished { manifest, .. } = archived.unwrap() else {
        panic!("the archive must be whole")
    };
    assert_eq!(manifest.objects.len(), objects.len());
}

/// How many objects are there, without a list that could be disturbed.
fn left_now(lab: &Lab) -> usize {
    (0..ERASED)
        .filter(|i| lab.disk.path(&format!("orders/{i}/o")).exists())
        .count()
}
