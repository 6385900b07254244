//! Answers that can not be recorded.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::{
    AppendError, Authority, Entry, Journal, JournalError, Lease, LeaseError, StreamInfo, Version,
};
use deprovision_core::time::{Period, Timestamp};
use http::StatusCode;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::answers::World;

/// Keeps what is logged as an error.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<String>>);

impl Errors {
    fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Visit for Errors {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let line = format!("{field}={value:?}\n");
        self.0.lock().unwrap().push_str(&line);
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::ERROR && metadata.target().starts_with("deprovision_http")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// A journal that does not answer while it is told so.
#[derive(Debug)]
struct Failing {
    inner: Arc<dyn Journal>,
    now: Arc<AtomicBool>,
}

impl Failing {
    fn check(&self) -> Result<(), JournalError> {
        if !self.now.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(JournalError::Unavailable {
            doing: "reading",
            source: "no space left on device".into(),
        })
    }
}

#[async_trait]
impl Journal for Failing {
    async fn append(
        &self,
        stream: &RetirementId,
        expected: Version,
        authority: Authority<'_>,
        entries: &[Entry],
    ) -> Result<(), AppendError> {
        self.check()?;
        let appended = self.inner.append(stream, expected, authority, entries);
        appended.await
    }

    async fn read(
        &self,
        stream: &RetirementId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        self.check()?;
        self.inner.read(stream, after, limit).await
    }

    async fn streams(
        &self,
        after: Option<&RetirementId>,
        limit: usize,
    ) -> Result<Vec<StreamInfo>, JournalError> {
        self.inner.streams(after, limit).await
    }

    async fn claim_due(
        &self,
        worker: &WorkerId,
        ttl: Period,
        limit: usize,
    ) -> Result<Vec<Lease>, JournalError> {
        self.inner.claim_due(worker, ttl, limit).await
    }

    async fn renew(&self, lease: &Lease, ttl: Period) -> Result<Lease, LeaseError> {
        self.inner.renew(lease, ttl).await
    }

    async fn release(
        &self,
        lease: &Lease,
        seen: Version,
        due: Option<Timestamp>,
    ) -> Result<(), LeaseError> {
        self.inner.release(lease, seen, due).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, JournalError> {
        self.inner.next_due().await
    }
}

#[tokio::test]
async fn what_could_not_be_written_down_is_told_the_operator_and_can_be_sent_again() {
    let broken = Arc::new(AtomicBool::new(false));
    let now = broken.clone();
    let world = World::over(|inner| Arc::new(Failing { inner, now })).await;
    let errors = Errors::default();
    let _guard = tracing::subscriber::set_default(errors.clone());
    broken.store(true, Ordering::Relaxed);
    let link = &world.links.object;
    let (status, html) = world.submit(link, "reason=the+shop+breaks").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    // What was written is still there, and what is wrong is not for whoever has a link.
    assert!(html.contains("the shop breaks") && html.contains("send it again"));
    assert!(!html.contains("no space"), "{html}");
    let logged = errors.take();
    for wanted in [
        "could not be recorded",
        "orders-v1",
        "no space left on device",
    ] {
        assert!(logged.contains(wanted), "{wanted} {logged}");
    }
    let (_, token) = link.split_once("?token=").unwrap();
    assert!(
        !logged.contains(token) && !logged.contains("the shop"),
        "{logged}"
    );
    broken.store(false, Ordering::Relaxed);
    let (status, _) = world.submit(link, "reason=the+shop+breaks").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(errors.take(), "");
}

#[tokio::test]
async fn a_link_of_a_retirement_that_this_log_does_not_have_is_not_one_of_ours() {
    let world = World::over(|inner| inner).await;
    let elsewhere = RetirementId::parse("elsewhere").unwrap();
    let link = world.links_of(&elsewhere).acknowledge;
    let (status, html) = world.submit(&link, "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(html.contains("not one of ours"), "{html}");
    assert!(!html.contains("again") && !html.contains("<form"), "{html}");
}

#[tokio::test]
async fn the_page_of_a_step_says_that_it_can_not_be_taken_back() {
    let world = World::over(|inner| inner).await;
    let step = "delete-credentials".parse().unwrap();
    for (step, said) in [(Some(step), true), (None, false)] {
        let (status, html) = world.open(&world.approval(step)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(html.contains("can not be taken back"), said, "{html}");
    }
}
