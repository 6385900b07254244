//! Running: until idle, or until told to stop.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::engine::{Engine, EngineError};
use crate::time::Timestamp;

/// Nothing can be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Idle {
    /// When something can be done again without a person; `None` when only a
    /// person's word changes anything.
    pub next_due: Option<Timestamp>,
}

/// Set once, when the engine is to stop.
#[derive(Debug, Default)]
pub(super) struct Stop(AtomicBool);

impl Engine {
    pub(super) fn stopping(&self) -> bool {
        self.stop.0.load(Ordering::Acquire)
    }

    /// Drives every retirement that is due until nothing can be done now.
    ///
    /// Returns at once what a demo or a test with a clock of its own needs: the
    /// next moment at which something is due.
    ///
    /// # Errors
    /// The first trouble of a retirement, after all others were driven. What had
    /// happened until then is in the log.
    pub async fn run_until_idle(&self) -> Result<Idle, EngineError> {
        loop {
            let results = self.drive_due().await?;
            if results.is_empty() {
                let next_due = self.journal.next_due().await?;
                return Ok(Idle { next_due });
            }
            results.into_iter().collect::<Result<Vec<()>, _>>()?;
        }
    }

    /// Claims what is due and drives it; the results, one a retirement.
    async fn drive_due(&self) -> Result<Vec<Result<(), EngineError>>, EngineError> {
        let limit = self.limits.retirements.max(1);
        let leases = self
            .journal
            .claim_due(&self.worker, self.limits.lease, limit)
            .await?;
        Ok(join_all(leases.into_iter().map(|lease| self.drive(lease))).await)
    }

    /// Drives retirements until `shutdown` is done: claims what is due as soon as
    /// there is room, sleeps until the next moment, wakes when a person speaks. On
    /// shutdown calls that were sent are waited for and reported, and leases are
    /// given back.
    ///
    /// A retirement in trouble does not stop the others: the trouble is traced,
    /// and it is claimed again when its lease has run out.
    ///
    /// # Errors
    /// [`EngineError::Journal`] when the journal can not be reached at all; what is
    /// under way then is finished first.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), EngineError> {
        let result = self.run_until(shutdown).await;
        // Another `run` of the same engine begins anew.
        self.stop.0.store(false, Ordering::Release);
        result
    }

    async fn run_until(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), EngineError> {
        tokio::pin!(shutdown);
        let limit = self.limits.retirements.max(1);
        let mut running = FuturesUnordered::new();
        let mut trouble = None;
        loop {
            let room = limit.saturating_sub(running.len());
            let mut claimed = 0;
            if room > 0 && !self.stopping() {
                let (worker, lease) = (&self.worker, self.limits.lease);
                match self.journal.claim_due(worker, lease, room).await {
                    Ok(leases) => {
                        claimed = leases.len();
                        running.extend(leases.into_iter().map(|lease| self.drive(lease)));
                    }
                    Err(error) => {
                        trouble = Some(error.into());
                        self.stop.0.store(true, Ordering::Release);
                    }
                }
            }
            let stopping = self.stopping();
            if stopping && running.is_empty() {
                return trouble.map_or(Ok(()), Err);
            }
            tokio::select! {
                Some(result) = running.next(), if !running.is_empty() => {
                    if let Err(error) = result {
                        let error = crate::provider::error_chain(&error);
                        tracing::error!(%error, "a retirement is in trouble");
                    }
                }
                () = &mut shutdown, if !stopping => self.stop.0.store(true, Ordering::Release),
                slept = self.sleep(), if !stopping && claimed < room => {
                    if let Err(error) = slept {
                        trouble = Some(error);
                        self.stop.0.store(true, Ordering::Release);
                    }
                }
            }
        }
    }

    /// Until something is due, somebody speaks, or it is time to look what other
    /// processes appended.
    async fn sleep(&self) -> Result<(), EngineError> {
        let due = self.journal.next_due().await?;
        let due = async {
            match due {
                Some(at) => self.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = self.wake.notified() => {}
            () = tokio::time::sleep(self.limits.poll.to_duration()) => {}
        }
        Ok(())
    }
}
