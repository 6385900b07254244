//! Notices that no retirement sends: what an audit has to tell an owner.

use deprovision_core::id::ParseIdError;
use deprovision_core::provider::{Notice, NoticeStage};
use deprovision_core::resource::{Locator, NoticeId};

use super::error::CourierError;
use super::port::{Courier, PROVIDER};

/// The region in the ids of these notices: none of them is an id of a retirement's.
pub(super) const AUDIT: &str = "audit";

const INFORMING: &str = "queueing a notice";

impl Courier {
    /// The id of a notice of that name for [`inform`](Self::inform):
    /// `courier:<account>:audit:<name>`.
    ///
    /// # Errors
    /// [`ParseIdError`] when the name is empty, too long or holds a control character.
    pub fn audit_id(&self, name: &str) -> Result<NoticeId, ParseIdError> {
        Locator::new(PROVIDER, &self.config.account, AUDIT, name).map(NoticeId::new)
    }

    /// Queues a notice that belongs to no retirement: what
    /// [`Audit::alerts`](deprovision_core::audit::Audit::alerts) and
    /// [`Audit::digests`](deprovision_core::audit::Audit::digests) give, and whatever
    /// else is found of an API that is not being retired. It needs no permit, since it
    /// changes nothing of any retirement: nothing waits for it, and it counts as nobody's
    /// notice (invariant I-22).
    ///
    /// # Behaviour
    /// - It is in the file before this returns, and goes as all notices do: one letter a
    ///   person and stage, in the morning where the person is, tried again within bounds.
    ///   Its [`delivery`](deprovision_core::provider::DeliveryObserver::delivery) is told,
    ///   and [`vouch`](Self::vouch) and [`retry`](Self::retry) know it.
    /// - Informing twice under one id is informing once: the first notice stays. So an
    ///   audit that is repeated, or two at a time, tell nobody twice.
    /// - It can not stand for what a retirement sends: only the stages unused, drift and
    ///   digest are taken, under ids of [`audit_id`](Self::audit_id) alone, which
    ///   [`Notifier::send`](deprovision_core::provider::Notifier::send) never takes.
    ///
    /// # Errors
    /// - [`CourierError::NeedsRetirement`]: its stage is one of those that a retirement
    ///   tells;
    /// - [`CourierError::OfRetirement`]: it is about a retirement, which sends it itself;
    /// - [`CourierError::NoAuditId`]: its id was not made by `audit_id`;
    /// - [`CourierError::Store`]: the queue failed; it may be queued, and informing again
    ///   under the same id is safe.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// use deprovision_core::audit::Audit;
    /// use deprovision_core::catalog::{Catalog, Source};
    /// use deprovision_core::policy::Policy;
    /// use deprovision_core::time::{Clock, SystemClock};
    /// use deprovision_core::usage::UsageReport;
    /// # use deprovision_notify::{Channel, Courier, CourierConfig, Letter, Sent};
    /// # struct Dry;
    /// # #[async_trait::async_trait]
    /// # impl Channel for Dry {
    /// #     fn name(&self) -> &str { "dry" }
    /// #     async fn send(&self, _: &Letter, _: Duration) -> Sent {
    /// #         Sent::Accepted { receipt: "nothing was sent".to_owned() }
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let config = CourierConfig::new(directory.path().join("courier.redb"), "shop");
    /// # let clock = Arc::new(SystemClock::new());
    /// # let courier = Courier::open(config, Arc::new(Dry), clock.clone()).await?;
    /// # let text = "apis:
    /// #   - {id: orders-v1, title: Orders, owner: {person: dana, email: dana@example.com}}";
    /// let catalog = Catalog::read(&[Source::new("catalog.yaml", text)])?;
    /// let report = UsageReport::default(); // what `UsageReader` read from the logs
    /// let audit = Audit::of(&catalog, &report, &Policy::default(), clock.now());
    ///
    /// // Once a week: what each owner should know. They are named after the day.
    /// for notice in audit.digests(&catalog, |name| courier.audit_id(name))? {
    ///     courier.inform(&notice).await?;
    /// }
    /// # assert_eq!(courier.status().await?.waiting, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn inform(&self, notice: &Notice) -> Result<(), CourierError> {
        self.may_inform(notice)?;
        let (new, now) = self
            .new_notice(notice)
            .map_err(|fault| fault.while_doing(INFORMING))?;
        let done = self.put(new, now).await;
        done.map_err(|fault| fault.while_doing(INFORMING))
    }

    fn may_inform(&self, notice: &Notice) -> Result<(), CourierError> {
        let id = notice.id.clone();
        if !is_of_an_audit(notice.stage) {
            let stage = notice.stage;
            return Err(CourierError::NeedsRetirement { id, stage });
        }
        if let Some(retirement) = &notice.facts.retirement {
            let retirement = retirement.clone();
            return Err(CourierError::OfRetirement { id, retirement });
        }
        if !self.has_region(&id, AUDIT) {
            let account = self.config.account.clone();
            return Err(CourierError::NoAuditId { id, account });
        }
        Ok(())
    }
}

/// Whether an audit tells it, and not a retirement.
fn is_of_an_audit(stage: NoticeStage) -> bool {
    match stage {
        NoticeStage::Unused | NoticeStage::Drift | NoticeStage::Digest => true,
        NoticeStage::Approval { .. }
        | NoticeStage::Announcement
        | NoticeStage::Reminder { .. }
        | NoticeStage::Postponement { .. }
        | NoticeStage::BrownOut { .. }
        | NoticeStage::LastCall
        | NoticeStage::Closed
        | NoticeStage::Restored
        | NoticeStage::Retired
        | NoticeStage::Withdrawal => false,
    }
}
