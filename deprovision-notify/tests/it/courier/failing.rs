use deprovision_core::provider::{Delivery, NoticeStage};
use deprovision_core::time::Period;

use super::world::{World, accepted, broken, not_sent, refused, unsure};

const ANNOUNCEMENT: NoticeStage = NoticeStage::Announcement;
const DIGEST: Period = Period::minutes(10);

#[tokio::test]
async fn i_17_what_is_not_taken_is_tried_for_six_hours_and_then_has_bounced() {
    let world = World::new().await;
    let notice = world.notice(ANNOUNCEMENT, "dana");
    world.send(&notice).await;
    world.script.will(vec![not_sent(None); 8]);
    world.after(DIGEST).await;
    let begin = world.now();
    for minutes in [3, 6, 12, 24, 48, 96, 192] {
        let tries = world.script.letters().len();
        world.after(Period::minutes(minutes - 1)).await;
        assert_eq!(world.script.letters().len(), tries);
        let until = Some(Period::minutes(1).after(world.now()));
        assert_eq!(
            world.delivery(&notice.id).await,
            Delivery::Pending { until }
        );
        world.after(Period::minutes(1)).await;
        assert_eq!(world.script.letters().len(), tries + 1);
    }
    assert_eq!(Period::between(begin, world.now()), Period::minutes(381));
    let why = "not taken in 8 tries: 451 later".to_owned();
    assert_eq!(world.delivery(&notice.id).await, Delivery::Bounced { why });
    world.after(Period::days(30)).await;
    assert_eq!(world.script.letters().len(), 8);
}

#[tokio::test]
async fn the_other_side_may_ask_for_patience_within_a_day() {
    let world = World::new().await;
    world.send(&world.notice(ANNOUNCEMENT, "dana")).await;
    let tomorrow = Period::hours(20).after(world.now());
    let never = Period::days(9999).after(world.now());
    world
        .script
        .will([not_sent(Some(tomorrow)), not_sent(Some(never))]);
    world.after(DIGEST).await;
    world
        .clock()
        .advance_to(Period::seconds(1).before(tomorrow));
    world.courier.deliver_due().await.unwrap();
    assert_eq!(world.script.letters().len(), 1);
    world.after(Period::seconds(1)).await;
    assert_eq!(world.script.letters().len(), 2);
    world.after(Period::days(1)).await;
    assert_eq!(world.script.letters().len(), 3);
    assert_eq!(world.courier.status().await.unwrap().delivered, 1);
}

#[tokio::test]
async fn what_is_refused_has_bounced_at_once() {
    let world = World::new().await;
    let notice = world.notice(ANNOUNCEMENT, "dana");
    world.send(&notice).await;
    world.script.will([refused()]);
    world.after(DIGEST).await;
    let why = "550 no such user".to_owned();
    assert_eq!(world.delivery(&notice.id).await, Delivery::Bounced { why });
    world.after(Period::days(1)).await;
    // The engine asks again, and it stays.
    world.send(&notice).await;
    world.after(Period::days(1)).await;
    assert_eq!(world.script.letters().len(), 1);
}

#[tokio::test]
async fn what_may_have_been_taken_is_sent_once_more_as_it_was_and_never_again() {
    let world = World::new().await;
    for api in ["a", "b"] {
        world.send(&world.of(api, ANNOUNCEMENT, "dana")).await;
    }
    world.script.will([unsure(), unsure()]);
    world.after(DIGEST).await;
    // It stays the same letter, whatever else there is to say.
    world.send(&world.of("c", ANNOUNCEMENT, "dana")).await;
    world.after(Period::minutes(1)).await;
    let letters = world.script.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].key(), letters[1].key());
    assert_eq!(letters[0].notices(), letters[1].notices());
    world.after(Period::days(30)).await;
    assert_eq!(world.script.names().split_off(2), [["c/announcement/dana"]]);
    let id = world.courier.notice_id("a/announcement/dana").unwrap();
    let why = "the connection ended; and then: the connection ended".to_owned();
    assert_eq!(world.delivery(&id).await, Delivery::Unsure { why });
    let status = world.courier.status().await.unwrap();
    assert_eq!((status.unsure, status.delivered), (2, 1));
}

#[tokio::test]
async fn i_9_a_letter_that_may_have_been_taken_has_not_bounced() {
    let world = World::new().await;
    let notice = world.notice(ANNOUNCEMENT, "dana");
    world.send(&notice).await;
    world.script.will([unsure()]);
    world.script.will(vec![not_sent(None); 8]);
    world.after(DIGEST).await;
    for _ in 0..12 {
        world.after(Period::hours(4)).await;
    }
    assert_eq!(world.script.letters().len(), 9);
    let Delivery::Unsure { why } = world.delivery(&notice.id).await else {
        panic!("it may have arrived");
    };
    assert!(why.contains("the connection ended"), "{why}");
}

#[tokio::test]
async fn a_broken_channel_pauses_and_is_tried_with_one_letter() {
    let world = World::with(|config| {
        config.quiet = deprovision_notify::QuietHours::none();
        config.at_once = 1;
    })
    .await;
    for number in 0..20 {
        world
            .send(&world.notice(ANNOUNCEMENT, &format!("p{number}")))
            .await;
    }
    world.script.will(vec![broken(); 5]);
    world.after(DIGEST).await;
    assert_eq!(world.script.letters().len(), 1);
    let pause = world.courier.status().await.unwrap().pause.unwrap();
    assert_eq!(pause.why, "535 set another password");
    assert_eq!(pause.since, world.now());
    for (minutes, tries) in [(4, 1), (1, 2), (9, 2), (1, 3), (20, 4), (40, 5)] {
        world.after(Period::minutes(minutes)).await;
        assert_eq!(world.script.letters().len(), tries, "after {minutes}");
    }
    let status = world.courier.status().await.unwrap();
    assert_eq!((status.waiting, status.bounced), (20, 0));
    assert_eq!(status.next, Some(Period::hours(1).after(world.now())));
    world.after(Period::hours(1)).await;
    let status = world.courier.status().await.unwrap();
    assert_eq!((status.waiting, status.delivered), (0, 20));
    assert_eq!(status.pause, None);
    assert_eq!(world.script.letters().len(), 25);
}

#[tokio::test]
async fn a_pause_outlives_the_process_and_ends_when_somebody_says_so() {
    let world = World::new().await;
    for number in 0..20 {
        world
            .send(&world.notice(ANNOUNCEMENT, &format!("p{number}")))
            .await;
    }
    world.script.will(vec![broken(); 20]);
    world.script.will([accepted()]);
    world.after(DIGEST).await;
    let tried = world.script.letters().len();
    let World {
        directory,
        permits,
        script,
        courier,
    } = world;
    drop(courier);
    let mut config = super::world::config(&directory);
    config.quiet = deprovision_notify::QuietHours::none();
    let clock = permits.clock().clone();
    let courier = deprovision_notify::Courier::open(config, script.clone(), clock)
        .await
        .unwrap();
    let world = World {
        directory,
        permits,
        script,
        courier,
    };
    world.after(Period::minutes(1)).await;
    assert_eq!(world.script.letters().len(), tried);
    world.courier.resume().await.unwrap();
    world.after(Period::minutes(1)).await;
    assert_eq!(world.courier.status().await.unwrap().delivered, 20);
}
