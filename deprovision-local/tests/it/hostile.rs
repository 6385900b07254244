//! Archives that somebody made to harm.

use std::collections::BTreeMap;

use deprovision_core::conformance::{Permits, known};
use deprovision_core::digest::{Digest, canonical_json};
use deprovision_core::provider::{
    ArchiveReader, ArchiveState, Archiver, ErrorKind, Manifest, ManifestEntry,
};
use deprovision_core::resource::{ArchiveId, DatasetId};
use deprovision_core::time::Timestamp;
use tokio::io::AsyncReadExt as _;

use crate::archive::{make, verify};
use crate::archive_fixture::Lab;

/// A manifest that passes every check of its form.
pub(crate) fn plant(
    lab: &Lab,
    id: &DatasetId,
    archive: &ArchiveId,
    objects: &[(&str, ManifestEntry)],
) {
    let objects: BTreeMap<String, ManifestEntry> = objects
        .iter()
        .map(|(name, entry)| ((*name).to_owned(), entry.clone()))
        .collect();
    let manifest = Manifest::new(id.clone(), Timestamp::UNIX_EPOCH, objects);
    let digest = manifest.digest().unwrap();
    let whole = serde_json::json!({"digest": digest, "manifest": manifest});
    let path = lab.disk.archive_path(archive).join("manifest.json");
    std::fs::write(path, canonical_json(&whole).unwrap()).unwrap();
}

fn entry(bytes: &[u8]) -> ManifestEntry {
    ManifestEntry::new(bytes.len() as u64, Digest::of_bytes(bytes), "m1")
}

#[tokio::test]
async fn a_manifest_with_names_that_lead_outside_is_not_read() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let (id, archive) = make(&lab).await;
    let permit = Permits::new().permit().await.unwrap();
    for bad in [
        "../../escaped",
        "/tmp/escaped",
        "a/../../../escaped",
        "a//b",
        ".",
    ] {
        plant(&lab, &id, &archive, &[(bad, entry(b"first"))]);
        assert!(
            ArchiveReader::archive(&lab.disk.archive, &archive)
                .await
                .is_err(),
            "{bad}"
        );
        let wanted = [bad.to_owned()];
        let error = lab
            .disk
            .archive
            .restore(&archive, &wanted, &permit)
            .await
            .unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Invalid, "{bad}");
    }
    assert!(!lab.disk.place.join("escaped").exists());
    let scratch = std::fs::read_dir(lab.disk.path(".deprovision-scratch")).unwrap();
    assert_eq!(scratch.count(), 0);
}

#[tokio::test]
async fn a_manifest_whose_names_are_file_and_folder_at_once_is_not_restored() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let (id, archive) = make(&lab).await;
    plant(
        &lab,
        &id,
        &archive,
        &[("a", entry(b"first")), ("a/b", entry(b"first"))],
    );
    let permit = Permits::new().permit().await.unwrap();
    let wanted = ["a", "a/b"].map(str::to_owned);
    assert!(
        lab.disk
            .archive
            .restore(&archive, &wanted, &permit)
            .await
            .is_err()
    );
    let scratch = std::fs::read_dir(lab.disk.path(".deprovision-scratch")).unwrap();
    assert_eq!(scratch.count(), 0);
}

#[tokio::test]
async fn links_inside_an_archive_are_not_followed() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let (id, archive) = make(&lab).await;
    let file = lab.disk.object_file(&archive, b"first");
    let away = lab.disk.place.join("away");
    std::fs::rename(&file, &away).unwrap();
    std::os::unix::fs::symlink(&away, &file).unwrap();
    assert!(verify(&lab, &id, &archive).await.is_err(), "an object");
    std::fs::remove_file(&file).unwrap();
    std::fs::rename(&away, &file).unwrap();
    assert!(verify(&lab, &id, &archive).await.is_ok());

    let manifest = lab.disk.archive_path(&archive).join("manifest.json");
    std::fs::rename(&manifest, &away).unwrap();
    std::os::unix::fs::symlink(&away, &manifest).unwrap();
    assert!(verify(&lab, &id, &archive).await.is_err(), "the manifest");
    std::fs::remove_file(&manifest).unwrap();
    std::fs::rename(&away, &manifest).unwrap();

    let whole = lab.disk.archive_path(&archive);
    std::fs::rename(&whole, &away).unwrap();
    std::os::unix::fs::symlink(&away, &whole).unwrap();
    assert!(verify(&lab, &id, &archive).await.is_err(), "the archive");
    let permit = Permits::new().permit().await.unwrap();
    assert!(lab.disk.archive.discard(&archive, &permit).await.is_err());
    assert!(
        away.join("manifest.json").exists(),
        "what it points to is not removed"
    );
}

#[tokio::test]
async fn a_small_file_that_unpacks_to_very_much_is_cut_off() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let (id, archive) = make(&lab).await;
    // 64 MiB of zeros in a few kilobytes, behind an entry of five bytes.
    let bomb = zstd::encode_all(std::io::repeat(0).take_std(64 << 20), 19).unwrap();
    assert!(bomb.len() < 64 << 10);
    std::fs::write(lab.disk.object_file(&archive, b"first"), bomb).unwrap();
    let mut stream = lab.disk.archive.open_archived(&archive, "a").await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(
        bytes.len(),
        6,
        "one byte more than listed: enough to see that it is wrong"
    );
    assert!(verify(&lab, &id, &archive).await.is_err());
}

/// `std::io::Read::take` without hiding tokio's.
trait TakeStd: std::io::Read + Sized {
    fn take_std(self, limit: u64) -> std::io::Take<Self> {
        std::io::Read::take(self, limit)
    }
}
impl<R: std::io::Read> TakeStd for R {}

#[tokio::test]
async fn only_a_scratch_copy_is_discarded_as_one() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    lab.disk.put(".deprovision-scratch/mine", "a", b"first");
    let permit = Permits::new().permit().await.unwrap();
    for path in [
        "orders",
        ".deprovision-scratch",
        ".deprovision-scratch/mine",
        "orders/a",
    ] {
        let id = lab.disk.data.dataset(path).unwrap();
        assert!(
            lab.disk
                .archive
                .discard_scratch(&id, &permit)
                .await
                .is_err(),
            "{path}"
        );
    }
    assert!(lab.disk.path(".deprovision-scratch/mine/a").exists());
}

#[tokio::test]
async fn what_an_owner_that_died_left_in_scratch_goes_with_the_next_restore() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let (_, archive) = make(&lab).await;
    let left = format!(".deprovision-scratch/{}.0.0123456789abcdef", archive.name());
    lab.disk.put(&left, "a", b"fir");
    let other = ".deprovision-scratch/a-other-0.0.0123456789abcdef";
    lab.disk.put(other, "a", b"fir");
    let permit = Permits::new().permit().await.unwrap();
    let wanted = ["a".to_owned()];
    let scratch = lab
        .disk
        .archive
        .restore(&archive, &wanted, &permit)
        .await
        .unwrap();
    assert!(!lab.disk.path(&left).exists());
    assert!(
        lab.disk.path(other).exists(),
        "another archive's may be in use"
    );
    assert_eq!(
        std::fs::read(lab.disk.path(scratch.name()).join("a")).unwrap(),
        b"first"
    );
    let state = known(
        ArchiveReader::archive(&lab.disk.archive, &archive)
            .await
            .unwrap(),
    )
    .unwrap();
    assert!(matches!(state, ArchiveState::Finished { .. }));
}
