use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::catalog::Contact;
use deprovision_core::conformance::Permits;
use deprovision_core::id::{ApiId, PersonId, RetirementId};
use deprovision_core::provider::{
    Delivery, DeliveryObserver, Notice, NoticeFacts, NoticeStage, Notifier, Outcome,
};
use deprovision_core::resource::NoticeId;
use deprovision_core::time::{Clock, ManualClock, Period, Timestamp};
use deprovision_notify::{Channel, Courier, CourierConfig, Letter, QuietHours, Sent};
use tempfile::TempDir;

/// A channel that answers as it is told, and accepts when it is told nothing.
#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Sent>>,
    letters: Mutex<Vec<Letter>>,
}

impl Script {
    pub(crate) fn will(&self, answers: impl IntoIterator<Item = Sent>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// All that it was given, in turn.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    /// The names of the notices in each letter.
    pub(crate) fn names(&self) -> Vec<Vec<String>> {
        let names = |letter: &Letter| {
            let notices = letter.notices().iter();
            notices.map(|notice| notice.id.name().to_owned()).collect()
        };
        self.letters().iter().map(names).collect()
    }
}

#[async_trait]
impl Channel for Script {
    fn name(&self) -> &str {
        "script"
    }

    async fn send(&self, letter: &Letter, _: Duration) -> Sent {
        self.letters.lock().unwrap().push(letter.clone());
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or_else(accepted)
    }
}

pub(crate) fn accepted() -> Sent {
    Sent::Accepted {
        receipt: "250 taken".to_owned(),
    }
}

pub(crate) fn not_sent(retry_at: Option<Timestamp>) -> Sent {
    let why = "451 later".to_owned();
    Sent::NotSent { why, retry_at }
}

pub(crate) fn refused() -> Sent {
    let why = "550 no such user".to_owned();
    Sent::Refused { why }
}

pub(crate) fn broken() -> Sent {
    let why = "535 set another password".to_owned();
    Sent::Broken { why }
}

pub(crate) fn unsure() -> Sent {
    let why = "the connection ended".to_owned();
    Sent::Unsure { why }
}

pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) permits: Permits,
    pub(crate) script: Arc<Script>,
    pub(crate) courier: Courier,
}

impl World {
    /// A courier that never waits for a morning.
    pub(crate) async fn new() -> Self {
        Self::with(|config| config.quiet = QuietHours::none()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut CourierConfig)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let permits = Permits::new();
        permits
            .clock()
            .step_to("2026-06-10T12:00:00Z".parse().unwrap());
        let script = Arc::new(Script::default());
        let mut config = config(&directory);
        change(&mut config);
        let courier = Courier::open(config, script.clone(), permits.clock().clone())
            .await
            .unwrap();
        Self {
            directory,
            permits,
            script,
            courier,
        }
    }

    pub(crate) fn clock(&self) -> &ManualClock {
        self.permits.clock()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// Of `orders-v1`, in the retirement `r-orders-v1`.
    pub(crate) fn notice(&self, stage: NoticeStage, person: &str) -> Notice {
        self.of("orders-v1", stage, person)
    }

    pub(crate) fn of(&self, api: &str, stage: NoticeStage, person: &str) -> Notice {
        let name = format!("{api}/{stage}/{person}");
        notice(self.courier.notice_id(&name).unwrap(), api, stage, person)
    }

    pub(crate) async fn send(&self, notice: &Notice) {
        let permit = self.permits.permit().await.unwrap();
        let sent = self.courier.send(notice, &permit).await.unwrap();
        assert_eq!(sent, Outcome::done("queued"));
    }

    /// Lets time pass, and sends what is due then.
    pub(crate) async fn after(&self, wait: Period) {
        self.clock().advance(wait);
        self.courier.deliver_due().await.unwrap();
    }

    pub(crate) async fn at(&self, moment: &str) {
        self.clock().advance_to(moment.parse().unwrap());
        self.courier.deliver_due().await.unwrap();
    }

    pub(crate) async fn delivery(&self, id: &NoticeId) -> Delivery {
        let seen = self.courier.delivery(id).await.unwrap();
        seen.known_completely().unwrap().clone()
    }
}

pub(crate) fn config(directory: &TempDir) -> CourierConfig {
    CourierConfig::new(directory.path().join("queue.redb"), "shop")
}

pub(crate) fn notice(id: NoticeId, api: &str, stage: NoticeStage, person: &str) -> Notice {
    let email = format!("{person}@example.com").parse().unwrap();
    let to = Contact::new(PersonId::parse(person).unwrap(), email);
    let mut facts = NoticeFacts::new(ApiId::parse(api).unwrap(), api);
    facts.retirement = Some(RetirementId::parse(format!("r-{api}")).unwrap());
    Notice::new(id, stage, to, facts)
}
