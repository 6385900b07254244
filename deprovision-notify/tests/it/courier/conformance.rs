use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::conformance::{NoticeFixture, Permits, ReceivedMessage, notice};
use deprovision_core::provider::{DeliveryObserver, Notice, Notifier, Outcome};
use deprovision_core::resource::NoticeId;
use deprovision_core::time::Period;
use deprovision_notify::{Channel, Courier, Letter, QuietHours, Sent};

use super::world::config;
use crate::world::World;

/// A channel into the files of an outbox.
struct Files(World);

#[async_trait]
impl Channel for Files {
    fn name(&self) -> &str {
        "files"
    }

    async fn send(&self, letter: &Letter, _: Duration) -> Sent {
        let [one] = letter.notices() else {
            panic!("the suite looks after each notice")
        };
        let id = self.0.outbox.notice_id(letter.key()).unwrap();
        let notice = Notice::new(id, one.stage, one.to.clone(), one.facts.clone());
        match self.0.send(&notice).await {
            Ok(Outcome::Done { receipt }) => Sent::Accepted { receipt },
            other => Sent::Refused {
                why: format!("{other:?}"),
            },
        }
    }
}

struct Fixture {
    files: Arc<Files>,
    courier: Courier,
}

#[async_trait]
impl NoticeFixture for Fixture {
    fn notifier(&self) -> &dyn Notifier {
        &self.courier
    }

    fn observer(&self) -> &dyn DeliveryObserver {
        &self.courier
    }

    fn permits(&self) -> &Permits {
        &self.files.0.permits
    }

    fn id(&self, name: &str) -> Result<NoticeId, Box<dyn Error + Send + Sync>> {
        Ok(self.courier.notice_id(name)?)
    }

    async fn received(&self) -> Result<Vec<ReceivedMessage>, Box<dyn Error + Send + Sync>> {
        self.courier.deliver_due().await?;
        Ok(self.files.0.messages())
    }
}

#[tokio::test]
async fn a_courier_keeps_all_promises_of_a_notifier() {
    let directory = tempfile::tempdir().unwrap();
    let files = Arc::new(Files(World::new()));
    let mut config = config(&directory);
    config.digest = Period::ZERO;
    config.quiet = QuietHours::none();
    let clock = files.0.permits.clock().clone();
    let courier = Courier::open(config, files.clone(), clock).await.unwrap();
    assert_eq!(notice(&Fixture { files, courier }).await.unwrap(), 162);
}
