use deprovision_core::audit::Audit;
use deprovision_core::catalog::{Catalog, Source};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{Delivery, Notice, NoticeStage, Notifier as _};
use deprovision_core::time::Period;
use deprovision_core::usage::UsageReport;
use deprovision_notify::{Courier, CourierError, QuietHours};

use super::world::{World, config, notice, refused, unsure};

const DIGEST: Period = Period::minutes(10);
const OF_AUDITS: [NoticeStage; 3] = [NoticeStage::Unused, NoticeStage::Drift, NoticeStage::Digest];
const OF_RETIREMENTS: [NoticeStage; 10] = [
    NoticeStage::Approval { number: 0 },
    NoticeStage::Announcement,
    NoticeStage::Reminder { days: 7 },
    NoticeStage::Postponement { number: 1 },
    NoticeStage::BrownOut { number: 1 },
    NoticeStage::LastCall,
    NoticeStage::Closed,
    NoticeStage::Restored,
    NoticeStage::Retired,
    NoticeStage::Withdrawal,
];

/// What an audit tells of an API that nobody retires.
fn found(world: &World, api: &str, stage: NoticeStage, person: &str) -> Notice {
    let name = format!("{stage}/2026-06/{api}/{person}");
    let id = world.courier.audit_id(&name).unwrap();
    let mut notice = notice(id, api, stage, person);
    notice.facts.retirement = None;
    notice
}

#[tokio::test]
async fn what_an_audit_found_goes_to_the_owners_once_however_often_it_is_told() {
    let text = "
apis:
  - {id: a, title: A, owner: {person: dana, email: dana@example.com}}
  - {id: b, title: B, owner: {person: dana, email: dana@example.com}}
  - {id: c, title: C, owner: {person: erin, email: erin@example.com}}
";
    let catalog = Catalog::read(&[Source::new("c.yaml", text)]).unwrap();
    let world = World::new().await;
    let audit = Audit::of(
        &catalog,
        &UsageReport::default(),
        &Policy::default(),
        world.now(),
    );
    let digests = audit
        .digests(&catalog, |name| world.courier.audit_id(name))
        .unwrap();
    assert_eq!(digests.len(), 3, "that nothing is known is a finding");
    for _ in 0..3 {
        for notice in &digests {
            world.courier.inform(notice).await.unwrap();
        }
        world.after(DIGEST).await;
    }
    let letters = world.script.letters();
    let mut sizes: Vec<(&str, usize)> = letters
        .iter()
        .map(|letter| (letter.to().person.as_str(), letter.notices().len()))
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [("dana", 2), ("erin", 1)]);
    let delivered = world.delivery(&digests[0].id).await;
    assert!(
        matches!(delivered, Delivery::Delivered { .. }),
        "{delivered:?}"
    );
    assert_eq!(world.courier.status().await.unwrap().delivered, 3);
}

#[tokio::test]
async fn i_22_what_a_retirement_tells_is_refused_without_its_permit() {
    let world = World::new().await;
    for stage in OF_RETIREMENTS {
        let notice = found(&world, "orders-v1", stage, "dana");
        let refused = world.courier.inform(&notice).await.unwrap_err();
        assert!(
            matches!(&refused, CourierError::NeedsRetirement { stage: of, .. } if *of == stage),
            "{refused:?}"
        );
        assert!(refused.to_string().contains(&stage.to_string()));
        assert!(refused.to_string().contains("permit"), "{refused}");
        assert_eq!(world.delivery(&notice.id).await, Delivery::NotSent);
    }
    let mut of_one = found(&world, "orders-v1", NoticeStage::Drift, "dana");
    of_one.facts.retirement = Some("r-orders-v1".parse().unwrap());
    let refused = world.courier.inform(&of_one).await;
    assert!(
        matches!(refused, Err(CourierError::OfRetirement { .. })),
        "{refused:?}"
    );
    let status = world.courier.status().await.unwrap();
    assert_eq!((status.waiting, status.letters), (0, 0));
}

