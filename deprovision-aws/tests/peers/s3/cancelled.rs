//! Archiving that is dropped, runs out of time or breaks off in the middle of an upload
//! in parts, with parts still on their way: no upload is left, there is no archive, and
//! archiving again works.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_aws::s3::{ArchiveSource, S3Archive};
use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::Lease;
use deprovision_core::observation::Observation;
use deprovision_core::permit::{SourceState, WritePermit};
use deprovision_core::provider::{
    Archiver as _, ByteStream, DatasetReader, ErrorKind, ObjectInfo, Outcome, ProviderError,
};
use deprovision_core::resource::DatasetId;
use deprovision_core::time::{Period, Timestamp};
use tokio::io::{AsyncRead, ReadBuf};

use crate::proxy::{After, Answer, Before, Lie, Request};
use crate::s3::fixture::{Kind, Store, client, key_of, options, place, scope, versions};
use crate::s3::guards::permit;

/// How long a request is on its way: longer than it takes to drop the upload.
const LATE: Duration = Duration::from_millis(700);

/// Three parts.
fn long() -> Vec<u8> {
    (0..(10u32 << 20) + 7).map(|i| (i % 233) as u8).collect()
}

/// Lets some requests be long on their way.
#[derive(Debug, Clone)]
struct Slow {
    is_slow: fn(&Request) -> bool,
    how_long: Duration,
    /// As long as this is set.
    on: Arc<AtomicBool>,
    came: Arc<AtomicU32>,
    landed: Arc<AtomicU32>,
    /// Those that are on their way.
    late: Arc<Mutex<BTreeSet<u64>>>,
    /// The uploads that were seen, by key and id.
    uploads: Arc<Mutex<BTreeSet<(String, String)>>>,
}

impl Slow {
    fn of(is_slow: fn(&Request) -> bool) -> Self {
        Self {
            is_slow,
            how_long: LATE,
            on: Arc::new(AtomicBool::new(true)),
            came: Arc::default(),
            landed: Arc::default(),
            late: Arc::default(),
            uploads: Arc::default(),
        }
    }

    /// The same for longer.
    fn lasting(mut self, how_long: Duration) -> Self {
        self.how_long = how_long;
        self
    }

    /// Waits until so many of them are on their way.
    async fn under_way(&self, requests: u32) {
        while self.came.load(Ordering::SeqCst) < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until all of them have arrived, and some more.
    async fn all_landed(&self) {
        while self.landed.load(Ordering::SeqCst) < self.came.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(self.landed.load(Ordering::SeqCst) > 0);
    }
}

impl Lie for Slow {
    fn before(&self, request: &Request) -> Before {
        if let Some((path, query)) = request.path.split_once('?')
            && let Some(id) = query.split('&').find_map(|q| q.strip_prefix("uploadId="))
        {
            let key = path.splitn(3, '/').nth(2).unwrap().to_owned();
            self.uploads.lock().unwrap().insert((key, id.to_owned()));
        }
        if (self.is_slow)(request) && self.on.load(Ordering::SeqCst) {
            self.late.lock().unwrap().insert(request.number);
            self.came.fetch_add(1, Ordering::SeqCst);
            return Before::Late(self.how_long);
        }
        Before::Pass
    }

