//! Throttling, denials, errors inside answers that say 200, and lists that break off or
//! have many pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadOutput;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_parts::ListPartsOutput;
use aws_sdk_s3::types::{DeletedObject, Error, Object, ObjectVersion};
use aws_smithy_mocks::{Rule, mock};
use deprovision_aws::s3::{ArchiveOptions, S3Place};
use deprovision_core::conformance::known;
use deprovision_core::provider::{DatasetReader as _, ErrorKind, Outcome};

use crate::s3::bucket::{Begun, Bucket, http};
use crate::s3::world::{Archives, PART, datasets, key_of, unlocked};

fn short() -> (&'static str, Vec<u8>) {
    ("short", b"short".to_vec())
}

fn long() -> (&'static str, Vec<u8>) {
    ("long", vec![7; PART + 1])
}

/// The first `times` requests for which it is asked.
fn first(times: usize) -> impl Fn() -> bool + Send + Sync + 'static {
    let asked = AtomicUsize::new(0);
    move || asked.fetch_add(1, Ordering::SeqCst) < times
}

#[tokio::test]
async fn a_bucket_that_asks_for_fewer_calls_is_asked_again_and_then_it_works() {
    let [put, part, complete, list] = [(); 4].map(|()| first(2));
    let slow = || http(503, "SlowDown");
    let rules = [
        mock!(Client::put_object)
            .match_requests(move |_| put())
            .then_http_response(slow),
        mock!(Client::upload_part)
            .match_requests(move |_| part())
            .then_http_response(slow),
        mock!(Client::complete_multipart_upload)
            .match_requests(move |_| complete())
            .then_http_response(slow),
        mock!(Client::list_multipart_uploads)
            .match_requests({
                let begun = Arc::new(AtomicUsize::new(0));
                // The second call on is that of the archiving itself.
                move |_| begun.fetch_add(1, Ordering::SeqCst) > 0 && list()
            })
            .then_http_response(slow),
    ];
    let rules: Vec<&Rule> = rules.iter().collect();
    let bucket = Bucket::new();
    Archives::of(&[short(), long()], &bucket, unlocked(), &rules)
        .archived()
        .await;
    for rule in rules {
        assert_eq!(rule.num_calls(), 2);
    }
    assert!(bucket.state().uploads.is_empty());
}

#[tokio::test]
async fn a_bucket_that_is_always_busy_ends_the_work_as_throttled_and_leaves_no_upload() {
    let busy = mock!(Client::upload_part).then_http_response(|| http(503, "SlowDown"));
    let bucket = Bucket::new();
    let archives = Archives::of(&[long()], &bucket, unlocked(), &[&busy]);
    let error = archives.archive().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Throttled { .. }),
        "{error:?}"
    );
    // Two parts, each four times at most.
    assert!((4..=8).contains(&busy.num_calls()), "{}", busy.num_calls());
    assert!(bucket.state().uploads.is_empty());
}

