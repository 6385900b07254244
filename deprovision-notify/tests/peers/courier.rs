//! A courier over SMTP and a real server: what becomes of each recipient in the end, and
//! how many copies they have.

use std::collections::BTreeSet;
use std::sync::Arc;

use deprovision_core::catalog::Contact;
use deprovision_core::conformance::Permits;
use deprovision_core::id::PersonId;
use deprovision_core::provider::{
    Delivery, DeliveryObserver as _, Notice, NoticeStage, Notifier as _,
};
use deprovision_core::time::Period;
use deprovision_notify::{Courier, CourierConfig, QuietHours, Security};

use crate::reader::{copies, header};
use crate::world::{channel, config, facts, login, recipient};

/// What the server does with a recipient, what is known in the end, and how many copies
/// they have.
const COURSES: [(&str, &str, usize); 9] = [
    ("dana", "delivered", 1),
    ("grey", "delivered", 1),
    ("unknown", "bounced", 0),
    ("refused", "bounced", 0),
    ("full", "bounced", 0),
    ("droprcpt", "bounced", 0),
    ("dropdata", "bounced", 0),
    ("dropend", "unsure", 0),
    ("dropaccepted", "unsure", 2),
];

fn word(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::NotSent => "not sent",
        Delivery::Pending { .. } => "pending",
        Delivery::Delivered { .. } => "delivered",
        Delivery::Bounced { .. } => "bounced",
        Delivery::Unsure { .. } => "unsure",
    }
}

#[tokio::test]
async fn i_22_everybody_has_the_right_end_and_nobody_two_copies_but_where_nobody_can_know() {
    let directory = tempfile::tempdir().unwrap();
    let permits = Permits::new();
    let mut settings = CourierConfig::new(directory.path().join("queue.redb"), "shop");
    settings.quiet = QuietHours::none();
    let smtp = Arc::new(channel(config(Security::StartTls), Some(login())));
    let courier = Courier::open(settings, smtp, permits.clock().clone())
        .await
        .unwrap();
    let mut notices = Vec::new();
    for (kind, ..) in COURSES {
        let to = recipient(kind, "courier");
        let id = courier.notice_id(&format!("announcement/{kind}")).unwrap();
        let contact = Contact::new(PersonId::parse(kind).unwrap(), to.parse().unwrap());
        let stage = NoticeStage::Announcement;
        let notice = Notice::new(id, stage, contact, facts("orders-v1", "Orders v1"));
        let permit = permits.permit().await.unwrap();
        courier.send(&notice, &permit).await.unwrap();
        notices.push((to, notice.id));
    }
    // As often as it wants, and for longer than it has patience.
    for _ in 0..60 {
        permits.clock().advance(Period::minutes(30));
        courier.deliver_due().await.unwrap();
    }
    for ((kind, end, many), (to, id)) in COURSES.into_iter().zip(notices) {
        let seen = courier.delivery(&id).await.unwrap();
        let delivery = seen.known_completely().unwrap();
        assert_eq!(word(delivery), end, "{kind}: {delivery:?}");
        let copies = copies(&to);
        assert_eq!(copies.len(), many, "{kind}");
        let ids: BTreeSet<&str> = copies
            .iter()
            .flat_map(|copy| header(copy, "Message-ID"))
            .collect();
        assert!(ids.len() <= 1, "{kind}: {ids:?}");
    }
}
