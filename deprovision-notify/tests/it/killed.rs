//! A sender that is killed at any moment.

use std::process::{Command, Stdio};
use std::time::Duration;

use deprovision_core::conformance::Permits;
use deprovision_core::provider::Notifier;
use deprovision_notify::{Outbox, OutboxConfig};

use crate::world::{World, notice, parse};

/// Says to this program, started again, where to send until it is killed.
const DIRECTORY: &str = "DEPROVISION_TEST_OUTBOX";
const TEXT: &str = "long line of a long text\n";

#[tokio::test]
async fn a_killed_sender_leaves_whole_messages_and_sending_goes_on() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return send_until_killed(directory.into()).await;
    }
    let world = World::new();
    let mut whole = 0;
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "killed::a_killed_sender_leaves_whole_messages_and_sending_goes_on",
            ])
            .env(DIRECTORY, world.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let before = messages(&world).len();
        while messages(&world).len() == before {
            assert!(
                child.try_wait().unwrap().is_none(),
                "the child sends until it is killed"
            );
            std::thread::sleep(Duration::from_micros(500));
        }
        std::thread::sleep(Duration::from_micros(round * 700));
        child.kill().unwrap();
        child.wait().unwrap();
        let names = messages(&world);
        assert!(names.len() > before);
        for name in &names {
            let message = parse(&std::fs::read(world.path().join(name)).unwrap());
            let body = message.body.replace('\r', "");
            assert!(body.contains(&TEXT.repeat(2000)), "{name} is whole");
            assert!(body.contains("410 Gone"), "{name} has its end");
        }
        whole = names.len();
    }
    // The lock died with its holder, and what is there is not sent again.
    let mut notice = world.notice("0");
    notice.facts.reason = TEXT.repeat(2000);
    world.send(&notice).await.unwrap();
    assert_eq!(messages(&world).len(), whole);
    world.send(&world.notice("last")).await.unwrap();
    assert_eq!(messages(&world).len(), whole + 1);
}

async fn send_until_killed(directory: std::path::PathBuf) {
    let permits = Permits::new();
    let from = "apis@example.com".parse().unwrap();
    let config = OutboxConfig::new(directory, "shop", from);
    let outbox = Outbox::open(config, permits.clock().clone()).unwrap();
    let permit = permits.permit().await.unwrap();
    // A parent that died does not leave us here for ever.
    for number in 0..20_000 {
        let mut notice = notice(outbox.notice_id(&number.to_string()).unwrap());
        notice.facts.reason = TEXT.repeat(2000);
        outbox.send(&notice, &permit).await.unwrap();
    }
}

fn messages(world: &World) -> Vec<String> {
    let names = world.names().into_iter();
    names.filter(|name| name.ends_with(".eml")).collect()
}
