//! How objects are kept: locks, KMS keys and storage classes, as they are asked for and
//! as they are read back.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{BucketVersioningStatus, ObjectLockMode};
use aws_smithy_mocks::{MockResponse, mock};
use deprovision_aws::s3::{ArchiveLock, ArchiveOptions, ArchiveStorage, S3Error};
use deprovision_core::time::Timestamp;

use crate::s3::bucket::{Bucket, head_of};
use crate::s3::world::{ACCOUNT, Archives, PART, unlocked};

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn objects() -> [(&'static str, Vec<u8>); 2] {
    [("short", b"short".to_vec()), ("long", vec![7; PART + 1])]
}

fn compliance(days: u32) -> ArchiveLock {
    ArchiveLock::compliance(days, &format!("nobody can delete it for {days} days")).unwrap()
}

#[tokio::test]
async fn i_1_key_class_and_lock_are_asked_for_with_every_object_and_the_manifest() {
    for (lock, mode, days) in [
        (
            ArchiveLock::governance(30).unwrap(),
            ObjectLockMode::Governance,
            30,
        ),
        (compliance(400), ObjectLockMode::Compliance, 400),
    ] {
        let bucket = Bucket::new();
        let options = ArchiveOptions::new()
            .lock(lock)
            .kms_key(KEY)
            .storage(ArchiveStorage::GlacierInstantRetrieval);
        let before = Timestamp::now().as_second();
        Archives::of(&objects(), &bucket, options, &[])
            .archived()
            .await;
        let after = Timestamp::now().as_second();
        let state = bucket.state();
        let mut operations: Vec<_> = state.told.iter().map(|told| told.operation).collect();
        operations.sort_unstable();
        assert_eq!(
            operations,
            ["CreateMultipartUpload", "PutObject", "PutObject"],
            "in parts, in one piece, and the manifest"
        );
        for told in &state.told {
            assert_eq!(told.owner.as_deref(), Some(ACCOUNT));
            assert_eq!(told.encryption.as_deref(), Some("aws:kms"));
            assert_eq!(told.kms_key.as_deref(), Some(KEY));
            assert_eq!(told.storage.as_deref(), Some("GLACIER_IR"));
            let (asked, until) = told.lock.clone().unwrap();
            assert_eq!(asked, mode);
            let whole = days * 86_400;
            assert!(
                (before + whole..=after + whole + 1).contains(&until.secs()),
                "{until}"
            );
        }
        let locked = |kept: &crate::s3::bucket::Kept| kept.lock.is_some();
        assert!(state.objects.values().flatten().all(locked));
    }
}

#[tokio::test]
async fn what_is_not_asked_for_is_left_to_the_bucket() {
    let bucket = Bucket::new();
    Archives::of(&objects(), &bucket, unlocked(), &[])
        .archived()
        .await;
    for told in &bucket.state().told {
        assert_eq!(
            (&told.encryption, &told.kms_key, &told.storage, &told.lock),
            (&None, &None, &None, &None)
        );
    }
}

#[test]
fn compliance_is_had_only_by_typing_for_how_long_nobody_can_delete_it() {
    for typed in ["", "yes", "nobody can delete it for 3 days"] {
        let refused = ArchiveLock::compliance(30, typed).unwrap_err();
        assert!(matches!(refused, S3Error::NotConfirmed(_)), "{refused}");
        assert!(
            refused
                .to_string()
                .contains("nobody can delete it for 30 days")
        );
    }
    for days in [0, 36_501] {
        assert!(ArchiveLock::governance(days).is_err());
    }
}

#[tokio::test]
async fn i_1_a_lock_in_another_mode_than_was_asked_for_is_refused() {
    let bucket = Bucket::new();
    let there = bucket.clone();
    let weaker = mock!(Client::head_object)
        .match_requests(|input| input.key().unwrap().contains("/objects/"))
        .then_compute_output(move |input| {
            let state = there.state();
            let mut kept = state.objects[input.key().unwrap()][0].clone();
            kept.lock.as_mut().unwrap().0 = ObjectLockMode::Governance;
            head_of(&kept)
        });
    let options = ArchiveOptions::new().lock(compliance(1));
    let text = Archives::of(&objects(), &bucket, options, &[&weaker])
        .refused()
        .await;
    assert!(
        text.contains("is stored, but it is locked in mode GOVERNANCE instead of COMPLIANCE"),
        "{text}"
    );
    assert_eq!(
        bucket.state().times("PutObjectRetention"),
        0,
        "what another mode holds is not touched"
    );
}

/// The bucket after an attempt that stored everything but the manifest, when locks
/// ended earlier.
async fn attempted(lock: ArchiveLock) -> Bucket {
    let bucket = Bucket::new();
    let options = ArchiveOptions::new().lock(lock);
    Archives::of(&objects(), &bucket, options, &[])
        .archived()
        .await;
    let mut state = bucket.state();
    state.objects.retain(|key, _| key.contains("/objects/"));
    state.sent.clear();
    drop(state);
    bucket
}

#[tokio::test]
async fn i_1_a_lock_of_an_earlier_attempt_that_is_too_short_is_extended() {
    for (earlier, wanted, mode) in [
        (
            ArchiveLock::governance(1).unwrap(),
            ArchiveLock::governance(30).unwrap(),
            ObjectLockMode::Governance,
        ),
        (compliance(1), compliance(30), ObjectLockMode::Compliance),
    ] {
        let bucket = attempted(earlier).await;
        let now = Timestamp::now().as_second();
        let options = ArchiveOptions::new().lock(wanted);
        Archives::of(&objects(), &bucket, options, &[])
            .archived()
            .await;
        let state = bucket.state();
        assert_eq!(state.times("PutObjectRetention"), 2);
        for kept in state.objects.values().flatten() {
            let (is, until) = kept.lock.clone().unwrap();
            assert_eq!(is, mode);
            assert!(until.secs() >= now + 30 * 86_400, "{until}");
        }
        let versions: Vec<_> = state.objects.values().map(Vec::len).collect();
        assert_eq!(versions, [1, 1, 1], "nothing is stored twice");
    }
}

#[tokio::test]
async fn i_1_what_an_earlier_attempt_stored_without_a_lock_is_locked() {
    let bucket = attempted(ArchiveLock::none_as_the_policy_allows()).await;
    let options = ArchiveOptions::new().lock(ArchiveLock::governance(30).unwrap());
    Archives::of(&objects(), &bucket, options, &[])
        .archived()
        .await;
    let state = bucket.state();
    assert_eq!(state.times("PutObjectRetention"), 2);
    assert!(
        state
            .objects
            .values()
            .flatten()
            .all(|kept| kept.lock.is_some())
    );
}

#[tokio::test]
async fn i_1_a_lock_that_is_said_to_be_extended_and_is_not_is_refused() {
    let bucket = attempted(ArchiveLock::governance(1).unwrap()).await;
    let ignored = mock!(Client::put_object_retention).then_output(|| {
        aws_sdk_s3::operation::put_object_retention::PutObjectRetentionOutput::builder().build()
    });
    let options = ArchiveOptions::new().lock(ArchiveLock::governance(30).unwrap());
    let text = Archives::of(&objects(), &bucket, options, &[&ignored])
        .refused()
        .await;
    assert!(text.contains("it is locked only until"), "{text}");
    assert!(ignored.num_calls() > 0);
}

#[tokio::test]
async fn i_1_a_lock_that_ends_later_than_wanted_stays_as_it_is() {
    let bucket = attempted(ArchiveLock::governance(30).unwrap()).await;
    let options = ArchiveOptions::new().lock(ArchiveLock::governance(1).unwrap());
    Archives::of(&objects(), &bucket, options, &[])
        .archived()
        .await;
    assert_eq!(bucket.state().times("PutObjectRetention"), 0);
    let month = DateTime::from_secs(Timestamp::now().as_second() + 29 * 86_400);
    let state = bucket.state();
    let objects = state
        .objects
        .iter()
        .filter(|(key, _)| key.contains("/objects/"));
    for kept in objects.flat_map(|(_, versions)| versions) {
        assert!(kept.lock.clone().unwrap().1 > month);
    }
}

#[tokio::test]
async fn i_1_a_bucket_that_can_not_keep_an_archive_is_refused_before_anything_is_stored() {
    let locked = ArchiveOptions::new();
    for (versioning, can_lock, options, why) in [
        (
            Some(BucketVersioningStatus::Suspended),
            true,
            unlocked(),
            "the versioning of bucket archives is suspended",
        ),
        (
            Some(BucketVersioningStatus::Suspended),
            true,
            locked.clone(),
            "the versioning of bucket archives is suspended",
        ),
        (
            Some(BucketVersioningStatus::Enabled),
            false,
            locked.clone(),
            "bucket archives has no Object Lock; use one that has it",
        ),
        (None, true, locked, "bucket archives has no Object Lock"),
    ] {
        let bucket = Bucket::new();
        {
            let mut state = bucket.state();
            (state.versioning, state.can_lock) = (versioning, can_lock);
        }
        let text = Archives::of(&objects(), &bucket, options, &[])
            .refused()
            .await;
        assert!(text.contains(why), "{text}");
        let state = bucket.state();
        let writes = ["PutObject", "CreateMultipartUpload", "UploadPart"];
        assert!(
            !state.sent.iter().any(|sent| writes.contains(sent)),
            "{:?}",
            state.sent
        );
    }
}

#[tokio::test]
async fn i_1_whoever_may_not_see_locks_is_told_which_action_is_missing() {
    // Without s3:GetObjectRetention S3 leaves the lock out of its answer.
    let bucket = Bucket::new();
    let there = bucket.clone();
    let blind = mock!(Client::head_object).then_compute_response(move |input| {
        match there.state().objects.get(input.key().unwrap()) {
            None => super::bucket::refusal(404, ""),
            Some(versions) => {
                let mut kept = versions[0].clone();
                kept.lock = None;
                MockResponse::Output(head_of(&kept))
            }
        }
    });
    let text = Archives::of(&objects(), &bucket, ArchiveOptions::new(), &[&blind])
        .refused()
        .await;
    assert!(
        text.contains("the credentials lack s3:GetObjectRetention"),
        "{text}"
    );
}
