//! Servers that lie, lose and fail: the source is erased in none of these cases, and
//! the error says why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use deprovision_core::digest::{Digest, canonical_json};
use deprovision_core::permit::SourceState;

use crate::proxy::{After, Answer, Before, Honest, Lie, Request};
use crate::s3::fixture::{Kind, Rot, Store, destroy, key_of, put, versions};
use crate::world;

const OBJECTS: [(&str, &[u8]); 4] = [
    ("orders/1.json", b"first"),
    ("orders/2.json", b"other"),
    ("empty", b""),
    ("readme", b"some more bytes"),
];

/// Longer than a part.
fn long() -> Vec<u8> {
    (0..(5u32 << 20) + 10).map(|i| (i % 251) as u8).collect()
}

async fn filled(kind: Kind, lie: impl Lie) -> Store {
    let store = Store::behind(kind, lie).await;
    for (key, bytes) in OBJECTS {
        store.put(&store.data, key, bytes).await;
    }
    store
}

/// Expects a refusal that says why, and that every object is still there.
async fn refused(store: &Store, result: Result<String, String>, why: &str) {
    let text = result.expect_err(why);
    assert!(text.contains(why), "{text:?} does not say {why:?}");
    for (key, bytes) in OBJECTS {
        let answer = store
            .raw
            .get_object()
            .bucket(&store.data)
            .key(key)
            .send()
            .await
            .unwrap();
        let kept = answer.body.collect().await.unwrap().into_bytes();
        // One test changes one of them itself.
        assert!(kept == bytes || key == "readme", "{key} is not kept");
    }
    store.expect_no_parts().await;
}

async fn whole(store: &Store) -> Result<String, String> {
    store.erase_now(SourceState::Whole, 1).await
}

/// Is told what to do with an answer.
struct Answers<F>(F);

impl<F: Fn(&Request, &mut Answer) -> After + Send + Sync + 'static> Lie for Answers<F> {
    fn after(&self, request: &Request, answer: &mut Answer) -> After {
        (self.0)(request, answer)
    }
}

/// Is told what to do with a request.
struct Requests<F>(F);

impl<F: Fn(&Request) -> Before + Send + Sync + 'static> Lie for Requests<F> {
    fn before(&self, request: &Request) -> Before {
        (self.0)(request)
    }
}

