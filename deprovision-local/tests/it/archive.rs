//! Archives of directories.

use deprovision_core::conformance::{self, ArchiveFixture as _, Permits, done, known};
use deprovision_core::permit::{
    ArchiveDoubt, RestoreDrill, SourceState, VerifiedArchive, run_restore_drill, verify_archive,
};
use deprovision_core::provider::{ArchiveReader, ArchiveState, Archiver};
use deprovision_core::resource::{ArchiveId, DatasetId};

use crate::archive_fixture::{Lab, RETIREMENT};
use crate::child;

pub(crate) async fn make(lab: &Lab) -> (DatasetId, ArchiveId) {
    let id = lab.disk.data.dataset("orders").unwrap();
    let archive = lab
        .disk
        .archive
        .archive_of(&id, &RETIREMENT.parse().unwrap())
        .unwrap();
    let permit = Permits::new().permit().await.unwrap();
    done(
        Archiver::archive(&lab.disk.archive, &id, &archive, &permit)
            .await
            .unwrap(),
    )
    .unwrap();
    (id, archive)
}

pub(crate) async fn verify(
    lab: &Lab,
    id: &DatasetId,
    archive: &ArchiveId,
) -> Result<VerifiedArchive, ArchiveDoubt> {
    let (reader, archives) = (lab.reader(), lab.archives());
    let now = Permits::new().now();
    verify_archive(reader, archives, id, archive, SourceState::Whole, now).await
}

async fn drill(lab: &Lab, verified: &VerifiedArchive) -> Result<RestoreDrill, ArchiveDoubt> {
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    run_restore_drill(
        lab.reader(),
        lab.archiver(),
        lab.reader(),
        verified,
        1,
        &permit,
        permits.now(),
    )
    .await
}

#[tokio::test]
async fn the_directory_archive_keeps_the_promises_of_archives() {
    assert_eq!(conformance::archive(&Lab::new()).await.unwrap(), 22);
}

/// Three contents; the third is large enough for several blocks.
fn fill(lab: &Lab) -> [Vec<u8>; 3] {
    let large: Vec<u8> = (0..600_000u32)
        .flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes())
        .collect();
    let contents = [b"first".to_vec(), b"second".to_vec(), large];
    for (name, bytes) in ["a", "b/c", "large"].iter().zip(&contents) {
        lab.disk.put("orders", name, bytes);
    }
    contents
}

#[tokio::test]
async fn i_1_a_flipped_bit_anywhere_in_a_stored_object_is_refused() {
    let lab = Lab::new();
    let contents = fill(&lab);
    let (id, archive) = make(&lab).await;
    assert!(verify(&lab, &id, &archive).await.is_ok());
    for content in &contents {
        let file = lab.disk.object_file(&archive, content);
        let good = std::fs::read(&file).unwrap();
        let step = (good.len() / 12).max(1);
        for at in (0..good.len()).step_by(step).chain([good.len() - 1]) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&file, &bad).unwrap();
            // A bit that zstd does not use gives the same bytes back, which is no damage.
            if let Ok(verified) = verify(&lab, &id, &archive).await {
                assert!(drill(&lab, &verified).await.is_ok());
                assert!(at < 8, "byte {at} of {} is content", good.len());
            }
        }
        std::fs::write(&file, &good).unwrap();
    }
    assert!(
        verify(&lab, &id, &archive).await.is_ok(),
        "and is whole again"
    );
}

#[tokio::test]
async fn i_1_a_cut_swapped_missing_or_lengthened_object_is_refused() {
    let lab = Lab::new();
    let [first, second, large] = fill(&lab);
    let (id, archive) = make(&lab).await;
    let path = |content: &[u8]| lab.disk.object_file(&archive, content);
    let good = [&first, &second, &large].map(|content| std::fs::read(path(content)).unwrap());
    let restore = || {
        for (content, bytes) in [&first, &second, &large].iter().zip(&good) {
            std::fs::write(path(content), bytes).unwrap();
        }
    };
    type Lie<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let lies: [Lie<'_>; 6] = [
        (
            "cut",
            Box::new(|| std::fs::write(path(&large), &good[2][..good[2].len() - 1]).unwrap()),
        ),
        (
            "cut in half",
            Box::new(|| std::fs::write(path(&large), &good[2][..good[2].len() / 2]).unwrap()),
        ),
        (
            "emptied",
            Box::new(|| std::fs::write(path(&first), b"").unwrap()),
        ),
        (
            "missing",
            Box::new(|| std::fs::remove_file(path(&second)).unwrap()),
        ),
        (
            "swapped",
            Box::new(|| {
                std::fs::write(path(&first), &good[1]).unwrap();
                std::fs::write(path(&second), &good[0]).unwrap();
            }),
        ),
        (
            "lengthened by a second frame",
            Box::new(|| std::fs::write(path(&first), [&good[0][..], &good[1]].concat()).unwrap()),
        ),
    ];
    for (name, lie) in lies {
        lie();
        assert!(verify(&lab, &id, &archive).await.is_err(), "{name}");
        restore();
        assert!(
            verify(&lab, &id, &archive).await.is_ok(),
            "{name}, put right"
        );
    }
}

