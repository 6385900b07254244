//! A channel that fails in every way, a courier that is cut off at any moment, and a
//! clock that is moved by hand: everybody's notice ends, and nobody gets it twice but
//! where nobody can know.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::conformance::Permits;
use deprovision_core::provider::{Delivery, DeliveryObserver as _, NoticeStage, Notifier as _};
use deprovision_core::resource::NoticeId;
use deprovision_core::time::{Clock as _, Period};
use deprovision_notify::{Channel, Courier, Letter, QuietHours, Sent};
use proptest::prelude::*;

use super::world::{accepted, broken, config, not_sent, notice, refused, unsure};

/// What happens to one attempt.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Accepted,
    Refused,
    NotSent,
    Broken,
    /// It arrived, and nobody heard of it.
    Arrived,
    /// It was lost on the way.
    Lost,
    /// It arrives, and the courier is cut off before it hears of it.
    CutOff,
}

#[derive(Debug, Default)]
struct Attempts {
    copies: usize,
    unsure: usize,
    accepted: usize,
}

#[derive(Default)]
struct Unreliable {
    fates: Mutex<Vec<Fate>>,
    seen: Mutex<BTreeMap<NoticeId, Attempts>>,
}

#[async_trait]
impl Channel for Unreliable {
    fn name(&self) -> &str {
        "unreliable"
    }

    async fn send(&self, letter: &Letter, _: Duration) -> Sent {
        let fate = self.fates.lock().unwrap().pop().unwrap_or(Fate::Accepted);
        {
            let mut seen = self.seen.lock().unwrap();
            for notice in letter.notices() {
                let attempts = seen.entry(notice.id.clone()).or_default();
                assert_eq!(
                    attempts.accepted, 0,
                    "what was delivered is never sent again"
                );
                match fate {
                    Fate::Accepted => {
                        attempts.copies += 1;
                        attempts.accepted += 1;
                    }
                    Fate::Arrived | Fate::CutOff => {
                        attempts.copies += 1;
                        attempts.unsure += 1;
                    }
                    Fate::Lost => attempts.unsure += 1,
                    Fate::Refused | Fate::NotSent | Fate::Broken => {}
                }
            }
        }
        match fate {
            Fate::Accepted => accepted(),
            Fate::Refused => refused(),
            Fate::NotSent => not_sent(None),
            Fate::Broken => broken(),
            Fate::Arrived | Fate::Lost => unsure(),
            Fate::CutOff => std::future::pending().await,
        }
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Accepted),
        1 => Just(Fate::Refused),
        4 => Just(Fate::NotSent),
        1 => Just(Fate::Broken),
        2 => Just(Fate::Arrived),
        2 => Just(Fate::Lost),
        1 => Just(Fate::CutOff),
    ]
}

/// A step: a notice of one of some APIs to one of some people at one of some stages, or
/// so many minutes in which letters go.
#[derive(Debug, Clone, Copy)]
enum Move {
    Notice(u8, u8, u8),
    Wait(u16),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => (0..4_u8, 0..4_u8, 0..3_u8).prop_map(|(a, p, s)| Move::Notice(a, p, s)),
        2 => (0..90_u16).prop_map(Move::Wait),
    ];
    proptest::collection::vec(one, 1..30)
}

async fn run(moves: Vec<Move>, fates: Vec<Fate>) {
    let directory = tempfile::tempdir().unwrap();
    let permits = Permits::new();
    let channel = Arc::new(Unreliable::default());
    *channel.fates.lock().unwrap() = fates;
    let open = || async {
        let mut config = config(&directory);
        config.quiet = QuietHours::none();
        config.at_once = 3;
        let clock = permits.clock().clone();
        Courier::open(config, channel.clone(), clock).await.unwrap()
    };
    let mut courier = open().await;
    let mut given: Vec<NoticeId> = Vec::new();
    let mut rounds = 0;
    let rest = std::iter::repeat_n(Move::Wait(60), 400);
    for step in moves.into_iter().chain(rest) {
        match step {
            Move::Notice(api, person, stage) => {
                let stages = [
                    NoticeStage::Announcement,
                    NoticeStage::Reminder { days: 7 },
                    NoticeStage::Closed,
                ];
                let stage = stages[usize::from(stage)];
                let name = format!("api-{api}/{stage}/p{person}");
                let id = courier.notice_id(&name).unwrap();
                let notice = notice(
                    id.clone(),
                    &format!("api-{api}"),
                    stage,
                    &format!("p{person}"),
                );
                let permit = permits.permit().await.unwrap();
                courier.send(&notice, &permit).await.unwrap();
                given.push(id);
            }
            Move::Wait(minutes) => {
                permits.clock().advance(Period::minutes(minutes.into()));
                // Who is cut off waits for ever: then the process ends.
                let limit = Duration::from_millis(300);
                if tokio::time::timeout(limit, courier.deliver_due())
                    .await
                    .is_err()
                {
                    drop(courier);
                    courier = open().await;
                }
                rounds += 1;
                if rounds > 40 && courier.status().await.unwrap().waiting == 0 {
                    break;
                }
            }
        }
    }
    let status = courier.status().await.unwrap();
    assert_eq!(
        (status.waiting, status.letters, status.under_way),
        (0, 0, 0),
        "all end"
    );
    given.sort();
    given.dedup();
    let seen = std::mem::take(&mut *channel.seen.lock().unwrap());
    for id in &given {
        let delivery = courier.delivery(id).await.unwrap();
        let delivery = delivery.known_completely().unwrap();
        let attempts = &seen[id];
        match delivery {
            Delivery::Delivered { at } => {
                assert!(*at <= permits.clock().now());
                assert_eq!(attempts.accepted, 1, "{id}");
            }
            Delivery::Bounced { why } => {
                let may_have_arrived = why.contains("it may have arrived before");
                assert_eq!(attempts.unsure > 0, may_have_arrived, "{id}: {why}");
            }
            Delivery::Unsure { .. } => assert!(attempts.unsure > 0, "{id}"),
            Delivery::NotSent | Delivery::Pending { .. } => panic!("{id}: {delivery:?}"),
        }
        assert!(attempts.unsure <= 2, "{id} was sent once more only");
        assert!(
            attempts.copies <= 1 + attempts.unsure.min(1),
            "{id}: {attempts:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn everybody_s_notice_ends_and_nobody_gets_it_twice_but_where_nobody_can_know(
        moves in moves(),
        fates in proptest::collection::vec(fate(), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(moves, fates));
    }
}
