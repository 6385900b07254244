//! `kill -9` at every request of archiving and erasing.

use std::process::Child;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deprovision_core::id::RetirementId;
use deprovision_core::permit::SourceState;
use deprovision_core::provider::ArchiveReader as _;
use tokio::io::AsyncReadExt as _;

use crate::s3::child;
use crate::s3::fixture::{Kind, Store, key_of, versions};
use crate::s3::proxy::{After, Answer, Lie, Request};

/// Kills the child when a request has been done and not yet been answered.
#[derive(Clone)]
struct Killer {
    at: Arc<Mutex<u64>>,
    child: Arc<Mutex<Option<Child>>>,
}

impl Killer {
    /// Starts the child; its first request waits until it can be killed.
    fn start(&self, store: &Store) {
        let mut held = self.child.lock().unwrap();
        *held = Some(child::start(store));
    }
}

impl Lie for Killer {
    fn after(&self, request: &Request, _: &mut Answer) -> After {
        if request.number < *self.at.lock().unwrap() {
            return After::Pass;
        }
        if let Some(child) = self.child.lock().unwrap().as_mut() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        After::Lose
    }
}

/// In two parts and some more.
fn objects() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("orders/1.json", b"first".to_vec()),
        ("empty", Vec::new()),
        (
            "long",
            (0..(5u32 << 20) + 7).map(|i| (i % 239) as u8).collect(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_kill_9_at_any_request_loses_nothing_and_what_is_left_is_finished() {
    let killer = Killer {
        at: Arc::new(Mutex::new(u64::MAX)),
        child: Arc::default(),
    };
    let mut store = Store::behind(Kind::Locked, killer.clone()).await;
    let mut kills = 0u64;
    loop {
        // New buckets would take longer than all the rest.
        store.retirement = RetirementId::parse(format!("retirement-{kills}")).unwrap();
        for (key, bytes) in objects() {
            store.put(&store.data, key, &bytes).await;
        }
        *killer.at.lock().unwrap() = store.proxy.requests.load(Ordering::SeqCst) + kills;
        killer.start(&store);
        let was_killed = wait(&killer).await;
        // Whoever comes next is not killed.
        *killer.at.lock().unwrap() = u64::MAX;
        *killer.child.lock().unwrap() = None;
        nothing_is_lost(&store, kills).await;
        finish(&store, kills).await;
        if !was_killed {
            break;
        }
        kills += 1;
    }
    assert!(kills > 50, "only {kills} requests");
}

/// Whether the child was killed; it may as well have come to its end.
async fn wait(killer: &Killer) -> bool {
    for _ in 0..6000 {
        let status = killer
            .child
            .lock()
            .unwrap()
            .as_mut()
            .and_then(|child| child.try_wait().unwrap());
        if let Some(status) = status {
            use std::os::unix::process::ExitStatusExt as _;
            assert!(
                status.success() || status.signal() == Some(9),
                "the child failed: {status}"
            );
            return !status.success();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the child does not end");
}

/// Every object is in the source, or whole in a finished archive.
async fn nothing_is_lost(store: &Store, kills: u64) {
    for (key, bytes) in objects() {
        let answer = store
            .raw
            .get_object()
            .bucket(&store.data)
            .key(key)
            .send()
            .await;
        let found = match answer {
            Ok(answer) => answer.body.collect().await.unwrap().to_vec(),
            Err(_) => {
                let mut stream = store
                    .archive
                    .open_archived(&store.archive_id(), key)
                    .await
                    .unwrap_or_else(|error| panic!("kill {kills}: {key} is lost: {error}"));
                let mut back = Vec::new();
                stream.read_to_end(&mut back).await.unwrap();
                back
            }
        };
        assert!(found == bytes, "kill {kills}: {key} is changed");
    }
}

/// Another worker, with a later lease, goes on: all is archived and erased, and
/// nothing else is left.
async fn finish(store: &Store, kills: u64) {
    let at = |why: String| panic!("kill {kills}: {why}");
    if !store.is_finished().await {
        store.archive_now().await.unwrap_or_else(at);
    }
    store
        .erase_now(SourceState::PartlyErased, 2)
        .await
        .unwrap_or_else(at);
    assert!(versions(&store.raw, &store.data, "").await.is_empty());
    assert!(
        versions(&store.raw, &store.scratch, "").await.is_empty(),
        "kill {kills}: scratch copies stay"
    );
    store.expect_no_parts().await;
    let kept = versions(&store.raw, &store.archives, &key_of(&store.archive_id())).await;
    assert_eq!(kept.len(), objects().len() + 1, "kill {kills}: {kept:?}");
    for (key, bytes) in objects() {
        let mut stream = store
            .archive
            .open_archived(&store.archive_id(), key)
            .await
            .unwrap();
        let mut back = Vec::new();
        stream.read_to_end(&mut back).await.unwrap();
        assert!(back == bytes, "kill {kills}: {key} in the archive");
    }
}