#[tokio::test]
async fn i_1_an_edited_manifest_is_refused() {
    let lab = Lab::new();
    fill(&lab);
    let (id, archive) = make(&lab).await;
    let path = lab.disk.archive_path(&archive).join("manifest.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let step = good.len() / 60;
    for at in (0..good.len()).step_by(step) {
        let mut bad = good.clone().into_bytes();
        bad[at] ^= 1;
        std::fs::write(&path, bad).unwrap();
        assert!(verify(&lab, &id, &archive).await.is_err(), "byte {at}");
    }
    for bad in [
        &good[..good.len() - 1],
        "",
        "{}",
        &format!("{good}\n"),
        &good.replace(":", ": "),
    ] {
        std::fs::write(&path, bad).unwrap();
        let error = verify(&lab, &id, &archive).await.unwrap_err();
        assert!(matches!(error, ArchiveDoubt::Provider(_)), "{error:?}");
    }
    std::fs::write(&path, &good).unwrap();
    assert!(verify(&lab, &id, &archive).await.is_ok());
}

#[tokio::test]
async fn i_2_a_source_or_archive_that_changes_before_the_drill_is_noticed() {
    let lab = Lab::new();
    let [first, ..] = fill(&lab);
    let (id, archive) = make(&lab).await;
    let verified = verify(&lab, &id, &archive).await.unwrap();
    assert_eq!(drill(&lab, &verified).await.unwrap().objects(), 3);
    let file = lab.disk.object_file(&archive, &first);
    let good = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(
        drill(&lab, &verified).await.is_err(),
        "the archive lost an object"
    );
    std::fs::write(&file, &good).unwrap();
    // The very object, but other bytes: as a memory-mapped write would leave it.
    lab.disk.put("orders", "a", b"FIRST");
    let refused = drill(&lab, &verified).await.unwrap_err();
    assert!(
        matches!(
            refused,
            ArchiveDoubt::Object {
                invariant: "I-2",
                ..
            }
        ),
        "{refused:?}"
    );
    let scratch = std::fs::read_dir(lab.disk.path(".deprovision-scratch")).unwrap();
    assert_eq!(
        scratch.count(),
        0,
        "the scratch is gone, also after a difference"
    );
}

#[tokio::test]
async fn names_that_differ_only_in_case_or_are_odd_come_back() {
    let lab = Lab::new();
    let names = [
        "Readme",
        "README",
        "con",
        "a:b",
        "trailing ",
        "-rf",
        "new\nline",
        "\u{202e}x",
        "%2e",
        "x.zst",
    ];
    for name in names {
        lab.disk.put("orders", name, name.as_bytes());
    }
    lab.disk
        .put("orders", &format!("{}/deep", ["d"; 300].join("/")), b"deep");
    let (id, archive) = make(&lab).await;
    let verified = verify(&lab, &id, &archive).await.unwrap();
    assert_eq!(
        drill(&lab, &verified).await.unwrap().objects(),
        names.len() + 1
    );
}

#[tokio::test]
async fn an_archive_directory_that_is_not_mounted_is_an_error_and_not_absent() {
    let lab = Lab::new();
    fill(&lab);
    let (_, archive) = make(&lab).await;
    let root = lab.disk.archive.root();
    std::fs::rename(root, root.with_file_name("unmounted")).unwrap();
    std::fs::create_dir(root).unwrap();
    let error = ArchiveReader::archive(&lab.disk.archive, &archive).await;
    assert!(error.is_err(), "{error:?}");
}

#[tokio::test]
async fn a_full_disk_leaves_no_finished_archive_and_the_next_attempt_goes_on() {
    let lab = Lab::new();
    fill(&lab);
    // Files of at most 512 KiB: the large object does not fit.
    assert!(!child::run_with_little_space(
        "archive",
        &lab.disk.place,
        1_024
    ));
    let id = lab.disk.data.dataset("orders").unwrap();
    let archive = lab
        .disk
        .archive
        .archive_of(&id, &RETIREMENT.parse().unwrap())
        .unwrap();
    let state = known(
        ArchiveReader::archive(&lab.disk.archive, &archive)
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(state, ArchiveState::Unfinished);
    let objects = lab.disk.archive_path(&archive).join("objects");
    let left = std::fs::read_dir(&objects).unwrap().count();
    assert_eq!(
        left, 2,
        "what fitted is kept, and the rest of the large one is not"
    );
    make(&lab).await;
    assert!(verify(&lab, &id, &archive).await.is_ok());
}

#[tokio::test]
async fn a_damaged_object_of_an_unfinished_archive_is_stored_again() {
    let lab = Lab::new();
    let [first, second, _] = fill(&lab);
    let (id, archive) = make(&lab).await;
    std::fs::remove_file(lab.disk.archive_path(&archive).join("manifest.json")).unwrap();
    std::fs::write(lab.disk.object_file(&archive, &first), "damaged").unwrap();
    std::fs::write(lab.disk.object_file(&archive, b"left over"), "left over").unwrap();
    // Intact as a file, but another content than its name says.
    let other = zstd::encode_all(&b"SECOND"[..], 3).unwrap();
    std::fs::write(lab.disk.object_file(&archive, &second), other).unwrap();
    make(&lab).await;
    assert!(verify(&lab, &id, &archive).await.is_ok());
    assert!(!lab.disk.object_file(&archive, b"left over").exists());
}

#[tokio::test]
async fn an_archiver_waits_for_another_one_of_the_same_archive() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let (id, archive) = make(&lab).await;
    let lock = lab
        .disk
        .archive
        .root()
        .join(format!(".{}.lock", archive.name()));
    let held = std::fs::File::options().write(true).open(lock).unwrap();
    held.lock().unwrap();
    let permit = Permits::new().permit().await.unwrap();
    let waiting = Archiver::archive(&lab.disk.archive, &id, &archive, &permit);
    let cut = tokio::time::timeout(std::time::Duration::from_millis(100), waiting).await;
    assert!(cut.is_err(), "it waits for the other writer");
    drop(held);
    make(&lab).await;
}
