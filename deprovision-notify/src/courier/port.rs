//! A courier: the notifier, the observer, and what a person can ask of it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::EmailAddress;
use deprovision_core::id::{ParseIdError, PersonId};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    Delivery, DeliveryObserver, ErrorKind, Notice, Notifier, Outcome, ProviderError,
};
use deprovision_core::resource::{Locator, NoticeId};
use deprovision_core::time::{Clock, Timestamp};
use tokio::sync::{Mutex, Notify};

use super::config::CourierConfig;
use super::error::{CourierError, Fault};
use super::format::Vouched;
use super::inform::AUDIT;
use super::open;
use super::queue::{New, Refusal};
use super::quiet::{Timing, is_known};
use super::status::Status;
use super::store::Store;
use crate::Channel;

pub(super) const PROVIDER: &str = "courier";
/// The region in the ids of what retirements send.
const REGION: &str = "local";

/// A durable queue of notices, and the letters that a channel sends of them.
///
/// # Behaviour
/// - A notice is in the file before [`Notifier::send`] answers. From then on it is
///   pending, until it was delivered, came back, or nobody can tell.
/// - A notice's id is `courier:<account>:local:<name>`. Sending is deduplicated by it:
///   the first one stays, whatever the text of the second.
/// - One person gets one letter a stage, of however many APIs: a letter waits for
///   [`CourierConfig::digest`] before it goes, and for the morning where the person is
///   ([`QuietHours`](crate::QuietHours)).
/// - That a letter is about to go is durable before it goes, and what came of it
///   afterwards (invariant I-15). A letter of which that is not known, because the
///   process was killed or the connection ended, is sent once more under the same
///   key, and never a third time unless a person asks for it. No other letter goes twice.
/// - A letter that was certainly not taken is tried again, with waits that double
///   ([`CourierConfig::retry`]); then it has bounced. One that is refused has bounced at
///   once.
/// - When the channel is broken, all letters wait, and one of them is tried from time to
///   time: [`Status::pause`] says what to do.
/// - A withdrawal takes back what the person was to be told of the retirement and has
///   not gone. When nothing has gone, it does not go either: all of it then is
///   [`Delivery::NotSent`].
/// - What no retirement sends is queued by [`inform`](Self::inform), without a permit:
///   what an audit has to tell owners, and nothing else.
/// - What was delivered is kept without its text, for good, so that it is never sent
///   again.
///
/// Letters go while [`run`](Self::run) runs, or when [`deliver_due`](Self::deliver_due)
/// is called. The file is open in one process at a time.
pub struct Courier {
    pub(super) config: CourierConfig,
    pub(super) timing: Timing,
    pub(super) channel: Arc<dyn Channel>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Store,
    /// Whoever has it sends letters.
    pub(super) turn: Mutex<()>,
    /// That something new waits.
    pub(super) woken: Notify,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("config", &self.config)
            .field("channel", &self.channel.name())
            .finish_non_exhaustive()
    }
}

