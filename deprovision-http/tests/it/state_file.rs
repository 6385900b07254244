//! The state file: restarts, losses, foreign hands, late writers.

use std::error::Error;

use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::Lease;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{AccessPath, AccessPathObserver, ErrorKind, PathState};
use deprovision_core::time::{Period, Timestamp};
use deprovision_http::{Gateway, GatewayError, Route};

use crate::world::{Server, World, announced, clock, closed, eventually, id, open, routes};

fn reopened(world: &World) -> Result<Gateway, GatewayError> {
    Gateway::open(world.path(), clock(&world.permits), routes())
}

#[tokio::test]
async fn a_restart_keeps_the_state() {
    let world = World::new();
    let notice = Some(announced());
    world.set("v1", closed()).await;
    world.set("v2", PathState::Open { notice }).await;
    let again = reopened(&world).unwrap();
    let server = Server::of_shop(&again).await;
    assert_eq!(server.call("GET", "/v1", Some("live")).await.status, 410);
    let seen = again.path(&id("v2")).await.unwrap();
    assert_eq!(
        seen.known_completely(),
        Some(&PathState::Open {
            notice: Some(announced())
        })
    );
}

#[tokio::test]
async fn another_handles_change_is_noticed() {
    let world = World::new();
    let server = Server::of_shop(&reopened(&world).unwrap()).await;
    for (state, status) in [(closed(), 410), (open(), 200), (closed(), 410)] {
        world.set("v1", state).await;
        eventually("the change", || async {
            server.call("GET", "/v1", Some("live")).await.status == status
        })
        .await;
    }
}

#[tokio::test]
async fn a_state_file_that_is_lost_opens_nothing() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    world.set("v1", closed()).await;
    std::fs::remove_file(world.path()).unwrap();
    eventually("the alarm", || async { world.gateway.trouble().is_some() }).await;
    assert_eq!(server.call("GET", "/v1", Some("live")).await.status, 410);
    let seen = world.gateway.path(&id("v1")).await.unwrap();
    assert!(matches!(seen, Observation::Unknown { .. }), "{seen:?}");
    let permit = world.permits.permit().await.unwrap();
    let set = world.gateway.set(&id("v2"), &closed(), &permit).await;
    assert_eq!(*set.unwrap_err().kind(), ErrorKind::Invalid);
    let error = reopened(&world).unwrap_err();
    assert!(matches!(error, GatewayError::Vanished { .. }), "{error}");
    // Who means it removes the lock file too.
    std::fs::remove_file(world.directory.path().join("gateway.json.lock")).unwrap();
    assert!(reopened(&world).is_ok());
}

#[tokio::test]
async fn a_state_file_that_is_no_state_file_stops_the_start_and_names_its_line() {
    let world = World::new();
    world.set("v1", closed()).await;
    let whole = std::fs::read_to_string(world.path()).unwrap();
    for bad in [
        String::new(),
        "{".into(),
        "[]".into(),
        whole.replace("\"revision\"", "\"revisions\""),
        whole.replace("closed", "opened"),
        whole[..whole.len() / 2].to_owned(),
    ] {
        std::fs::write(world.path(), &bad).unwrap();
        let error = reopened(&world).unwrap_err();
        assert!(matches!(error, GatewayError::Corrupt { .. }), "{bad}");
        let source = error.source().unwrap().to_string();
        assert!(source.contains("line"), "{source}");
        assert!(!error.to_string().contains(&source));
    }
    std::fs::write(
        world.path(),
        whole.replace("\"format\": 1", "\"format\": 9"),
    )
    .unwrap();
    assert!(matches!(
        reopened(&world).unwrap_err(),
        GatewayError::Format { found: 9, .. }
    ));
}

#[tokio::test]
async fn a_notice_that_a_hand_wrote_into_the_file_is_checked_too() {
    let world = World::new();
    let notice = Some(announced());
    world.set("v1", PathState::Open { notice }).await;
    let whole = std::fs::read_to_string(world.path()).unwrap();
    let forged = whole.replace("com/v2", "com/\\r\\nSet-Cookie: a=b");
    assert_ne!(whole, forged);
    std::fs::write(world.path(), forged).unwrap();
    assert!(matches!(
        reopened(&world).unwrap_err(),
        GatewayError::Notice { .. }
    ));
    eventually("the alarm", || async { world.gateway.trouble().is_some() }).await;
    std::fs::write(world.path(), whole).unwrap();
    eventually("the recovery", || async {
        world.gateway.trouble().is_none()
    })
    .await;
}

#[tokio::test]
async fn a_path_that_only_another_release_declares_keeps_its_state() {
    let world = World::new();
    world.set("v1", closed()).await;
    let v2 = vec![Route::new(id("v2"), "/v2").unwrap()];
    let other = Gateway::open(world.path(), clock(&world.permits), v2).unwrap();
    let permit = world.permits.permit().await.unwrap();
    other.set(&id("v2"), &closed(), &permit).await.unwrap();
    assert_eq!(world.state("v1").await, closed());
    assert_eq!(world.state("v2").await, closed());
}

#[tokio::test]
async fn i_11_setting_what_is_set_writes_nothing() {
    let world = World::new();
    let permit = world.permits.permit().await.unwrap();
    let set = async || world.gateway.set(&id("v1"), &closed(), &permit).await;
    set().await.unwrap();
    let before = std::fs::metadata(world.path()).unwrap().modified().unwrap();
    set().await.unwrap();
    let after = std::fs::metadata(world.path()).unwrap().modified().unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn i_14_a_late_write_of_a_former_owner_is_refused() {
    let world = World::new();
    let now = Timestamp::now();
    let permit = |epoch| {
        let lease = Lease::new(
            RetirementId::parse("orders-v1").unwrap(),
            WorkerId::parse("w").unwrap(),
            epoch,
            Period::hours(1).after(now),
        );
        WritePermit::from_lease(&lease, Period::minutes(1), now).unwrap()
    };
    let set = async |state, epoch| world.gateway.set(&id("v1"), &state, &permit(epoch)).await;
    set(closed(), 1).await.unwrap();
    set(open(), 2).await.unwrap();
    let error = set(closed(), 1).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Conflict);
    assert_eq!(world.state("v1").await, open());
}

#[tokio::test]
async fn no_temporary_file_stays() {
    let world = World::new();
    world.set("v1", closed()).await;
    let mut names: Vec<_> = std::fs::read_dir(world.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["gateway.json", "gateway.json.lock"]);
}
