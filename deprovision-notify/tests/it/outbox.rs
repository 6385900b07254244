use deprovision_core::observation::Observation;
use deprovision_core::provider::{Delivery, DeliveryObserver, ErrorKind, Notifier, Outcome};
use deprovision_core::time::{Clock, Period};
use deprovision_notify::{Outbox, OutboxConfig, OutboxError};

use crate::world::World;

#[tokio::test]
async fn a_message_is_what_it_should_be_to_the_byte() {
    let world = World::new();
    world
        .permits
        .clock()
        .step_to("2026-10-10T13:55:36.7Z".parse().unwrap());
    let mut notice = world.notice("orders-v1/announcement/dana");
    notice.facts.ends = Some("2027-01-31T00:00:00Z".parse().unwrap());
    let outcome = world.send(&notice).await.unwrap();
    let path = world.outbox.path(&notice.id).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(outcome, Outcome::done(name));
    let key = name
        .strip_prefix("orders-v1-announcement-dana-")
        .and_then(|rest| rest.strip_suffix(".eml"))
        .unwrap();
    let short = &key[..40];
    let expected = format!(
        "From: apis@example.com\r\n\
         To: dana@example.com\r\n\
         Subject: Orders v1 will be retired on 31 January 2027\r\n\
         Date: Sat, 10 Oct 2026 13:55:36 +0000\r\n\
         Message-ID: <{key}@example.com>\r\n\
         Auto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative;\r\n \
         boundary=\"=_words-{short}\"\r\n\
         \r\n\
         --=_words-{short}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\
         \r\n\
         Orders v1 (orders-v1) will be retired on 31 January 2027.\r\n"
    );
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with(&expected), "{written}");
}

#[tokio::test]
async fn i_22_delivered_is_told_with_the_moment_also_after_the_pickup_moved_it() {
    let world = World::new();
    world
        .permits
        .clock()
        .step_to("2026-10-10T13:55:36Z".parse().unwrap());
    let notice = world.notice("n");
    world.send(&notice).await.unwrap();
    world.permits.clock().advance(Period::days(3));
    let delivered = Delivery::Delivered {
        at: "2026-10-10T13:55:36Z".parse().unwrap(),
    };
    let expected = Observation::complete(delivered, world.permits.clock().now());
    assert_eq!(world.outbox.delivery(&notice.id).await.unwrap(), expected);
    let path = world.outbox.path(&notice.id).unwrap();
    let sent = world.path().join("sent");
    std::fs::create_dir(&sent).unwrap();
    std::fs::rename(&path, sent.join(path.file_name().unwrap())).unwrap();
    assert_eq!(world.outbox.delivery(&notice.id).await.unwrap(), expected);
    // And it is not sent a second time.
    world.send(&notice).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn i_9_what_is_not_the_notice_s_message_is_unknown_and_never_replaced() {
    let world = World::new();
    let (notice, other) = (world.notice("n"), world.notice("other"));
    world.send(&other).await.unwrap();
    let path = world.outbox.path(&notice.id).unwrap();
    let of_another = std::fs::read(world.outbox.path(&other.id).unwrap()).unwrap();
    for content in [&b""[..], b"rubbish", &of_another] {
        std::fs::write(&path, content).unwrap();
        let seen = world.outbox.delivery(&notice.id).await.unwrap();
        assert!(matches!(seen, Observation::Unknown { .. }), "{seen:?}");
        let error = world.send(&notice).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Invalid);
        assert!(error.to_string().contains("move it away"));
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_not_followed() {
    let world = World::new();
    let notice = world.notice("n");
    let target = world.directory.path().join("target");
    std::os::unix::fs::symlink(&target, world.outbox.path(&notice.id).unwrap()).unwrap();
    assert!(world.send(&notice).await.is_err());
    assert!(!target.exists());
    let seen = world.outbox.delivery(&notice.id).await.unwrap();
    assert!(matches!(seen, Observation::Unknown { .. }));
}

#[tokio::test]
async fn i_9_an_outbox_that_is_gone_is_an_error_and_not_an_empty_one() {
    let world = World::new();
    std::fs::remove_dir_all(world.path()).unwrap();
    let error = world.outbox.delivery(&world.id("n")).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Transient);
    assert!(world.send(&world.notice("n")).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_of_one_notice_leave_one_message() {
    let world = World::new();
    let notice = world.notice("n");
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (outbox, notice) = (world.again(), notice.clone());
        let permit = world.permits.permit().await.unwrap();
        senders.spawn(async move { outbox.send(&notice, &permit).await.unwrap() });
    }
    let outcomes = senders.join_all().await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Done { .. }))
    );
    assert_eq!(world.messages().len(), 1);
}

#[tokio::test]
async fn what_a_killed_sender_left_harms_nobody() {
    let world = World::new();
    std::fs::write(world.path().join(".abc.tmp"), "From: half").unwrap();
    std::fs::write(world.path().join(".lock"), "").unwrap();
    world.send(&world.notice("n")).await.unwrap();
    let messages = world
        .names()
        .iter()
        .filter(|name| name.ends_with(".eml"))
        .count();
    assert_eq!(messages, 1);
}

#[tokio::test]
async fn another_account_is_a_stranger() {
    let world = World::new();
    for id in [
        "outbox:other:local:n",
        "outbox:shop:eu:n",
        "smtp:shop:local:n",
    ] {
        let mut notice = world.notice("n");
        notice.id = id.parse().unwrap();
        let error = world.send(&notice).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Invalid);
        assert!(error.to_string().contains("outbox:shop:local:<name>"));
        assert!(world.outbox.delivery(&notice.id).await.is_err());
        assert!(world.outbox.path(&notice.id).is_err());
    }
    assert!(world.messages().is_empty());
}

#[test]
fn a_wrong_configuration_names_its_field() {
    let world = World::new();
    let config = || {
        let from = "apis@example.com".parse().unwrap();
        OutboxConfig::new(world.path(), "shop", from)
    };
    let open = |config| Outbox::open(config, world.permits.clock().clone()).unwrap_err();
    let mut wrong = config();
    wrong.account = "a:b".to_owned();
    assert!(matches!(open(wrong), OutboxError::Account(_)));
    for domain in ["", "a b", "x>\r\nBcc: a@b", "a@b"] {
        let mut wrong = config();
        wrong.sender.message_id_domain = Some(domain.to_owned());
        let error = open(wrong);
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains("`message_id_domain`"), "{why}");
    }
    let mut wrong = config();
    std::fs::write(world.path().join("file"), "").unwrap();
    wrong.directory = world.path().join("file");
    assert!(matches!(open(wrong), OutboxError::Directory(..)));
}