fn is_archived_object(request: &Request) -> bool {
    request.path.starts_with("/archives-") && request.path.contains("/objects/")
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_an_honest_archive_is_erased_and_every_request_names_the_account() {
    let missing = Arc::new(Mutex::new(Vec::new()));
    let seen = missing.clone();
    let lie = Requests(move |request: &Request| {
        if request.header("x-amz-expected-bucket-owner") != Some(world::ACCOUNT) {
            let line = format!("{} {}", request.method, request.path);
            seen.lock().unwrap().push(line);
        }
        Before::Pass
    });
    let store = filled(Kind::Locked, lie).await;
    store.put(&store.data, "long", &long()).await;
    store.archive_now().await.unwrap();
    whole(&store).await.unwrap();
    assert!(versions(&store.raw, &store.data, "").await.is_empty());
    assert!(versions(&store.raw, &store.scratch, "").await.is_empty());
    store.expect_no_parts().await;
    // Erasing again erases nothing, and says so.
    let again = store.erase_now(SourceState::PartlyErased, 2).await.unwrap();
    assert!(
        again.starts_with("0 objects erased now, 5 in all"),
        "{again}"
    );
    assert_eq!(*missing.lock().unwrap(), Vec::<String>::new());
    assert!(store.proxy.requests.load(Ordering::SeqCst) > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_corrupted_byte_is_refused() {
    let rot = Rot::default();
    let store = filled(Kind::Versioned, rot.clone()).await;
    store.archive_now().await.unwrap();
    let key = store.key_in(&store.archive_id(), "orders/1.json").await;
    rot.0.lock().unwrap().insert(key);
    refused(
        &store,
        whole(&store).await,
        "[I-1] object \"orders/1.json\": the archive gives back sha256",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_short_object_is_refused() {
    let lie = Answers(|request: &Request, answer: &mut Answer| {
        if request.method == "GET" && is_archived_object(request) {
            answer.body.pop();
        }
        After::Pass
    });
    let store = filled(Kind::Versioned, lie).await;
    store.archive_now().await.unwrap();
    refused(
        &store,
        whole(&store).await,
        "gives back 4 bytes instead of 5",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_swapped_keys_are_refused() {
    let swapped: Arc<Mutex<BTreeMap<String, &[u8]>>> = Arc::default();
    let map = swapped.clone();
    let lie = Answers(move |request: &Request, answer: &mut Answer| {
        let path = request.path.split('?').next().unwrap();
        for (key, bytes) in map.lock().unwrap().iter() {
            if request.method == "GET" && path.ends_with(key) {
                answer.body = bytes.to_vec();
            }
        }
        After::Pass
    });
    let store = filled(Kind::Versioned, lie).await;
    store.archive_now().await.unwrap();
    let id = store.archive_id();
    for (name, bytes) in [
        ("orders/1.json", OBJECTS[1].1),
        ("orders/2.json", OBJECTS[0].1),
    ] {
        let key = store.key_in(&id, name).await;
        swapped.lock().unwrap().insert(key, bytes);
    }
    refused(&store, whole(&store).await, "the archive gives back sha256").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_another_version_than_the_pinned_one_is_refused() {
    let lie = Answers(|request: &Request, answer: &mut Answer| {
        if request.method == "GET" && is_archived_object(request) {
            answer.remove_header("x-amz-version-id");
            let header = ("x-amz-version-id".to_owned(), "another".to_owned());
            answer.headers.push(header);
        }
        After::Pass
    });
    let store = filled(Kind::Versioned, lie).await;
    store.archive_now().await.unwrap();
    refused(
        &store,
        whole(&store).await,
        "was asked for, and another one came",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_what_is_put_over_an_archived_object_is_not_read_or_is_refused() {
    let versioned = filled(Kind::Versioned, Honest).await;
    versioned.archive_now().await.unwrap();
    let key = versioned.key_in(&versioned.archive_id(), "readme").await;
    versioned
        .put(&versioned.archives, &key, b"SOME MORE BYTES")
        .await;
    whole(&versioned).await.unwrap();

    let plain = filled(Kind::Plain, Honest).await;
    plain.archive_now().await.unwrap();
    let key = plain.key_in(&plain.archive_id(), "readme").await;
    plain.put(&plain.archives, &key, b"SOME MORE BYTES").await;
    refused(&plain, whole(&plain).await, "s3:GetObject: in conflict").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_lock_that_is_taken_and_not_kept_is_refused() {
    let lie = Answers(|_: &Request, answer: &mut Answer| {
        answer.remove_header("x-amz-object-lock");
        After::Pass
    });
    let store = filled(Kind::Locked, lie).await;
    let result = store.archive_now().await;
    refused(
        &store,
        result,
        "the server took the lock and does not keep it",
    )
    .await;
    assert!(!store.is_finished().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_lock_that_is_gone_or_shorter_later_is_refused() {
    let hidden = Arc::new(AtomicU32::new(0));
    let how = hidden.clone();
    let lie = Answers(move |request: &Request, answer: &mut Answer| {
        let how = how.load(Ordering::SeqCst);
        if is_archived_object(request) && how == 1 {
            answer.remove_header("x-amz-object-lock");
        }
        if is_archived_object(request) && how == 2 {
            answer.remove_header("x-amz-object-lock-retain");
            answer.headers.push((
                "x-amz-object-lock-retain-until-date".to_owned(),
                "2020-01-01T00:00:00Z".to_owned(),
            ));
        }
        After::Pass
    });
    let store = filled(Kind::Locked, lie).await;
    store.archive_now().await.unwrap();
    hidden.store(1, Ordering::SeqCst);
    refused(&store, whole(&store).await, "it has no lock").await;
    hidden.store(2, Ordering::SeqCst);
    refused(&store, whole(&store).await, "it is locked only until 2020").await;
    hidden.store(0, Ordering::SeqCst);
    whole(&store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_bucket_without_object_lock_is_refused_when_a_lock_is_wanted() {
    let store = filled(
        Kind::Locked,
        Requests(|request: &Request| {
            if request.path.contains("object-lock") {
                return Before::Answer(Answer::error(501, "NotImplemented"));
            }
            Before::Pass
        }),
    )
    .await;
    let result = store.archive_now().await;
    refused(&store, result, "has no Object Lock").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_server_that_stores_the_framing_of_an_upload_is_refused() {
    // As s3rver does with uploads of this SDK.
    let lie = Answers(|request: &Request, answer: &mut Answer| {
        if request.method == "GET" && is_archived_object(request) && answer.status == 200 {
            let size = answer.body.len();
            let mut framed = format!("{size:x};chunk-signature=0\r\n").into_bytes();
            framed.append(&mut answer.body);
            framed.extend_from_slice(b"\r\n0;chunk-signature=0\r\n\r\n");
            answer.body = framed;
        }
        After::Pass
    });
    let store = filled(Kind::Versioned, lie).await;
    store.archive_now().await.unwrap();
    refused(&store, whole(&store).await, "bytes instead of").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_changed_on_their_way_are_sent_again_and_never_stored() {
    for times in [1u32, u32::MAX] {
        let left = AtomicU32::new(times);
        let lie = Requests(move |request: &Request| {
            let more = |left: u32| left.checked_sub(1);
            if request.method == "PUT"
                && is_archived_object(request)
                && !request.body.is_empty()
                && left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
                    .is_ok()
            {
                let mut other = request.clone();
                other.body[0] ^= 1;
                return Before::Instead(other);
            }
            Before::Pass
        });
        let store = filled(Kind::Versioned, lie).await;
        store.put(&store.data, "long", &long()).await;
        let result = store.archive_now().await;
        if times == 1 {
            result.unwrap();
            whole(&store).await.unwrap();
        } else {
            refused(&store, result, "the bytes were changed on their way").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_source_that_changes_during_the_copy_gives_no_archive() {
    for kind in [Kind::Plain, Kind::Versioned] {
        let changed = Arc::new(AtomicU32::new(0));
        let once = changed.clone();
        let lie = Requests(move |request: &Request| {
            if request.method == "PUT"
                && is_archived_object(request)
                && once.fetch_add(1, Ordering::SeqCst) == 0
            {
                // Behind our back, while an object is on its way.
                CHANGE.with(kind);
            }
            Before::Pass
        });
        let store = filled(kind, lie).await;
        CHANGE.aim(kind, &store);
        let result = store.archive_now().await;
        refused(&store, result, "changed while it was copied").await;
        assert!(changed.load(Ordering::SeqCst) > 0);
        assert!(!store.is_finished().await);
        // The next attempt archives what is there now.
        store.archive_now().await.unwrap();
        let erased = whole(&store).await;
        if kind == Kind::Plain {
            erased.unwrap();
        } else {
            refused(&store, erased, "1 versions below newer ones").await;
        }
    }
}

/// Changes an object of a store from within a proxy.
static CHANGE: Change = Change(Mutex::new(Vec::new()));

struct Change(Mutex<Vec<(Kind, aws_sdk_s3::Client, String)>>);

impl Change {
    fn aim(&self, kind: Kind, store: &Store) {
        let aim = (kind, store.raw.clone(), store.data.clone());
        self.0.lock().unwrap().push(aim);
    }

    fn with(&self, kind: Kind) {
        let aims = self.0.lock().unwrap();
        let (_, raw, bucket) = aims.iter().find(|(of, ..)| *of == kind).unwrap();
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(put(raw, bucket, "readme", b"changed"));
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_many_parts_has_the_hash_of_its_bytes_and_not_one_of_its_parts() {
    let store = filled(Kind::Locked, Honest).await;
    let bytes: Vec<u8> = (0..6 * (5u32 << 20) + 1).map(|i| (i % 241) as u8).collect();
    store.put(&store.data, "many parts", &bytes).await;
    store.archive_now().await.unwrap();
    let id = store.archive_id();
    let manifest = store.manifest(&id).await;
    let entry = &manifest["contents"]["manifest"]["objects"]["many parts"];
    assert_eq!(entry["sha256"], Digest::of_bytes(&bytes).to_string());
    let etag = manifest["contents"]["stored"]["many parts"]["etag"].to_string();
    assert!(etag.contains("-7"), "it went in seven parts: {etag}");
    whole(&store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_manifest_that_misses_an_entry_is_refused() {
    let store = filled(Kind::Versioned, Honest).await;
    store.archive_now().await.unwrap();
    let id = store.archive_id();
    let mut manifest = store.manifest(&id).await;
    let contents = &mut manifest["contents"];
    let key = format!("{}/manifest.json", key_of(&id));
    // Only in one of its halves.
    contents["stored"].as_object_mut().unwrap().remove("readme");
    let half = sealed(contents);
    // In both, with a digest that fits.
    contents["manifest"]["objects"]
        .as_object_mut()
        .unwrap()
        .remove("readme");
    let both = sealed(contents);
    store.put(&store.archives, &key, &half).await;
    refused(
        &store,
        whole(&store).await,
        "not every object has its place",
    )
    .await;
    store.put(&store.archives, &key, &both).await;
    refused(&store, whole(&store).await, "\"readme\" is new").await;
    // Hidden below a delete marker it is not absent.
    store
        .raw
        .delete_object()
        .bucket(&store.archives)
        .key(&key)
        .send()
        .await
        .unwrap();
    refused(
        &store,
        store.archive_now().await,
        "lies below a delete marker",
    )
    .await;
}

fn sealed(contents: &serde_json::Value) -> Vec<u8> {
    let digest = Digest::of_value("deprovision/s3-archive/v1", contents).unwrap();
    let file = serde_json::json!({ "digest": digest, "contents": contents });
    canonical_json(&file).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_version_or_a_delete_marker_hides_is_never_erased_unarchived() {
    let store = filled(Kind::Versioned, Honest).await;
    store.put(&store.data, "readme", b"newer").await;
    store.archive_now().await.unwrap();
    refused(
        &store,
        whole(&store).await,
        "1 versions below newer ones or below delete markers are not in the archive",
    )
    .await;
    // Below a marker, of an object that nobody sees.
    let other = filled(Kind::Versioned, Honest).await;
    other.put(&other.data, "hidden", b"hidden").await;
    other
        .raw
        .delete_object()
        .bucket(&other.data)
        .key("hidden")
        .send()
        .await
        .unwrap();
    other.archive_now().await.unwrap();
    refused(
        &other,
        whole(&other).await,
        "the first of them of \"hidden\"",
    )
    .await;
    destroy(&other.raw, &other.data, "hidden").await;
    whole(&other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_marker_over_what_is_archived_goes_with_it() {
    let store = filled(Kind::Versioned, Honest).await;
    store.archive_now().await.unwrap();
    store
        .raw
        .delete_object()
        .bucket(&store.data)
        .key("readme")
        .send()
        .await
        .unwrap();
    store.erase_now(SourceState::PartlyErased, 1).await.unwrap();
    assert!(versions(&store.raw, &store.data, "").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_inside_a_200_of_a_deletion_and_deletions_that_did_not_happen_are_noticed() {
    let how = Arc::new(AtomicU32::new(0));
    let lies = how.clone();
    let lie = Requests(move |request: &Request| {
        let is_erasure = request.method == "POST"
            && request.path.contains("delete")
            && request.path.starts_with("/data-");
        let result = |inside: String| {
            let body = format!(
                "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</DeleteResult>"
            );
            Before::Answer(Answer {
                status: 200,
                headers: Vec::new(),
                body: body.into_bytes(),
            })
        };
        let asked = String::from_utf8_lossy(&request.body).into_owned();
        let each = |tag: &str, more: &str| -> String {
            asked
                .split("<Object>")
                .skip(1)
                .map(|object| {
                    let inside = object.split("</Object>").next().unwrap();
                    format!("<{tag}>{inside}{more}</{tag}>")
                })
                .collect()
        };
        match lies.load(Ordering::SeqCst) {
            1 if is_erasure => result(each("Error", "<Code>AccessDenied</Code>")),
            2 if is_erasure => result(each("Deleted", "")),
            3 if is_erasure => result(String::new()),
            _ => Before::Pass,
        }
    });
    let store = filled(Kind::Versioned, lie).await;
    store.archive_now().await.unwrap();
    for (kind, why) in [
        (
            1,
            "not done: nothing was erased: s3:DeleteObjects: not permitted",
        ),
        (2, "unknown: \"empty\" is there after all was erased"),
        (3, "S3 answered for 0 of 4 objects"),
    ] {
        how.store(kind, Ordering::SeqCst);
        refused(&store, whole(&store).await, why).await;
    }
    how.store(0, Ordering::SeqCst);
    whole(&store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_200_with_an_error_in_it_finishes_no_upload() {
    for times in [1u32, u32::MAX] {
        let left = AtomicU32::new(times);
        let lie = Requests(move |request: &Request| {
            let more = |left: u32| left.checked_sub(1);
            if request.method == "POST"
                && is_archived_object(request)
                && request.path.contains("uploadId=")
                && left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
                    .is_ok()
            {
                return Before::Answer(Answer::error(200, "InternalError"));
            }
            Before::Pass
        });
        let store = filled(Kind::Versioned, lie).await;
        store.put(&store.data, "long", &long()).await;
        let result = store.archive_now().await;
        if times == 1 {
            result.unwrap();
            whole(&store).await.unwrap();
        } else {
            refused(&store, result, "s3:CompleteMultipartUpload").await;
            assert!(!store.is_finished().await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_busy_is_asked_again_and_one_that_denies_is_not() {
    for (status, code, times, why) in [
        (503, "SlowDown", 3u32, None),
        (503, "SlowDown", u32::MAX, Some("throttled")),
        (
            403,
            "AccessDenied",
            1,
            Some("the credentials of the client need s3:PutObject"),
        ),
    ] {
        let left = AtomicU32::new(times);
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let lie = Requests(move |request: &Request| {
            let more = |left: u32| left.checked_sub(1);
            if request.method == "PUT" && is_archived_object(request) {
                count.fetch_add(1, Ordering::SeqCst);
                if left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
                    .is_ok()
                {
                    return Before::Answer(Answer::error(status, code));
                }
            }
            Before::Pass
        });
        let store = filled(Kind::Versioned, lie).await;
        store.put(&store.data, "long", &long()).await;
        let result = store.archive_now().await;
        match why {
            None => {
                result.unwrap();
                whole(&store).await.unwrap();
            }
            Some(why) => refused(&store, result, why).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_leave_nothing_twice_and_nothing_behind() {
    // The first answer to every write is lost.
    let lost = Mutex::new(BTreeSet::new());
    let lie = Answers(move |request: &Request, _: &mut Answer| {
        let is_write = ["PUT", "POST", "DELETE"].contains(&request.method.as_str());
        let write = (request.method.clone(), request.path.clone());
        if is_write && lost.lock().unwrap().insert(write) {
            After::Lose
        } else {
            After::Pass
        }
    });
    let store = filled(Kind::Locked, lie).await;
    store.put(&store.data, "long", &long()).await;
    store.archive_now().await.unwrap();
    let stored = versions(&store.raw, &store.archives, "").await;
    assert_eq!(
        stored.len(),
        6,
        "each object and the manifest once: {stored:?}"
    );
    store.expect_no_parts().await;
    let mut attempts = 0;
    while let Err(why) = store
        .erase_now(SourceState::PartlyErased, 2 + attempts)
        .await
    {
        attempts += 1;
        assert!(
            why.contains("unknown") || why.contains("no answer came"),
            "{why}"
        );
        assert!(attempts < 10);
    }
    assert!(versions(&store.raw, &store.data, "").await.is_empty());
}
