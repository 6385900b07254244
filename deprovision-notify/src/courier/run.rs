//! Sending letters until told to stop.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use deprovision_core::time::Timestamp;

use super::error::CourierError;
use super::port::Courier;

impl Courier {
    /// Sends letters as they fall due until `shutdown` is done. Then letters that are
    /// under way are waited for, and what came of them is recorded.
    ///
    /// # Errors
    /// [`CourierError::Store`] when the queue fails: open the courier again.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), CourierError> {
        let (mut shutdown, stop) = (pin!(shutdown), AtomicBool::new(false));
        loop {
            {
                let mut round = pin!(self.deliver(&stop));
                tokio::select! {
                    biased;
                    () = &mut shutdown => {
                        stop.store(true, Ordering::Release);
                        return round.await.map(drop);
                    }
                    done = &mut round => drop(done?),
                }
            }
            let next = self.next_moment().await?;
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = self.woken.notified() => {}
                () = self.sleep_until(next) => {}
            }
        }
    }

    async fn next_moment(&self) -> Result<Option<Timestamp>, CourierError> {
        let next = self.store.change(|tables| tables.next_moment()).await;
        next.map_err(|fault| fault.while_doing("looking for what is due next"))
    }

    async fn sleep_until(&self, next: Option<Timestamp>) {
        match next {
            Some(next) => self.clock.sleep_until(next).await,
            None => std::future::pending().await,
        }
    }
}