#[tokio::test]
async fn a_denial_is_told_once_with_the_actions_that_are_missing_and_not_repeated() {
    let denied = || http(403, "AccessDenied");
    let locked = ArchiveOptions::new().kms_key("arn:aws:kms:us-east-1:1:key/k");
    let locking = "need s3:PutObject, s3:PutObjectRetention, kms:Decrypt, kms:GenerateDataKey;";
    for (object, rule, options, needed) in [
        (
            short(),
            mock!(Client::put_object).then_http_response(denied),
            unlocked(),
            "need s3:PutObject;",
        ),
        (
            short(),
            mock!(Client::put_object).then_http_response(denied),
            ArchiveOptions::new(),
            "need s3:PutObject, s3:PutObjectRetention;",
        ),
        (
            short(),
            mock!(Client::put_object).then_http_response(denied),
            locked.clone(),
            locking,
        ),
        (
            long(),
            mock!(Client::create_multipart_upload).then_http_response(denied),
            locked,
            locking,
        ),
        (
            long(),
            mock!(Client::upload_part).then_http_response(denied),
            unlocked(),
            "need s3:PutObject;",
        ),
        (
            short(),
            mock!(Client::list_object_versions).then_http_response(denied),
            unlocked(),
            "need s3:ListBucketVersions;",
        ),
        (
            short(),
            mock!(Client::get_bucket_versioning).then_http_response(denied),
            unlocked(),
            "need s3:GetBucketVersioning;",
        ),
    ] {
        let bucket = Bucket::new();
        let archives = Archives::of(&[object], &bucket, options, &[&rule]);
        let error = archives.archive().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Denied, "{error}");
        let text = error.to_string();
        assert!(text.contains(needed), "{text} does not say {needed}");
        assert!(text.contains("attach the policy"), "{text}");
        // An object of two parts sends both at once.
        assert!(rule.num_calls() <= 2, "{text}: {}", rule.num_calls());
        assert!(bucket.state().uploads.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn an_error_inside_a_200_finishes_no_upload_and_is_asked_again() {
    let once = first(1);
    let failed = mock!(Client::complete_multipart_upload)
        .match_requests(move |_| once())
        .then_http_response(|| http(200, "InternalError"));
    let bucket = Bucket::new();
    Archives::of(&[long()], &bucket, unlocked(), &[&failed])
        .archived()
        .await;
    assert_eq!(failed.num_calls(), 1);
    assert_eq!(bucket.state().completed.len(), 1);

    // For ever: there is no archive, and no part is left.
    let failed =
        mock!(Client::complete_multipart_upload).then_http_response(|| http(200, "InternalError"));
    let bucket = Bucket::new();
    let archives = Archives::of(&[long()], &bucket, unlocked(), &[&failed]);
    let text = archives.refused().await;
    assert!(text.contains("s3:CompleteMultipartUpload"), "{text}");
    assert!(text.contains("AWS failed inside"), "{text}");
    assert_eq!(failed.num_calls(), 4);
    assert!(bucket.state().uploads.is_empty());
}

#[tokio::test]
async fn a_conflict_while_an_upload_is_finished_is_looked_into_and_it_is_finished_then() {
    // 409, when the key is deleted or written meanwhile.
    let once = first(1);
    let conflict = mock!(Client::complete_multipart_upload)
        .match_requests(move |_| once())
        .then_http_response(|| http(409, "ConditionalRequestConflict"));
    let bucket = Bucket::new();
    Archives::of(&[long()], &bucket, unlocked(), &[&conflict])
        .archived()
        .await;
    assert_eq!(bucket.state().completed.len(), 1);
}

#[tokio::test]
async fn a_whole_checksum_of_other_bytes_than_were_sent_is_refused() {
    let other = mock!(Client::complete_multipart_upload).then_output(|| {
        CompleteMultipartUploadOutput::builder()
            .e_tag("e")
            .version_id("v")
            .checksum_crc64_nvme("AAAAAAAAAAA=")
            .checksum_type(aws_sdk_s3::types::ChecksumType::FullObject)
            .build()
    });
    let bucket = Bucket::new();
    let archives = Archives::of(&[long()], &bucket, unlocked(), &[&other]);
    let text = archives.refused().await;
    assert!(text.contains("the server stored other bytes"), "{text}");
}

#[tokio::test]
async fn errors_inside_a_200_of_a_deletion_say_how_much_is_gone() {
    let bucket = Bucket::new();
    let archives = Archives::of(&[short(), long()], &bucket, unlocked(), &[]);
    archives.archived().await;
    for (refused, code, expected) in [
        (3, "AccessDenied", "nothing was removed: "),
        (2, "AccessDenied", "1 of 3 versions are removed: "),
        (2, "InternalError", "1 of 3 versions are removed: "),
    ] {
        let rule = mock!(Client::delete_objects).then_compute_output(move |input| {
            let objects = input.delete().unwrap().objects();
            let (gone, left) = objects.split_at(objects.len() - refused);
            let mut answer = DeleteObjectsOutput::builder();
            for object in gone {
                let gone = DeletedObject::builder()
                    .key(object.key())
                    .set_version_id(object.version_id().map(str::to_owned));
                answer = answer.deleted(gone.build());
            }
            for object in left {
                answer = answer.errors(Error::builder().key(object.key()).code(code).build());
            }
            answer.build()
        });
        let archives = Archives::of(&[short(), long()], &bucket, unlocked(), &[&rule]);
        let why = match archives.discard().await.unwrap() {
            Outcome::NotDone { why } if refused == 3 => why,
            Outcome::Unknown { why } if refused == 2 => why,
            other => panic!("{other:?}"),
        };
        assert!(why.starts_with(expected), "{why}");
        assert!(why.contains(code), "{why}");
        assert_eq!(rule.num_calls(), 1, "what was refused is not sent again");
    }
    let outcome = archives.discard().await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert!(bucket.state().objects.is_empty());
}

/// Puts objects into a bucket; some have older versions.
fn filled(bucket: &Bucket) -> Vec<String> {
    let names: Vec<String> = (0..5).map(|i| format!("orders/{i}")).collect();
    for name in &names {
        bucket.put(name, b"older");
        bucket.put(name, b"newest");
    }
    names
}

#[tokio::test]
async fn every_page_of_a_list_is_read_whether_of_objects_or_of_versions() {
    for versioning in [
        None,
        Some(aws_sdk_s3::types::BucketVersioningStatus::Enabled),
    ] {
        let bucket = Bucket::new();
        let names = filled(&bucket);
        let operation = match versioning {
            None => "ListObjectsV2",
            Some(_) => "ListObjectVersions",
        };
        bucket.state().versioning = versioning;
        for page in [1, 2, 3, 1000] {
            {
                let mut state = bucket.state();
                state.page = page;
                state.sent.clear();
            }
            let buckets = datasets(&bucket, &[]);
            let id = buckets.dataset(&S3Place::new("data", "").unwrap()).unwrap();
            let seen = known(buckets.objects(&id).await.unwrap()).unwrap();
            assert_eq!(seen.keys().cloned().collect::<Vec<_>>(), names);
            assert!(seen.values().all(|info| info.length == 6), "{seen:?}");
            let state = bucket.state();
            let all = if operation == "ListObjectsV2" { 5 } else { 10 };
            assert_eq!(state.times(operation), usize::div_ceil(all, page));
        }
    }
}

#[tokio::test]
async fn every_page_of_unfinished_uploads_is_read_and_all_of_an_archive_are_dropped() {
    let object = short();
    let key = key_of(&object).await;
    let bucket = Bucket::new();
    let (below, _) = key.rsplit_once('/').unwrap();
    {
        let mut state = bucket.state();
        state.page = 2;
        for i in 0..7 {
            let begun = Begun {
                // Some of one key.
                key: format!("{below}/{}", i / 2),
                ..Begun::default()
            };
            state.uploads.insert(format!("upload {i}"), begun);
        }
    }
    Archives::of(&[object], &bucket, unlocked(), &[])
        .archived()
        .await;
    let state = bucket.state();
    assert!(state.uploads.is_empty(), "{:?}", state.uploads);
    assert_eq!(state.times("AbortMultipartUpload"), 7);
}

#[tokio::test]
async fn i_9_a_list_that_is_cut_off_and_names_no_next_page_is_not_taken_for_a_whole_one() {
    for marker in [None, Some("orders/0")] {
        let marker = marker.map(str::to_owned);
        let (token, key) = (marker.clone(), marker);
        let objects = mock!(Client::list_objects_v2).then_output(move || {
            let object = Object::builder().size(1).e_tag("e");
            ListObjectsV2Output::builder()
                .contents(object.key("orders/0").build())
                .is_truncated(true)
                .set_next_continuation_token(token.clone())
                .build()
        });
        let versions = mock!(Client::list_object_versions).then_output(move || {
            let version = ObjectVersion::builder().size(1).e_tag("e").version_id("v");
            ListObjectVersionsOutput::builder()
                .versions(version.key("orders/0").build())
                .is_truncated(true)
                .set_next_key_marker(key.clone())
                .build()
        });
        for versioning in [
            None,
            Some(aws_sdk_s3::types::BucketVersioningStatus::Enabled),
        ] {
            let bucket = Bucket::new();
            bucket.state().versioning = versioning;
            let buckets = datasets(&bucket, &[&objects, &versions]);
            let id = buckets.dataset(&S3Place::new("data", "").unwrap()).unwrap();
            let error = buckets.objects(&id).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Transient, "{error}");
        }
        assert!(objects.num_calls() <= 2 && versions.num_calls() <= 2);
    }
}

#[tokio::test]
async fn i_9_uploads_and_parts_that_are_listed_in_part_end_the_archiving() {
    let cut = mock!(Client::list_multipart_uploads).then_output(|| {
        ListMultipartUploadsOutput::builder()
            .is_truncated(true)
            .build()
    });
    let bucket = Bucket::new();
    let archives = Archives::of(&[short()], &bucket, unlocked(), &[&cut]);
    let text = archives.refused().await;
    assert!(text.contains("the list broke off"), "{text}");

    let object = long();
    let bucket = Bucket::new();
    let begun = Begun {
        key: key_of(&object).await,
        ..Begun::default()
    };
    bucket.state().uploads.insert("u".to_owned(), begun);
    let cut = mock!(Client::list_parts)
        .then_output(|| ListPartsOutput::builder().is_truncated(true).build());
    let archives = Archives::of(&[object], &bucket, unlocked(), &[&cut]);
    let text = archives.refused().await;
    assert!(text.contains("the list broke off"), "{text}");
}