    fn after(&self, request: &Request, _: &mut Answer) -> After {
        if self.late.lock().unwrap().remove(&request.number) {
            self.landed.fetch_add(1, Ordering::SeqCst);
        }
        After::Pass
    }
}

fn is_part(request: &Request) -> bool {
    request.method == "PUT" && request.path.contains("partNumber=")
}

fn is_begin(request: &Request) -> bool {
    request.method == "POST" && request.path.contains("?uploads")
}

fn is_end(request: &Request) -> bool {
    request.method == "POST" && request.path.contains("uploadId=")
}

/// The unfinished uploads of the archives and the parts that are listed of any upload.
async fn left(store: &Store, slow: &Slow) -> Vec<String> {
    let page = store
        .raw
        .list_multipart_uploads()
        .bucket(&store.archives)
        .send()
        .await
        .unwrap();
    let mut left: Vec<String> = page
        .uploads()
        .iter()
        .map(|upload| format!("upload {upload:?}"))
        .collect();
    let seen = slow.uploads.lock().unwrap().clone();
    for (key, id) in seen {
        let parts = store
            .raw
            .list_parts()
            .bucket(&store.archives)
            .key(&key)
            .upload_id(&id)
            .send()
            .await;
        if let Ok(parts) = parts {
            left.extend(parts.parts().iter().map(|part| format!("part {part:?}")));
        }
    }
    left
}

/// Expects that soon nothing is left, and that it stays so.
async fn expect_nothing_left(store: &Store, slow: &Slow) {
    slow.all_landed().await;
    let mut seen = Vec::new();
    for _ in 0..100 {
        seen = left(store, slow).await;
        if seen.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(seen.is_empty(), "{seen:?}");
    tokio::time::sleep(LATE).await;
    let seen = left(store, slow).await;
    assert!(seen.is_empty(), "{seen:?}");
}

/// Expects that nothing is left, and that there is no archive.
async fn expect_tidy(store: &Store, slow: &Slow) {
    expect_nothing_left(store, slow).await;
    assert!(!store.is_finished().await);
    let below = versions(&store.raw, &store.archives, &key_of(&store.archive_id())).await;
    let manifest = below.iter().find(|(key, _)| key.ends_with("manifest.json"));
    assert_eq!(manifest, None);
}

/// Archives again, without hindrance, up to the erasure.
async fn expect_works(store: &Store, slow: &Slow) {
    slow.on.store(false, Ordering::SeqCst);
    store.archive_now().await.unwrap();
    store.erase_now(SourceState::Whole, 2).await.unwrap();
    assert!(versions(&store.raw, &store.data, "").await.is_empty());
    expect_nothing_left(store, slow).await;
}

async fn filled(slow: &Slow) -> Store {
    let store = Store::behind(Kind::Versioned, slow.clone()).await;
    store.put(&store.data, "long", &long()).await;
    store.put(&store.data, "longer", &long()).await;
    store.put(&store.data, "short", b"short").await;
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archiving_that_is_dropped_leaves_no_upload_whatever_is_on_its_way() {
    for (is_slow, requests) in [
        (is_part as fn(&Request) -> bool, 2),
        (is_begin as fn(&Request) -> bool, 1),
    ] {
        let slow = Slow::of(is_slow);
        let store = filled(&slow).await;
        tokio::select! {
            done = store.archive_now() => panic!("{done:?}"),
            () = slow.under_way(requests) => {}
        }
        expect_tidy(&store, &slow).await;
        expect_works(&store, &slow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn archiving_again_at_once_does_not_go_on_with_what_is_being_dropped() {
    for requests in [1, 2, 4] {
        let slow = Slow::of(is_part);
        let store = filled(&slow).await;
        tokio::select! {
            done = store.archive_now() => panic!("{done:?}"),
            () = slow.under_way(requests) => {}
        }
        expect_works(&store, &slow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_end_is_on_its_way_when_it_is_dropped_ends_and_does_no_harm() {
    let slow = Slow::of(is_end);
    let store = filled(&slow).await;
    tokio::select! {
        done = store.archive_now() => panic!("{done:?}"),
        () = slow.under_way(1) => {}
    }
    expect_tidy(&store, &slow).await;
    expect_works(&store, &slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archiving_whose_time_is_over_leaves_no_upload() {
    // Longer than the call has, however many parts are sent at once.
    let slow = Slow::of(is_part).lasting(2 * LATE);
    let store = filled(&slow).await;
    let now = Timestamp::now();
    let lease = Lease::new(
        RetirementId::parse("tests").unwrap(),
        WorkerId::parse("tests").unwrap(),
        1,
        Period::hours(1).after(now),
    );
    let permit = WritePermit::from_lease(&lease, Period::seconds(1), now).unwrap();
    let (id, archive) = (store.dataset(), store.archive_id());
    let outcome = store.archive.archive(&id, &archive, &permit).await.unwrap();
    let Outcome::NotDone { why } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(why.contains("the time of the call is over"), "{why}");
    expect_tidy(&store, &slow).await;
    expect_works(&store, &slow).await;
}

/// One object, whose bytes break off when two of its parts are on their way.
struct Breaks {
    bytes: Vec<u8>,
    came: Arc<AtomicU32>,
    is_broken: Arc<AtomicBool>,
}

/// Some bytes and then an error.
struct Broken(std::io::Cursor<Vec<u8>>, Arc<AtomicU32>);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.0).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() == before => {
                if self.1.load(Ordering::SeqCst) < 2 {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()))
            }
            other => other,
        }
    }
}

#[async_trait]
impl DatasetReader for Breaks {
    async fn objects(
        &self,
        _: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        let info = ObjectInfo::new(self.bytes.len() as u64, "1");
        let objects = [("long".to_owned(), info)].into();
        Ok(Observation::complete(objects, Timestamp::now()))
    }

    async fn open(&self, _: &DatasetId, _: &str) -> Result<ByteStream, ProviderError> {
        let mut bytes = self.bytes.clone();
        if self.is_broken.load(Ordering::SeqCst) {
            bytes.truncate(self.bytes.len() - 3);
            return Ok(Box::pin(Broken(
                std::io::Cursor::new(bytes),
                self.came.clone(),
            )));
        }
        Ok(Box::pin(std::io::Cursor::new(bytes)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_breaks_off_in_its_last_part_leaves_no_upload() {
    let slow = Slow::of(is_part);
    let store = Store::behind(Kind::Versioned, slow.clone()).await;
    let is_broken = Arc::new(AtomicBool::new(true));
    let breaks = Breaks {
        bytes: long(),
        came: slow.came.clone(),
        is_broken: is_broken.clone(),
    };
    let archive = S3Archive::new(
        &client(Some(&store.proxy.endpoint)),
        scope(),
        ArchiveSource::of(Arc::new(breaks), "memory", "shop", "local").unwrap(),
        place(&store.archives, "kept/"),
        place(&store.scratch, "scratch/"),
        options(Kind::Versioned),
    )
    .unwrap();
    let id: DatasetId = "memory:shop:local:orders".parse().unwrap();
    let kept = archive.archive_of(&id, &store.retirement).unwrap();
    let error = archive.archive(&id, &kept, &permit(1)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transient, "{error}");
    assert!(error.to_string().contains("its bytes broke off"), "{error}");
    // Two parts were on their way when the third could not be read.
    assert_eq!(
        left(&store, &slow).await,
        Vec::<String>::new(),
        "when it returns"
    );
    expect_tidy(&store, &slow).await;
    is_broken.store(false, Ordering::SeqCst);
    slow.on.store(false, Ordering::SeqCst);
    let outcome = archive.archive(&id, &kept, &permit(1)).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert_eq!(left(&store, &slow).await, Vec::<String>::new());
}
