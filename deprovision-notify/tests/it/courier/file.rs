use deprovision_core::provider::{Delivery, NoticeStage};
use deprovision_core::time::Period;
use deprovision_notify::{Courier, CourierConfig, CourierError, QuietHours};

use super::world::{World, config};

async fn open(world: &World, config: CourierConfig) -> Result<Courier, CourierError> {
    Courier::open(config, world.script.clone(), world.permits.clock().clone()).await
}

#[tokio::test]
async fn a_second_courier_at_the_file_is_told_so() {
    let world = World::new().await;
    let second = open(&world, config(&world.directory)).await;
    let Err(CourierError::InUse { path }) = second else {
        panic!("{second:?}");
    };
    assert_eq!(path, config(&world.directory).file);
}

#[tokio::test]
async fn what_is_no_queue_is_refused_and_left_as_it_is() {
    let world = World::new().await;
    let mut config = config(&world.directory);
    for content in [&b""[..], b"rubbish", &[0; 65536]] {
        config.file = world.directory.path().join("other");
        std::fs::write(&config.file, content).unwrap();
        let opened = open(&world, config.clone()).await;
        assert!(
            matches!(opened, Err(CourierError::NotAQueue { .. })),
            "{opened:?}"
        );
        assert_eq!(std::fs::read(&config.file).unwrap(), content);
    }
    config.file = world.directory.path().to_owned();
    let opened = open(&world, config.clone()).await;
    assert!(
        matches!(opened, Err(CourierError::NotAQueue { .. })),
        "{opened:?}"
    );
}

#[tokio::test]
async fn the_queue_of_another_account_is_not_taken_over() {
    let world = World::new().await;
    let World {
        directory,
        courier,
        script,
        permits,
    } = world;
    drop(courier);
    let mut config = config(&directory);
    config.account = "bank".to_owned();
    let opened = Courier::open(config, script, permits.clock().clone()).await;
    let Err(CourierError::OtherAccount { found, .. }) = opened else {
        panic!("{opened:?}");
    };
    assert_eq!(found, "shop");
}

#[tokio::test]
async fn a_wrong_configuration_names_its_field() {
    let world = World::new().await;
    type Change = fn(&mut CourierConfig);
    let changes: [(&str, Change); 4] = [
        ("at_once", |config| config.at_once = 0),
        ("send_timeout", |config| config.send_timeout = Period::ZERO),
        ("retry", |config| config.retry.attempts = 0),
        ("time_zone", |config| {
            config.time_zone = Some("Mars/Base".parse().unwrap())
        }),
    ];
    for (name, change) in changes {
        let mut config = config(&world.directory);
        config.file = world.directory.path().join("new");
        change(&mut config);
        let opened = open(&world, config.clone()).await;
        assert!(
            matches!(opened, Err(CourierError::Config { field, .. }) if field == name),
            "{opened:?}"
        );
        assert!(!config.file.exists());
    }
}

#[test]
fn the_configuration_is_read_as_it_is_documented() {
    let minimal = serde_json::json!({ "file": "/var/lib/queue.redb", "account": "shop" });
    let read: CourierConfig = serde_json::from_value(minimal).unwrap();
    assert_eq!(read, CourierConfig::new("/var/lib/queue.redb", "shop"));
    let more = serde_json::json!({
        "file": "q", "account": "shop", "time_zone": "Europe/Berlin", "digest": "2m",
        "quiet": { "from": "22:00", "to": "07:30", "weekends": true },
    });
    let read: CourierConfig = serde_json::from_value(more).unwrap();
    let quiet = QuietHours::between("22:00".parse().unwrap(), "07:30".parse().unwrap());
    assert_eq!(read.quiet, quiet.and_weekends());
    assert_eq!(read.digest, Period::minutes(2));
}

#[cfg(unix)]
#[tokio::test]
async fn i_20_nobody_else_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new().await;
    let file = config(&world.directory).file;
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let World {
        directory,
        courier,
        script,
        permits,
    } = world;
    drop(courier);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let _courier = Courier::open(config(&directory), script, permits.clock().clone())
        .await
        .unwrap();
    assert_eq!(mode(), 0o600);
}

#[tokio::test]
async fn a_running_courier_sends_what_falls_due_and_finishes_when_it_is_told_to_stop() {
    let world = World::new().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let run = world.courier.run(async move { drop(stopped.await) });
    let drive = async {
        let notice = world.notice(NoticeStage::Announcement, "dana");
        world.send(&notice).await;
        // Two moments, of which the second is due only after the first was looked at.
        for moment in ["first", "second"] {
            let notice = world.of(moment, NoticeStage::Announcement, moment);
            world.send(&notice).await;
            world.clock().advance(Period::minutes(10));
            while !matches!(world.delivery(&notice.id).await, Delivery::Delivered { .. }) {
                tokio::task::yield_now().await;
            }
        }
        stop.send(()).unwrap();
    };
    let (ran, ()) = tokio::join!(run, drive);
    ran.unwrap();
    assert_eq!(world.script.letters().len(), 3);
}
