//! Several processes on one state file, and one that is killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::conformance::Permits;
use deprovision_core::provider::{AccessPath, AccessPathObserver, Outcome, PathState};
use deprovision_core::time::SystemClock;
use deprovision_http::{Gateway, Route};

use crate::world::{Server, World, closed, eventually, id, open};

/// How many paths each writer owns.
const PATHS: usize = 12;
/// Where a writer is told what to do.
const ORDERS: &str = "DEPROVISION_HTTP_TEST_WRITER";

fn many_routes() -> Vec<Route> {
    let names = ["v1", "v2"].map(str::to_owned).into_iter();
    let owned = ["a", "b", "c", "d"]
        .into_iter()
        .flat_map(|writer| (0..PATHS).map(move |number| format!("{writer}{number}")));
    names
        .chain(owned)
        .map(|name| Route::new(id(&name), &format!("/{name}")).unwrap())
        .collect()
}

fn gateway(path: &Path) -> Gateway {
    Gateway::open(path, Arc::new(SystemClock::new()), many_routes()).unwrap()
}

/// Another process, which runs `writer` below; killed when dropped.
struct Writer(Child);

impl Writer {
    fn start(orders: &str, path: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::writer", "--ignored"])
            .env(ORDERS, format!("{orders}={}", path.display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn succeed(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _may_have_ended = self.0.kill();
        let _may_have_ended = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "is the other process of the tests below"]
async fn writer() {
    let orders = std::env::var(ORDERS).expect("started by another test");
    let (orders, path) = orders.split_once('=').unwrap();
    let gateway = gateway(&PathBuf::from(path));
    match orders {
        "close" => close(&gateway, "v1", closed()).await,
        "toggle" => loop {
            close(&gateway, "v1", closed()).await;
            close(&gateway, "v1", open()).await;
        },
        owner => {
            for number in 0..PATHS {
                close(&gateway, &format!("{owner}{number}"), closed()).await;
            }
        }
    }
}

async fn close(gateway: &Gateway, name: &str, state: PathState) {
    let permit = Permits::new().permit().await.unwrap();
    let outcome = gateway.set(&id(name), &state, &permit).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

#[tokio::test]
async fn another_process_closes_a_path_and_this_one_refuses_it() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    assert_eq!(server.call("GET", "/v1", Some("live")).await.status, 200);
    Writer::start("close", &world.path()).succeed();
    eventually("the change", || async {
        server.call("GET", "/v1", Some("live")).await.status == 410
    })
    .await;
}

#[tokio::test]
async fn concurrent_sets_of_several_processes_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.json");
    let writers = ["a", "b", "c"].map(|owner| Writer::start(owner, &path));
    let here = gateway(&path);
    let sets = (0..PATHS).map(|number| {
        let here = here.clone();
        tokio::spawn(async move { close(&here, &format!("d{number}"), closed()).await })
    });
    for set in sets.collect::<Vec<_>>() {
        set.await.unwrap();
    }
    writers.into_iter().for_each(Writer::succeed);
    for route in many_routes() {
        let expected = if ["v1", "v2"].contains(&route.id().name()) {
            open()
        } else {
            closed()
        };
        let seen = here.path(route.id()).await.unwrap();
        assert_eq!(seen.known_completely(), Some(&expected), "{}", route.id());
    }
}

#[tokio::test]
async fn a_writer_killed_at_any_moment_leaves_the_old_or_the_new_state() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.json");
    let here = gateway(&path);
    close(&here, "v2", closed()).await;
    let mut revisions = BTreeSet::new();
    for round in 0..8 {
        let writer = Writer::start("toggle", &path);
        let before = std::fs::read(&path).unwrap();
        eventually("a write", || async {
            std::fs::read(&path).unwrap() != before
        })
        .await;
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        drop(writer);
        // Whole, and writable at once: the lock died with its holder.
        let again = gateway(&path);
        let seen = again.path(&id("v1")).await.unwrap();
        let state = seen.known_completely().unwrap();
        assert!([open(), closed()].contains(state), "{state:?}");
        let kept = again.path(&id("v2")).await.unwrap();
        assert_eq!(kept.known_completely(), Some(&closed()));
        let text: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        revisions.insert(text["revision"].as_u64().unwrap());
        close(&again, "v1", open()).await;
    }
    close(&here, "v2", open()).await;
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 2, "temporary files of killed writers stay");
    assert_eq!(
        revisions.len(),
        8,
        "the writers were not killed while writing"
    );
}
