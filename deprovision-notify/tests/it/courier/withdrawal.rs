use deprovision_core::provider::{Delivery, NoticeStage};
use deprovision_core::time::Period;

use super::world::{World, not_sent, refused, unsure};

const ANNOUNCEMENT: NoticeStage = NoticeStage::Announcement;
const WITHDRAWAL: NoticeStage = NoticeStage::Withdrawal;
const DIGEST: Period = Period::minutes(10);

#[tokio::test]
async fn what_never_went_is_taken_back_and_neither_goes() {
    let world = World::new().await;
    let (announcement, reminder) = (
        world.notice(ANNOUNCEMENT, "dana"),
        world.notice(NoticeStage::Reminder { days: 7 }, "dana"),
    );
    let other = world.of("other", ANNOUNCEMENT, "dana");
    for notice in [&announcement, &reminder, &other] {
        world.send(notice).await;
    }
    let withdrawal = world.notice(WITHDRAWAL, "dana");
    world.send(&withdrawal).await;
    world.after(DIGEST).await;
    world.after(DIGEST).await;
    assert_eq!(world.script.names(), [["other/announcement/dana"]]);
    for notice in [&announcement, &reminder, &withdrawal] {
        assert_eq!(world.delivery(&notice.id).await, Delivery::NotSent);
    }
    // The engine's request may come late.
    world.send(&announcement).await;
    let mut second = world.notice(NoticeStage::Reminder { days: 30 }, "dana");
    second.facts.reason = "late".to_owned();
    world.send(&second).await;
    world.after(DIGEST).await;
    assert_eq!(world.script.letters().len(), 1);
    assert_eq!(world.delivery(&second.id).await, Delivery::NotSent);
    let status = world.courier.status().await.unwrap();
    assert_eq!(
        (status.recalled, status.delivered, status.waiting),
        (4, 1, 0)
    );
}

#[tokio::test]
async fn who_was_told_is_told_of_the_withdrawal() {
    let world = World::new().await;
    world.send(&world.notice(ANNOUNCEMENT, "dana")).await;
    world.after(DIGEST).await;
    let reminder = world.notice(NoticeStage::Reminder { days: 7 }, "dana");
    world.send(&reminder).await;
    world.send(&world.notice(WITHDRAWAL, "dana")).await;
    world.after(DIGEST).await;
    let names = world.script.names().concat();
    assert_eq!(
        names,
        ["orders-v1/announcement/dana", "orders-v1/withdrawal/dana"]
    );
    assert_eq!(world.delivery(&reminder.id).await, Delivery::NotSent);
}

#[tokio::test]
async fn an_announcement_of_which_this_courier_knows_nothing_is_withdrawn() {
    let world = World::new().await;
    world.send(&world.notice(WITHDRAWAL, "dana")).await;
    world.after(DIGEST).await;
    assert_eq!(world.script.letters().len(), 1);
}

#[tokio::test]
async fn what_was_not_taken_or_came_back_needs_no_withdrawal() {
    let world = World::new().await;
    let (later, gone) = (
        world.notice(ANNOUNCEMENT, "dana"),
        world.notice(ANNOUNCEMENT, "erin"),
    );
    world.send(&later).await;
    world.script.will([not_sent(None)]);
    world.after(DIGEST).await;
    world.send(&gone).await;
    world.script.will([not_sent(None), refused()]);
    world.after(DIGEST).await;
    assert_eq!(world.script.letters().len(), 3);
    for person in ["dana", "erin"] {
        world.send(&world.notice(WITHDRAWAL, person)).await;
    }
    world.after(Period::days(1)).await;
    assert_eq!(world.script.letters().len(), 3);
    assert_eq!(world.delivery(&later.id).await, Delivery::NotSent);
    let bounced = world.delivery(&gone.id).await;
    assert!(matches!(bounced, Delivery::Bounced { .. }), "{bounced:?}");
}

#[tokio::test]
async fn what_may_have_been_taken_is_not_sent_again_but_withdrawn() {
    let world = World::new().await;
    let announcement = world.notice(ANNOUNCEMENT, "dana");
    world.send(&announcement).await;
    world.script.will([unsure()]);
    world.after(DIGEST).await;
    world.send(&world.notice(WITHDRAWAL, "dana")).await;
    world.after(DIGEST).await;
    let names = world.script.names().concat();
    assert_eq!(
        names,
        ["orders-v1/announcement/dana", "orders-v1/withdrawal/dana"]
    );
    let seen = world.delivery(&announcement.id).await;
    assert!(matches!(seen, Delivery::Unsure { .. }), "{seen:?}");
}

#[tokio::test]
async fn a_letter_of_several_apis_stays_the_same_letter_and_the_withdrawal_comes_after_it() {
    let world = World::new().await;
    for api in ["orders-v1", "other"] {
        world.send(&world.of(api, ANNOUNCEMENT, "dana")).await;
    }
    world.script.will([unsure()]);
    world.after(DIGEST).await;
    world.send(&world.notice(WITHDRAWAL, "dana")).await;
    world.after(Period::minutes(1)).await;
    let letters = world.script.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].key(), letters[1].key());
    world.after(DIGEST).await;
    let last = world.script.names().pop().unwrap();
    assert_eq!(last, ["orders-v1/withdrawal/dana"]);
}
