use deprovision_core::id::PersonId;
use deprovision_core::provider::{AnswerLinks, Delivery, NoticeStage};
use deprovision_core::time::Period;
use deprovision_notify::CourierError;

use super::world::{World, not_sent, refused, unsure};

const ANNOUNCEMENT: NoticeStage = NoticeStage::Announcement;
const DIGEST: Period = Period::minutes(10);

fn ann() -> PersonId {
    PersonId::parse("ann").unwrap()
}

#[tokio::test]
async fn i_22_whom_somebody_told_by_telephone_counts_as_told_from_then_on() {
    let world = World::new().await;
    let notice = world.notice(ANNOUNCEMENT, "dana");
    let ann = ann();
    let vouch = |at| world.courier.vouch(&notice.id, &ann, at, "by telephone");
    let early = world.now();
    let never = vouch(early).await;
    assert!(
        matches!(never, Err(CourierError::NoSuchNotice(_))),
        "{never:?}"
    );
    world.clock().advance(Period::hours(1));
    world.send(&notice).await;
    world.script.will([refused()]);
    world.after(DIGEST).await;
    let called = Period::minutes(5).after(world.now());
    for wrong in [early, called] {
        let refused = vouch(wrong).await;
        assert!(
            matches!(refused, Err(CourierError::NotNow { .. })),
            "{refused:?}"
        );
    }
    world.clock().advance(Period::hours(1));
    vouch(called).await.unwrap();
    let told = Delivery::Delivered { at: called };
    assert_eq!(world.delivery(&notice.id).await, told);
    let again = vouch(world.now()).await;
    assert!(
        matches!(again, Err(CourierError::NotNow { .. })),
        "{again:?}"
    );
    assert_eq!(
        world.delivery(&notice.id).await,
        told,
        "and it is not younger"
    );
    // Nothing goes to them any more.
    let retry = world.courier.retry(&notice.id, None).await;
    assert!(
        matches!(retry, Err(CourierError::NotNow { .. })),
        "{retry:?}"
    );
    let status = world.courier.status().await.unwrap();
    assert_eq!((status.delivered, status.bounced), (1, 0));
}

#[tokio::test]
async fn a_letter_goes_without_what_somebody_told() {
    let world = World::new().await;
    for api in ["a", "b", "c"] {
        world.send(&world.of(api, ANNOUNCEMENT, "dana")).await;
    }
    let id = |api| {
        world
            .courier
            .notice_id(&format!("{api}/announcement/dana"))
            .unwrap()
    };
    world
        .courier
        .vouch(&id("a"), &ann(), world.now(), "in the corridor")
        .await
        .unwrap();
    world.script.will([not_sent(None)]);
    world.after(DIGEST).await;
    world
        .courier
        .vouch(&id("b"), &ann(), world.now(), "in the corridor")
        .await
        .unwrap();
    world.after(DIGEST).await;
    assert_eq!(
        world.script.names()[0],
        ["b/announcement/dana", "c/announcement/dana"]
    );
    assert_eq!(world.script.names()[1], ["c/announcement/dana"]);
    assert_eq!(world.courier.status().await.unwrap().delivered, 3);
}

#[tokio::test]
async fn what_came_back_goes_to_the_address_that_was_corrected() {
    let world = World::new().await;
    let (notice, lost) = (
        world.notice(ANNOUNCEMENT, "dana"),
        world.notice(ANNOUNCEMENT, "erin"),
    );
    world.send(&notice).await;
    world.script.will([refused()]);
    world.after(DIGEST).await;
    world.send(&lost).await;
    world.script.will([unsure(), unsure()]);
    world.after(DIGEST).await;
    world.after(DIGEST).await;
    let right = "dana@example.org".parse().unwrap();
    world.courier.retry(&notice.id, Some(right)).await.unwrap();
    world.courier.retry(&lost.id, None).await.unwrap();
    world.courier.deliver_due().await.unwrap();
    let letters = world.script.letters().split_off(3);
    let to: Vec<&str> = letters.iter().map(|l| l.to().email.as_str()).collect();
    assert_eq!(to, ["dana@example.org", "erin@example.com"]);
    let at = world.now();
    for id in [&notice.id, &lost.id] {
        assert_eq!(world.delivery(id).await, Delivery::Delivered { at });
    }
    let again = world.courier.retry(&notice.id, None).await;
    assert!(
        matches!(again, Err(CourierError::NotNow { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn i_20_links_are_in_the_file_only_until_they_went_and_never_in_debug() {
    let world = World::new().await;
    let mut notice = world.notice(ANNOUNCEMENT, "dana");
    let link = "https://example.com/answer/secret-token";
    notice.facts.links = Some(AnswerLinks::new(link, link, link));
    world.send(&notice).await;
    world.after(DIGEST).await;
    let shown = format!(
        "{:?} {:?}",
        world.courier,
        world.courier.status().await.unwrap()
    );
    assert!(!shown.contains("secret-token"), "{shown}");
    assert!(!format!("{:?}", world.script.letters()).contains("secret-token"));
}
