//! Presses that can not be recorded, and people who can not be told.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deprovision_core::id::{PersonId, RetirementId, WorkerId};
use deprovision_core::journal::{
    AppendError, Authority, Entry, Journal, JournalError, Lease, LeaseError, StreamInfo, Version,
};
use deprovision_core::time::{Period, Timestamp};
use deprovision_notify::{Interactivity, SlackPeople, TellError};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, client};
use crate::press_world::{World, people, said};

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
        *metadata.level() <= Level::ERROR && metadata.target().starts_with("deprovision_notify")
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
async fn what_could_not_be_written_down_is_told_the_operator_and_may_be_pressed_again() {
    let broken = Arc::new(AtomicBool::new(false));
    let now = broken.clone();
    let failing = |inner| Arc::new(Failing { inner, now }) as Arc<dyn Journal>;
    let world = World::over(Some(Arc::new(people)), failing).await;
    let button = world.buttons(Interactivity::Buttons).await.remove(0);
    let body = world.pressed(&button);
    let errors = Errors::default();
    let _guard = tracing::subscriber::set_default(errors.clone());
    broken.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        // Not even the very same request is taken for a replay.
        let reply = world.take(&body).await;
        assert_eq!(reply.status, 503);
        assert!(said(&reply).contains("press again later"), "{reply:?}");
        assert!(!reply.pressed.unwrap().recorded);
        let logged = errors.take();
        for wanted in [
            "could not be recorded",
            "orders-v1",
            "no space left on device",
        ] {
            assert!(logged.contains(wanted), "{wanted} {logged}");
        }
        let ticket = button["value"].as_str().unwrap();
        assert!(
            !logged.contains(ticket) && !logged.contains("/actions/"),
            "{logged}"
        );
    }
    broken.store(false, Ordering::Relaxed);
    assert!(world.take(&body).await.pressed.unwrap().recorded);
    assert_eq!(errors.take(), "");
}

#[tokio::test]
async fn who_could_not_be_looked_up_may_press_again_and_the_operator_knows_why() {
    struct Down;
    #[async_trait]
    impl SlackPeople for Down {
        async fn person(
            &self,
            _: Option<&str>,
            _: &str,
        ) -> Result<Option<PersonId>, Box<dyn std::error::Error + Send + Sync>> {
            Err("the directory is down".into())
        }
    }
    let world = World::with(Some(Arc::new(Down))).await;
    let button = world.buttons(Interactivity::Buttons).await.remove(0);
    let before = world.status().await.version;
    let errors = Errors::default();
    let _guard = tracing::subscriber::set_default(errors.clone());
    let reply = world.take(&world.pressed(&button)).await;
    assert_eq!(reply.status, 503);
    assert!(said(&reply).contains("press again later"), "{reply:?}");
    assert_eq!(world.status().await.version, before);
    let logged = errors.take();
    assert!(logged.contains("the directory is down"), "{logged}");
}

#[tokio::test]
async fn that_slack_refused_to_tell_is_no_success() {
    for (status, body, code) in [
        (404, r#"{"ok":false,"error":"used_url"}"#, "used_url"),
        (
            200,
            r#"{"ok":false,"error":"invalid_blocks"}"#,
            "invalid_blocks",
        ),
        (500, "<html>t0k3n</html>", "no reason given"),
        (
            404,
            r#"{"ok":false,"error":"T0K3N in it"}"#,
            "no reason given",
        ),
        (302, "", "no reason given"),
    ] {
        let mut world = World::new().await;
        let button = world.buttons(Interactivity::Buttons).await.remove(0);
        world.server = Server::tls(&[HOST], Manner::answer(status, "", body)).await;
        let reply = world.take(&world.pressed(&button)).await;
        let error = reply.tell(&client(&world.server), LONG).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        let TellError::Refused {
            status: was,
            code: said,
        } = error
        else {
            panic!("{shown}")
        };
        assert_eq!((was.as_u16(), said.as_str()), (status, code), "{shown}");
        assert!(!shown.to_lowercase().contains("t0k3n") && !shown.contains("/actions/"));
    }
    for body in ["ok", "", r#"{"ok":true}"#] {
        let mut world = World::new().await;
        let button = world.buttons(Interactivity::Buttons).await.remove(0);
        world.server = Server::tls(&[HOST], Manner::answer(200, "", body)).await;
        let reply = world.take(&world.pressed(&button)).await;
        reply.tell(&client(&world.server), LONG).await.unwrap();
    }
}
