//! Compliance mode on SeaweedFS, from the archive to the erasure of its source.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode};
use deprovision_aws::s3::{ArchiveLock, ArchiveOptions, S3Archive};
use deprovision_core::permit::SourceState;
use deprovision_core::provider::{ArchiveReader, ArchiveState, Archiver as _, Outcome, Retention};
use deprovision_core::time::{Period, Timestamp};

use crate::proxy::Honest;
use crate::s3::fixture::{Kind, Store, client, key_of, place, scope, versions};
use crate::s3::guards::permit;

/// The buckets of SeaweedFS, with archives that nobody can delete for a day.
async fn store() -> Store {
    let mut store = Store::behind(Kind::Locked, Honest).await;
    let lock = ArchiveLock::compliance(1, "nobody can delete it for 1 days").unwrap();
    let options = ArchiveOptions::new().lock(lock).part_size(5 << 20).unwrap();
    store.archive = S3Archive::new(
        &client(Some(&store.proxy.endpoint)),
        scope(),
        store.datasets.clone(),
        place(&store.archives, "kept/"),
        place(&store.scratch, "scratch/"),
        options,
    )
    .unwrap();
    store.put(&store.data, "short", b"short").await;
    store.put(&store.data, "empty", b"").await;
    store
        .put(&store.data, "long", &vec![7; (5 << 20) + 1])
        .await;
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_in_compliance_mode_no_version_can_be_deleted_shortened_or_weakened() {
    let store = store().await;
    store.archive_now().await.unwrap();
    let id = store.archive_id();
    let seen = ArchiveReader::archive(&store.archive, &id).await.unwrap();
    let Some(ArchiveState::Finished {
        retention: Retention::LockedUntil { until },
        ..
    }) = seen.known_completely().cloned()
    else {
        panic!("{seen:?}");
    };
    let now = Timestamp::now();
    assert!(until > Period::hours(23).after(now), "{until}");
    assert!(until < Period::hours(25).after(now), "{until}");

    let kept = versions(&store.raw, &store.archives, &key_of(&id)).await;
    assert_eq!(kept.len(), 4, "three objects and the manifest");
    let soon = DateTime::from_secs(now.as_second() + 3600);
    let later = DateTime::from_secs(until.as_second());
    for (key, version) in &kept {
        for bypass in [false, true] {
            let deleted = store
                .raw
                .delete_object()
                .bucket(&store.archives)
                .key(key)
                .version_id(version)
                .bypass_governance_retention(bypass)
                .send()
                .await;
            assert!(deleted.is_err(), "{key}: deleted, bypass {bypass}");
            for (mode, until) in [
                (ObjectLockRetentionMode::Compliance, soon),
                (ObjectLockRetentionMode::Governance, soon),
                (ObjectLockRetentionMode::Governance, later),
            ] {
                let retention = ObjectLockRetention::builder()
                    .mode(mode.clone())
                    .retain_until_date(until)
                    .build();
                let changed = store
                    .raw
                    .put_object_retention()
                    .bucket(&store.archives)
                    .key(key)
                    .version_id(version)
                    .retention(retention)
                    .bypass_governance_retention(bypass)
                    .send()
                    .await;
                assert!(
                    changed.is_err(),
                    "{key}: {mode} until {until}, bypass {bypass}"
                );
            }
        }
        let head = store
            .raw
            .head_object()
            .bucket(&store.archives)
            .key(key)
            .version_id(version)
            .send()
            .await
            .unwrap();
        assert_eq!(head.object_lock_mode(), Some(&ObjectLockMode::Compliance));
        let held = head.object_lock_retain_until_date().unwrap().secs();
        assert!(held >= until.as_second(), "{key}: {held}");
    }
    let discarded = store.archive.discard(&id, &permit(1)).await.unwrap();
    let Outcome::NotDone { why } = discarded else {
        panic!("{discarded:?}");
    };
    assert!(why.contains("locked in mode COMPLIANCE"), "{why}");
    // All of it is still there, and the source may go.
    store.erase_now(SourceState::Whole, 1).await.unwrap();
    assert!(versions(&store.raw, &store.data, "").await.is_empty());
    let left = versions(&store.raw, &store.archives, &key_of(&id)).await;
    assert_eq!(left, kept);
}
