//! Where calls wait for their turn.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deprovision_core::provider::ErrorKind;
use deprovision_core::time::{Period, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::kind::Pace;
use super::pacer::{Pacer, Ready};
use crate::call::Call;
use crate::error::Failed;

/// Where the calls of one adapter wait for their turn, whoever makes them.
///
/// Cheap to clone; the clones share the pace.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pacer: Mutex<Pacer>,
    started: Instant,
    /// Only the first in the line looks at the pacer.
    line: tokio::sync::Mutex<()>,
    answered: Notify,
    at_once: usize,
    tries: u32,
}

/// The turn of one call. It must be told what came of the call.
#[derive(Debug)]
struct Turn<'a> {
    gate: &'a Gate,
    sent: Duration,
    told: bool,
}

impl Gate {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            inner: Arc::new(Inner {
                pacer: Mutex::new(Pacer::new(pace)),
                started: Instant::now(),
                line: tokio::sync::Mutex::new(()),
                answered: Notify::new(),
                at_once: pace.at_once,
                tries: pace.tries,
            }),
        }
    }

    /// How many calls may be under way at once.
    pub(crate) fn at_once(&self) -> usize {
        self.inner.at_once
    }

    /// Makes a call when it is its turn, once.
    pub(crate) async fn once<T, E, F>(&self, call: Call, answer: F) -> Result<T, Failed>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let turn = self.turn().await;
        let answer = answer.await.map_err(|error| Failed::of(call, &error));
        turn.over(answer.as_ref().err().map(Failed::kind));
        answer
    }

    /// Makes a call of bulk work when it is its turn, and again when it is throttled:
    /// the pace is found out by that. Nothing else is tried again.
    pub(crate) async fn in_bulk<T, E, F>(
        &self,
        call: Call,
        send: impl Fn() -> F,
    ) -> Result<T, Failed>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut tries = 1;
        loop {
            let answer = self.once(call, send()).await;
            match &answer {
                Err(failed)
                    if matches!(failed.kind(), ErrorKind::Throttled { .. })
                        && tries < self.inner.tries =>
                {
                    tries += 1;
                }
                Ok(_) | Err(_) => return answer,
            }
        }
    }

    /// Waits for the turn of a call.
    async fn turn(&self) -> Turn<'_> {
        let _first = self.inner.line.lock().await;
        loop {
            // Made before the pacer is asked, so that no answer in between is missed.
            let answered = self.inner.answered.notified();
            let now = self.now();
            let ready = {
                let mut pacer = self.pacer();
                let ready = pacer.ready(now);
                if ready == Ready::Now {
                    pacer.sent(now);
                }
                ready
            };
            match ready {
                Ready::Now => {
                    return Turn {
                        gate: self,
                        sent: now,
                        told: false,
                    };
                }
                Ready::At(at) => tokio::time::sleep_until(self.inner.started + at).await,
                Ready::WhenAnswered => answered.await,
            }
        }
    }

    fn now(&self) -> Duration {
        self.inner.started.elapsed()
    }

    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.inner
            .pacer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Tells the pacer of the answer, by the kind of error that it was, if any.
    fn over(mut self, failed: Option<&ErrorKind>) {
        self.told = true;
        let now = self.gate.now();
        let mut pacer = self.gate.pacer();
        match failed {
            Some(ErrorKind::Throttled { retry_at }) => {
                let wait = retry_at.map(|at| Period::between(Timestamp::now(), at).to_duration());
                pacer.throttled(self.sent, wait, now);
            }
            None
            | Some(
                ErrorKind::Transient
                | ErrorKind::Denied
                | ErrorKind::NotFound
                | ErrorKind::Conflict
                | ErrorKind::Invalid
                | ErrorKind::Unsupported,
            ) => pacer.answered(now),
        }
        drop(pacer);
        self.gate.inner.answered.notify_one();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.gate.pacer().abandoned();
            self.gate.inner.answered.notify_one();
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn narrow() -> Gate {
        Gate::new(Pace::at(1e6, 1000).unwrap().at_once(2).unwrap())
    }

    #[tokio::test]
    async fn no_more_are_under_way_than_the_pace_allows_and_none_is_forgotten() {
        let gate = narrow();
        let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let calls = (0..50).map(|number| {
            let (gate, under_way, most) = (&gate, &under_way, &most);
            async move {
                let turn = gate.turn().await;
                most.fetch_max(
                    under_way.fetch_add(1, Ordering::SeqCst) + 1,
                    Ordering::SeqCst,
                );
                tokio::task::yield_now().await;
                under_way.fetch_sub(1, Ordering::SeqCst);
                let throttled = ErrorKind::Throttled { retry_at: None };
                turn.over((number % 5 == 0).then_some(&throttled));
            }
        });
        let done = stream::iter(calls).buffer_unordered(20).count().await;
        assert_eq!((done, most.into_inner()), (50, 2));
    }

    #[tokio::test]
    async fn who_gives_up_under_way_or_in_the_line_leaves_its_place_to_the_next() {
        let gate = narrow();
        let (first, second) = (gate.turn().await, gate.turn().await);
        assert!(gate.turn().now_or_never().is_none(), "two are under way");
        drop(first);
        let third = gate.turn().await;
        assert!(gate.turn().now_or_never().is_none());
        second.over(None);
        third.over(Some(&ErrorKind::Denied));
        gate.turn().await.over(None);
    }
}
