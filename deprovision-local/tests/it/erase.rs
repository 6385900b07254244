//! Erasing directories.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deprovision_core::conformance::{self, ArchiveFixture as _, Permits, known, not_done};
use deprovision_core::digest::Digest;
use deprovision_core::observation::Observation;
use deprovision_core::permit::{EraseWarrant, SourceState, run_restore_drill, verify_archive};
use deprovision_core::provider::{
    ByteStream, DatasetReader, ManifestEntry, ObjectInfo, Outcome, ProviderError,
};
use deprovision_core::resource::DatasetId;
use deprovision_local::Directory;

use crate::archive::make;
use crate::archive_fixture::Lab;
use crate::child::erase_with_guards;
use crate::hostile::plant;
use crate::keyfile_fixture::api;

#[tokio::test]
async fn the_directory_eraser_keeps_its_promises() {
    assert_eq!(conformance::erase(&Lab::new()).await.unwrap(), 9);
}

/// Erases through the guards after something has happened behind their backs.
async fn erase_after(lab: &Lab, meanwhile: impl FnOnce()) -> Outcome {
    let (id, archive) = make(lab).await;
    let permits = Permits::new();
    let (now, permit) = (permits.now(), permits.permit().await.unwrap());
    let (data, archives) = (&lab.disk.data, &lab.disk.archive);
    let whole = SourceState::Whole;
    let verified = verify_archive(data, archives, &id, &archive, whole, now)
        .await
        .unwrap();
    let drill = run_restore_drill(data, archives, data, &verified, 1, &permit, now)
        .await
        .unwrap();
    let warrant = permits
        .warrant(&api("orders-v1"), [id.into()])
        .await
        .unwrap();
    let warrant = EraseWarrant::issue(&warrant, verified, drill, now).unwrap();
    meanwhile();
    lab.eraser().erase(&warrant).await.unwrap()
}

#[tokio::test]
async fn links_special_files_and_second_hard_links_stop_it_before_anything_is_touched() {
    for case in 0..4 {
        let lab = Lab::new();
        for name in ["a", "b/c", "d"] {
            lab.disk.put("orders", name, name.as_bytes());
        }
        lab.disk.put("other", "x", b"x");
        let place = lab.disk.path("orders");
        if case == 0 {
            // Already when it is archived: archived it can be, erased it can not.
            std::fs::hard_link(place.join("a"), lab.disk.path("other/twin")).unwrap();
        }
        let outcome = erase_after(&lab, || match case {
            0 => {}
            1 => std::os::unix::fs::symlink("../other", place.join("link")).unwrap(),
            2 => {
                std::fs::remove_file(place.join("d")).unwrap();
                std::os::unix::fs::symlink("../other/x", place.join("d")).unwrap();
            }
            _ => {
                // The folder of an object is replaced by a link to another one.
                std::fs::rename(place.join("b"), lab.disk.path("other/b")).unwrap();
                std::os::unix::fs::symlink("../other/b", place.join("b")).unwrap();
            }
        })
        .await;
        not_done(outcome, &format!("case {case}"));
        assert!(
            place.join("a").exists() && place.join("b/c").exists(),
            "case {case}"
        );
        assert!(lab.disk.path("other/x").exists(), "case {case}");
    }
}

#[tokio::test]
async fn i_1_the_same_bytes_in_another_version_are_not_erased() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let outcome = erase_after(&lab, || lab.disk.put("orders", "a", b"first")).await;
    not_done(outcome, "somebody still writes it");
    assert!(lab.disk.path("orders/a").exists());
}

/// The data as it was before somebody wrote to one object in a way that its
/// version does not show (through a memory map, by a clock that runs behind).
struct Before<'a>(&'a Directory);

#[async_trait]
impl DatasetReader for Before<'_> {
    async fn objects(
        &self,
        id: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        self.0.objects(id).await
    }
    async fn open(&self, id: &DatasetId, name: &str) -> Result<ByteStream, ProviderError> {
        match (id.name(), name) {
            ("orders", "z") => Ok(Box::pin(&b"last"[..])),
            (_, name) => self.0.open(id, name).await,
        }
    }
}

#[tokio::test]
async fn i_1_a_content_that_changed_behind_its_version_is_found_by_its_bytes() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    lab.disk.put("orders", "z", b"last");
    let (id, archive) = make(&lab).await;
    lab.disk.put("orders", "z", b"LAST");
    // As the manifest would be, had the version not shown the change.
    let seen = known(lab.disk.data.objects(&id).await.unwrap()).unwrap();
    let entry = |name: &str, bytes: &[u8]| {
        ManifestEntry::new(
            bytes.len() as u64,
            Digest::of_bytes(bytes),
            &seen[name].version,
        )
    };
    let objects = [("a", entry("a", b"first")), ("z", entry("z", b"last"))];
    plant(&lab, &id, &archive, &objects);
    let permits = Permits::new();
    let (now, permit) = (permits.now(), permits.permit().await.unwrap());
    let (data, archives) = (Before(&lab.disk.data), &lab.disk.archive);
    let whole = SourceState::Whole;
    let verified = verify_archive(&data, archives, &id, &archive, whole, now)
        .await
        .unwrap();
    let drill = run_restore_drill(&data, archives, &data, &verified, 1, &permit, now)
        .await
        .unwrap();
    let warrant = permits
        .warrant(&api("orders-v1"), [id.into()])
        .await
        .unwrap();
    let warrant = EraseWarrant::issue(&warrant, verified, drill, now).unwrap();
    not_done(lab.eraser().erase(&warrant).await.unwrap(), "other bytes");
    assert!(lab.disk.path("orders/a").exists());
    assert_eq!(std::fs::read(lab.disk.path("orders/z")).unwrap(), b"LAST");
}

#[tokio::test]
async fn the_folders_of_objects_go_and_others_stay() {
    let lab = Lab::new();
    for name in ["a/b/c/file", "a/b/other", "x/y"] {
        lab.disk.put("orders", name, name.as_bytes());
    }
    std::fs::create_dir_all(lab.disk.path("orders/a/empty")).unwrap();
    make(&lab).await;
    let outcome = erase_with_guards(&lab.disk, "orders").await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert!(lab.disk.path("orders/a/empty").exists());
    assert!(!lab.disk.path("orders/a/b").exists());
    assert!(!lab.disk.path("orders/x").exists());
    let id = lab.disk.data.dataset("orders").unwrap();
    assert!(
        known(lab.disk.data.objects(&id).await.unwrap())
            .unwrap()
            .is_empty()
    );
}
