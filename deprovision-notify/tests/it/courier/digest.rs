use deprovision_core::provider::{BrownOutFacts, Delivery, NoticeStage, RoleFacts};
use deprovision_core::time::{Period, Timestamp};
use deprovision_notify::QuietHours;

use super::world::World;

const ANNOUNCEMENT: NoticeStage = NoticeStage::Announcement;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn one_person_gets_one_letter_a_stage_of_many_apis() {
    let world = World::new().await;
    for number in 0..30 {
        let mut notice = world.of(&format!("api-{number}"), ANNOUNCEMENT, "dana");
        // Dana has a role in each.
        notice.facts.roles = vec![RoleFacts::other(format!("role {number}"))];
        world.send(&notice).await;
        let notice = world.of(&format!("api-{number}"), ANNOUNCEMENT, "erin");
        world.send(&notice).await;
        world.clock().advance(Period::seconds(15));
    }
    world
        .send(&world.of("api-1", NoticeStage::Reminder { days: 7 }, "dana"))
        .await;
    world.courier.deliver_due().await.unwrap();
    assert_eq!(world.script.letters().len(), 0, "more may come");
    world.after(Period::minutes(3)).await;
    let letters = world.script.letters();
    assert_eq!(letters.len(), 2, "ten minutes after the first notice");
    for letter in &letters {
        assert_eq!(letter.notices().len(), 30);
        assert_eq!(letter.threads().len(), 30);
    }
    let id = world.courier.notice_id("api-29/announcement/dana").unwrap();
    let now = world.now();
    assert_eq!(world.delivery(&id).await, Delivery::Delivered { at: now });
    world.after(Period::minutes(10)).await;
    assert_eq!(
        world.script.names().last().unwrap(),
        &["api-1/reminder-7/dana"]
    );
    // What comes later is another letter.
    world.send(&world.of("late", ANNOUNCEMENT, "dana")).await;
    world.after(Period::minutes(10)).await;
    assert_eq!(
        world.script.names().last().unwrap(),
        &["late/announcement/dana"]
    );
}

#[tokio::test]
async fn a_letter_has_an_end() {
    let world = World::new().await;
    for number in 0..450 {
        world
            .send(&world.of(&format!("api-{number}"), ANNOUNCEMENT, "dana"))
            .await;
    }
    world.after(Period::minutes(10)).await;
    let letters = world.script.letters();
    let mut sizes: Vec<usize> = letters.iter().map(|l| l.notices().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 200, 200]);
    let status = world.courier.status().await.unwrap();
    assert_eq!(
        (status.delivered, status.waiting, status.letters),
        (450, 0, 0)
    );
}

#[tokio::test]
async fn a_letter_waits_for_the_morning_and_gathers_all_night() {
    let world = World::with(|config| config.time_zone = Some("Asia/Tokyo".parse().unwrap())).await;
    // 21:00 in Tokyo, 14:00 in Berlin; nobody knows what it is for Frank.
    let mut berlin = world.notice(ANNOUNCEMENT, "dana");
    berlin.to.time_zone = Some("Europe/Berlin".parse().unwrap());
    let tokyo = world.notice(ANNOUNCEMENT, "erin");
    let mut nowhere = world.notice(ANNOUNCEMENT, "frank");
    nowhere.to.time_zone = Some("Europe/Atlantis".parse().unwrap());
    for notice in [&berlin, &tokyo, &nowhere] {
        world.send(notice).await;
    }
    let until = Some(at("2026-06-10T23:00:00Z"));
    assert_eq!(world.delivery(&tokyo.id).await, Delivery::Pending { until });
    world.after(Period::minutes(10)).await;
    assert_eq!(world.script.names(), [["orders-v1/announcement/dana"]]);
    world.clock().advance(Period::hours(5));
    world.send(&world.of("second", ANNOUNCEMENT, "erin")).await;
    world.at("2026-06-10T22:59:59Z").await;
    assert_eq!(world.script.letters().len(), 1);
    world.at("2026-06-10T23:00:00Z").await;
    let mut names = world.script.names().split_off(1);
    names.sort_unstable();
    let both = ["orders-v1/announcement/erin", "second/announcement/erin"];
    assert_eq!(names, [&both[..], &["orders-v1/announcement/frank"]]);
    let findings = world.courier.status().await.unwrap().findings;
    assert_eq!(
        findings.len(),
        1,
        "a wrong zone is told, and loses no notice"
    );
    assert!(findings[0].contains("frank") && findings[0].contains("Europe/Atlantis"));
}

#[tokio::test]
async fn without_any_zone_nobody_knows_the_night() {
    let world = World::with(|_| ()).await;
    world.clock().advance_to(at("2026-06-11T02:00:00Z"));
    world.send(&world.notice(ANNOUNCEMENT, "dana")).await;
    world.after(Period::minutes(10)).await;
    assert_eq!(world.script.letters().len(), 1);
}

#[tokio::test]
async fn what_would_come_too_late_goes_at_night() {
    let world =
        World::with(|config| config.time_zone = Some("Europe/Berlin".parse().unwrap())).await;
    // 22:00 in Berlin.
    world.clock().advance_to(at("2026-06-10T20:00:00Z"));
    let stage = NoticeStage::BrownOut { number: 1 };
    let brown_out = |person: &str, begins: &str| {
        let mut notice = world.notice(stage, person);
        notice.facts.brown_out = Some(BrownOutFacts::new(at(begins), Period::hours(1)));
        notice
    };
    let (soon, morning, noon) = (
        brown_out("now", "2026-06-10T20:00:30Z"),
        brown_out("morning", "2026-06-11T06:30:00Z"),
        brown_out("noon", "2026-06-11T10:00:00Z"),
    );
    let mut last = world.notice(NoticeStage::LastCall, "last");
    last.facts.ends = Some(at("2026-06-11T04:00:00Z"));
    let closed = world.notice(NoticeStage::Closed, "closed");
    for notice in [&soon, &morning, &noon, &last, &closed] {
        world.send(notice).await;
    }
    world.courier.deliver_due().await.unwrap();
    assert_eq!(
        world.script.names(),
        [["orders-v1/brown-out-1/now"]],
        "at once"
    );
    world.after(Period::minutes(1)).await;
    let mut names = world.script.names().split_off(1).concat();
    names.sort_unstable();
    let expected = [
        "orders-v1/brown-out-1/morning",
        "orders-v1/closed/closed",
        "orders-v1/last-call/last",
    ];
    assert_eq!(names, expected, "these can not wait for the morning");
    world.at("2026-06-11T06:00:00Z").await;
    assert_eq!(
        world.script.names().last().unwrap(),
        &["orders-v1/brown-out-1/noon"]
    );
}

#[tokio::test]
async fn a_letter_that_was_held_up_waits_for_the_next_morning() {
    let world = World::with(|config| {
        config.time_zone = Some("Europe/Berlin".parse().unwrap());
        config.quiet = QuietHours::default().and_weekends();
    })
    .await;
    // Friday, 19:30 in Berlin; nobody sends letters until midnight.
    world.clock().advance_to(at("2026-06-12T17:30:00Z"));
    let notice = world.notice(ANNOUNCEMENT, "dana");
    world.send(&notice).await;
    world.at("2026-06-12T22:00:00Z").await;
    assert_eq!(world.script.letters().len(), 0);
    let until = Some(at("2026-06-15T06:00:00Z"));
    assert_eq!(
        world.delivery(&notice.id).await,
        Delivery::Pending { until }
    );
    world.at("2026-06-15T06:00:00Z").await;
    assert_eq!(world.script.letters().len(), 1);
}