impl Courier {
    /// Opens a courier, and makes its file when there is none. The whole file is checked.
    ///
    /// # Errors
    /// - [`CourierError::Account`], [`CourierError::Config`]: the configuration is wrong;
    /// - [`CourierError::InUse`]: the file is open elsewhere;
    /// - [`CourierError::NotAQueue`], [`CourierError::OtherAccount`]: the file is something
    ///   else, damaged, or another courier's. It is left as it is.
    pub async fn open(
        config: CourierConfig,
        channel: Arc<dyn Channel>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CourierError> {
        const OPENING: &str = "opening it";
        Locator::new(PROVIDER, &config.account, REGION, "x").map_err(CourierError::Account)?;
        if let Some((field, next)) = config.fault() {
            return Err(CourierError::Config { field, next });
        }
        if config
            .time_zone
            .as_ref()
            .is_some_and(|zone| !is_known(zone))
        {
            let (field, next) = ("time_zone", "write one such as Europe/Berlin");
            return Err(CourierError::Config { field, next });
        }
        let (file, account) = (config.file.clone(), config.account.clone());
        let database = tokio::task::spawn_blocking(move || open::open(&file, &account))
            .await
            .unwrap_or_else(|_| Err(Fault::Ended.while_doing(OPENING)))?;
        let store = Store::over(database).map_err(|error| CourierError::Store {
            doing: OPENING,
            source: Box::new(error),
        })?;
        Ok(Self {
            timing: Timing::of(&config),
            config,
            channel,
            clock,
            store,
            turn: Mutex::new(()),
            woken: Notify::new(),
        })
    }

    /// The id of a notice of that name in this courier.
    ///
    /// # Errors
    /// [`ParseIdError`] when the name is empty, too long or holds a control character.
    pub fn notice_id(&self, name: &str) -> Result<NoticeId, ParseIdError> {
        Locator::new(PROVIDER, &self.config.account, REGION, name).map(NoticeId::new)
    }

    /// How things are.
    ///
    /// # Errors
    /// [`CourierError::Store`] when the queue can not be read.
    pub async fn status(&self) -> Result<Status, CourierError> {
        let status = self.store.change(|tables| tables.status()).await;
        status.map_err(|fault| fault.while_doing("looking how things are"))
    }

    /// Lets a person's word count as the delivery: `by` says that the recipient was told
    /// at `at`, and how (by telephone, say). A letter that still waits goes without it;
    /// one that may be under way can not be held back.
    ///
    /// # Errors
    /// - [`CourierError::NoSuchNotice`]: it was never given to this courier;
    /// - [`CourierError::NotNow`]: it was delivered already, or `at` is in the future or
    ///   before the notice was there;
    /// - [`CourierError::Store`]: the queue failed.
    pub async fn vouch(
        &self,
        id: &NoticeId,
        by: &PersonId,
        at: Timestamp,
        how: impl Into<String>,
    ) -> Result<(), CourierError> {
        let vouched = Vouched {
            by: by.clone(),
            how: how.into(),
            said: self.clock.now(),
        };
        let of = id.clone();
        let done = self
            .store
            .change(move |tables| tables.vouch(&of, at, vouched));
        answer(id, done.await, "noting that a person was told")
    }

    /// Sends a notice again that came back or of which nobody can tell, with all its
    /// tries, and to another address when one is given. It goes at once, in a letter of
    /// its own.
    ///
    /// # Errors
    /// - [`CourierError::NoSuchNotice`]: it was never given to this courier;
    /// - [`CourierError::NotNow`]: it neither came back nor is it unsure;
    /// - [`CourierError::Store`]: the queue failed.
    pub async fn retry(
        &self,
        id: &NoticeId,
        address: Option<EmailAddress>,
    ) -> Result<(), CourierError> {
        let (of, now, timing) = (id.clone(), self.clock.now(), self.timing.clone());
        let done = self.store.change(move |tables| {
            tables.again(&of, address, |notice| timing.plan(notice, now), now)
        });
        answer(id, done.await, "sending a notice again")?;
        self.woken.notify_one();
        Ok(())
    }

    /// Ends a pause at once: somebody repaired what the channel complained of.
    ///
    /// # Errors
    /// [`CourierError::Store`] when the queue fails.
    pub async fn resume(&self) -> Result<(), CourierError> {
        let done = self.store.change(|tables| tables.resume()).await;
        done.map_err(|fault| fault.while_doing("ending a pause"))?;
        self.woken.notify_one();
        Ok(())
    }

    /// A notice as it is queued, and when that is.
    pub(super) fn new_notice(&self, notice: &Notice) -> Result<(New, Timestamp), Fault> {
        let now = self.clock.now();
        Ok((New::of(notice, self.timing.plan(notice, now))?, now))
    }

    /// Queues a notice; durable when it returns.
    pub(super) async fn put(&self, new: New, now: Timestamp) -> Result<(), Fault> {
        self.store
            .change(move |tables| tables.put(new, now))
            .await?;
        self.woken.notify_one();
        Ok(())
    }

    /// Whether it is an id of this courier, in that region.
    pub(super) fn has_region(&self, id: &NoticeId, region: &str) -> bool {
        let at = id.locator();
        at.provider().as_str() == PROVIDER
            && at.account() == self.config.account
            && at.region() == region
    }

    /// The error of an id that has none of the regions.
    fn foreign(&self, operation: &str, id: &NoticeId, regions: &str) -> ProviderError {
        let own = format!("{PROVIDER}:{}:{regions}:<name>", self.config.account);
        ProviderError::new(
            ErrorKind::Invalid,
            operation,
            format!("{id} is not of this courier; its ids are {own}"),
        )
    }
}

fn answer(
    id: &NoticeId,
    done: Result<Result<(), Refusal>, Fault>,
    doing: &'static str,
) -> Result<(), CourierError> {
    match done.map_err(|fault| fault.while_doing(doing))? {
        Ok(()) => Ok(()),
        Err(Refusal::NoSuchNotice) => Err(CourierError::NoSuchNotice(id.clone())),
        Err(Refusal::NotNow(why)) => Err(CourierError::NotNow {
            id: id.clone(),
            why,
        }),
    }
}

#[async_trait]
impl Notifier for Courier {
    async fn send(&self, notice: &Notice, _: &WritePermit) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "queue notice";
        if !self.has_region(&notice.id, REGION) {
            return Err(self.foreign(OPERATION, &notice.id, REGION));
        }
        let (new, now) = self.new_notice(notice).map_err(|fault| {
            ProviderError::new(ErrorKind::Invalid, OPERATION, "shorten its texts")
                .with_source(fault)
        })?;
        match self.put(new, now).await {
            Ok(()) => Ok(Outcome::done("queued")),
            Err(fault @ (Fault::Unconfirmed(_) | Fault::Ended)) => {
                Ok(Outcome::unknown(fault.to_string()))
            }
            Err(fault @ (Fault::Store(_) | Fault::Damaged(_))) => {
                Err(unavailable(OPERATION, fault))
            }
        }
    }
}

#[async_trait]
impl DeliveryObserver for Courier {
    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError> {
        const OPERATION: &str = "look for notice";
        if !self.has_region(id, REGION) && !self.has_region(id, AUDIT) {
            let regions = format!("{REGION}|{AUDIT}");
            return Err(self.foreign(OPERATION, id, &regions));
        }
        let (id, now) = (id.clone(), self.clock.now());
        let seen = self
            .store
            .change(move |tables| tables.delivery(&id, now))
            .await;
        let seen = seen.map_err(|fault| unavailable(OPERATION, fault))?;
        Ok(Observation::complete(seen, now))
    }
}

fn unavailable(operation: &str, fault: Fault) -> ProviderError {
    let next = "look at the courier's file and its disk, and open the courier again";
    ProviderError::new(ErrorKind::Transient, operation, next).with_source(fault)
}
