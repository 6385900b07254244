use std::error::Error;

use async_trait::async_trait;
use deprovision_core::conformance::{NoticeFixture, Permits, ReceivedMessage, notice};
use deprovision_core::provider::{DeliveryObserver, Notifier};
use deprovision_core::resource::NoticeId;

use crate::world::World;

#[async_trait]
impl NoticeFixture for World {
    fn notifier(&self) -> &dyn Notifier {
        &self.outbox
    }

    fn observer(&self) -> &dyn DeliveryObserver {
        &self.outbox
    }

    fn permits(&self) -> &Permits {
        &self.permits
    }

    fn id(&self, name: &str) -> Result<NoticeId, Box<dyn Error + Send + Sync>> {
        Ok(self.outbox.notice_id(name)?)
    }

    async fn received(&self) -> Result<Vec<ReceivedMessage>, Box<dyn Error + Send + Sync>> {
        Ok(self.messages())
    }
}

#[tokio::test]
async fn an_outbox_keeps_all_promises_of_a_notifier() {
    assert_eq!(notice(&World::new()).await.unwrap(), 162);
}
