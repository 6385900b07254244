//! Running: until idle, or until told to stop.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;

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

    /// Drives retirements until `shutdown` is done: claims what is due, sleeps
    /// until the next moment, wakes when a person speaks. On shutdown calls that
    /// were sent are waited for and reported, and leases are given back.
    ///
    /// A retirement in trouble does not stop the others: the trouble is traced,
    /// and it is claimed again when its lease has run out.
    ///
    /// # Errors
    /// [`EngineError::Journal`] when the journal can not be reached at all.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), EngineError> {
        let work = async {
            while !self.stopping() {
                let results = self.drive_due().await?;
                let idle = results.is_empty();
                for error in results.into_iter().filter_map(Result::err) {
                    tracing::error!(error = %crate::provider::error_chain(&error), "a retirement is in trouble");
                }
                if idle && !self.stopping() {
                    self.sleep().await?;
                }
            }
            Ok(())
        };
        tokio::pin!(work);
        tokio::select! {
            result = &mut work => return result,
            () = shutdown => {}
        }
        self.stop.0.store(true, Ordering::Release);
        self.wake.notify_one();
        let result = work.await;
        // Another `run` of the same engine begins anew.
        self.stop.0.store(false, Ordering::Release);
        result
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