/// The queue keeps the first notice of an id, and delivered is delivered: whoever could
/// choose a retirement's id could have its announcement count as told.
#[tokio::test]
async fn i_22_no_notice_of_an_audit_takes_the_place_of_a_retirement_s() {
    let world = World::new().await;
    let announcement = world.notice(NoticeStage::Announcement, "dana");
    for stage in OF_AUDITS {
        let mut posing = found(&world, "orders-v1", stage, "dana");
        posing.id = announcement.id.clone();
        let refused = world.courier.inform(&posing).await;
        assert!(
            matches!(&refused, Err(CourierError::NoAuditId { id, .. }) if *id == announcement.id),
            "{refused:?}"
        );
        posing.id = "courier:bank:audit:x".parse().unwrap();
        let refused = world.courier.inform(&posing).await;
        assert!(
            matches!(refused, Err(CourierError::NoAuditId { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(world.delivery(&announcement.id).await, Delivery::NotSent);
    world.send(&announcement).await;
    world.after(DIGEST).await;
    assert_eq!(world.script.names(), [["orders-v1/announcement/dana"]]);

    // Nor the other way round.
    let mut posing = world.notice(NoticeStage::Announcement, "erin");
    posing.id = world.courier.audit_id("orders-v1").unwrap();
    let permit = world.permits.permit().await.unwrap();
    let refused = world.courier.send(&posing, &permit).await.unwrap_err();
    assert!(
        refused.to_string().contains("courier:shop:local:<name>"),
        "{refused}"
    );
}

#[tokio::test]
async fn i_15_what_was_taken_is_kept_over_the_end_of_the_process() {
    let world = World::new().await;
    let notices = OF_AUDITS.map(|stage| found(&world, "orders-v1", stage, "dana"));
    for notice in &notices {
        world.courier.inform(notice).await.unwrap();
    }
    let World {
        directory,
        courier,
        script,
        permits,
    } = world;
    drop(courier);
    let mut config = config(&directory);
    config.quiet = QuietHours::none();
    let open = || Courier::open(config.clone(), script.clone(), permits.clock().clone());
    let courier = open().await.unwrap();
    permits.clock().advance(DIGEST);
    courier.deliver_due().await.unwrap();
    assert_eq!(script.letters().len(), 3, "one a stage");
    drop(courier);
    // The next audit tells the same.
    let courier = open().await.unwrap();
    for notice in &notices {
        courier.inform(notice).await.unwrap();
    }
    permits.clock().advance(DIGEST);
    courier.deliver_due().await.unwrap();
    assert_eq!(script.letters().len(), 3);
}

#[tokio::test]
async fn it_waits_for_the_morning_comes_back_and_is_sent_again_as_all_notices_are() {
    let world = World::with(|config| config.time_zone = Some("Asia/Tokyo".parse().unwrap())).await;
    let (back, lost) = (
        found(&world, "orders-v1", NoticeStage::Digest, "dana"),
        found(&world, "orders-v1", NoticeStage::Digest, "erin"),
    );
    for notice in [&back, &lost] {
        world.courier.inform(notice).await.unwrap();
    }
    // 21:10 there.
    world.after(DIGEST).await;
    assert_eq!(world.script.letters().len(), 0);
    world.script.will([refused(), unsure(), unsure()]);
    world.at("2026-06-10T23:00:00Z").await;
    world.after(Period::minutes(1)).await;
    let bounced = world.delivery(&back.id).await;
    assert!(matches!(bounced, Delivery::Bounced { .. }), "{bounced:?}");
    let unsure = world.delivery(&lost.id).await;
    assert!(matches!(unsure, Delivery::Unsure { .. }), "{unsure:?}");
    assert_eq!(world.script.letters().len(), 3, "once more under one key");

    world.courier.retry(&back.id, None).await.unwrap();
    world.courier.deliver_due().await.unwrap();
    let by = "ann".parse().unwrap();
    world
        .courier
        .vouch(&lost.id, &by, world.now(), "by telephone")
        .await
        .unwrap();
    assert_eq!(world.courier.status().await.unwrap().delivered, 2);
}

#[tokio::test]
async fn a_retirement_that_is_withdrawn_leaves_it_alone() {
    let world = World::new().await;
    world
        .send(&world.notice(NoticeStage::Announcement, "dana"))
        .await;
    let alert = found(&world, "orders-v1", NoticeStage::Unused, "dana");
    world.courier.inform(&alert).await.unwrap();
    world
        .send(&world.notice(NoticeStage::Withdrawal, "dana"))
        .await;
    world.after(DIGEST).await;
    assert_eq!(
        world.script.names(),
        [["unused/2026-06/orders-v1/dana"]],
        "the announcement had not gone"
    );
}
