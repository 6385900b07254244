//! Writes that S3 has done and whose answers are lost: what is there is read, and
//! nothing is done twice. (That it holds for every write of an archiving is shown
//! against SeaweedFS.)

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_s3::Client;
use aws_smithy_mocks::{MockResponse, mock};
use deprovision_core::provider::{ArchiveReader as _, ArchiveState, Outcome};

use crate::s3::bucket::{Bucket, Kept, refusal};
use crate::s3::world::{Archives, PART, lost, unlocked};

fn short() -> (&'static str, Vec<u8>) {
    ("short", b"short".to_vec())
}

/// What somebody stored under a key.
fn kept(version: &str, bytes: &[u8], sha256: Option<&str>) -> Kept {
    Kept {
        version: version.to_owned(),
        bytes: bytes.to_vec(),
        lock: None,
        sha256: sha256.map(str::to_owned),
        crc64: None,
    }
}

#[tokio::test]
async fn a_stored_object_whose_answer_is_lost_is_found_by_its_checksum_and_not_stored_again() {
    for how in ["reset", "time-out"] {
        let bucket = Bucket::new();
        let (store, asked) = (bucket.clone(), AtomicUsize::new(0));
        let put = mock!(Client::put_object)
            .match_requests(move |_| asked.fetch_add(1, Ordering::SeqCst) == 0)
            .then_compute_response(move |input| {
                assert_eq!(input.if_none_match(), Some("*"));
                let kept = kept(
                    "theirs",
                    input.body().bytes().unwrap(),
                    input.checksum_sha256(),
                );
                let key = input.key().unwrap().to_owned();
                store.state().objects.insert(key, vec![kept]);
                MockResponse::Http(lost(how))
            });
        Archives::of(&[short()], &bucket, unlocked(), &[&put])
            .archived()
            .await;
        let state = bucket.state();
        assert_eq!(put.num_calls(), 1);
        // The object again, which is refused, and the manifest.
        assert_eq!(state.times("PutObject"), 2);
        assert_eq!(state.times("HeadObject"), 1);
        let versions: Vec<_> = state.objects.values().map(Vec::len).collect();
        assert_eq!(versions, [1, 1], "the object and the manifest, once each");
    }
}

#[tokio::test]
async fn what_is_there_after_a_lost_answer_and_has_other_bytes_is_replaced_and_not_taken() {
    // Nobody says what it hashes to: it is read.
    for sha256 in [None, Some("bm90IG9mIHRoZXNlIGJ5dGVz")] {
        let bucket = Bucket::new();
        let (store, asked) = (bucket.clone(), AtomicUsize::new(0));
        let put = mock!(Client::put_object)
            .match_requests(move |_| asked.fetch_add(1, Ordering::SeqCst) == 0)
            .then_compute_response(move |input| {
                let key = input.key().unwrap().to_owned();
                store
                    .state()
                    .objects
                    .insert(key, vec![kept("theirs", b"other", sha256)]);
                MockResponse::Http(lost("reset"))
            });
        let archives = Archives::of(&[short()], &bucket, unlocked(), &[&put]);
        archives.archived().await;
        let seen = archives.archive.archive(&archives.id).await.unwrap();
        let Some(ArchiveState::Finished { .. }) = seen.known_completely() else {
            panic!("{seen:?}");
        };
        let state = bucket.state();
        let versions = state
            .objects
            .iter()
            .find(|(key, _)| key.contains("/objects/"))
            .map(|(_, versions)| versions);
        let bytes: Vec<&[u8]> = versions
            .unwrap()
            .iter()
            .map(|kept| &kept.bytes[..])
            .collect();
        assert_eq!(bytes, [&b"other"[..], &b"short"[..]]);
    }
}

#[tokio::test]
async fn an_upload_that_was_finished_and_is_not_known_any_more_is_found_by_its_checksum() {
    let bucket = Bucket::new();
    let (store, asked) = (bucket.clone(), AtomicUsize::new(0));
    let complete = mock!(Client::complete_multipart_upload).then_compute_response(move |input| {
        if asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return refusal(404, "NoSuchUpload");
        }
        let mut state = store.state();
        let begun = state.uploads.remove(input.upload_id().unwrap()).unwrap();
        let bytes: Vec<u8> = begun
            .parts
            .into_values()
            .flat_map(|part| part.bytes)
            .collect();
        let mut kept = kept("ours", &bytes, None);
        kept.crc64 = input.checksum_crc64_nvme().map(str::to_owned);
        state.objects.insert(begun.key, vec![kept]);
        MockResponse::Http(lost("reset"))
    });
    let object = ("long", vec![7; PART + 1]);
    Archives::of(&[object], &bucket, unlocked(), &[&complete])
        .archived()
        .await;
    assert_eq!(complete.num_calls(), 2);
    let state = bucket.state();
    let versions: Vec<_> = state.objects.values().map(Vec::len).collect();
    assert_eq!(versions, [1, 1]);
}

#[tokio::test]
async fn a_manifest_whose_answers_are_all_lost_is_unknown_and_then_found_finished() {
    let bucket = Bucket::new();
    // Nothing arrives at first.
    let put = mock!(Client::put_object)
        .match_requests(|input| input.key().unwrap().ends_with("manifest.json"))
        .then_http_response(|| lost("time-out"));
    let archives = Archives::of(&[short()], &bucket, unlocked(), &[&put]);
    let outcome = archives.archive().await.unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(put.num_calls(), 4);
    Archives::of(&[short()], &bucket, unlocked(), &[])
        .archived()
        .await;
    assert_eq!(bucket.state().objects.len(), 2);
}
