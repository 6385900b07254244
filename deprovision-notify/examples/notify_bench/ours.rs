//! The whole way of a notice: queued, put into words, sent, and noted as delivered.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deprovision_core::conformance::Permits;
use deprovision_core::provider::{Notifier as _, Outcome};
use deprovision_core::time::{Period, SystemClock};
use deprovision_notify::{Courier, CourierConfig, QuietHours, SmtpChannel};
use tokio::sync::oneshot;

use crate::Failure;
use crate::notice::{notice, writer, written_at};
use crate::server::Server;

/// So many notices the engine hands over side by side.
const HANDED_OVER: usize = 32;

/// When everything was queued, and when it was delivered.
pub(crate) struct Took {
    queued: Duration,
    delivered: Duration,
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queued, delivered } = self;
        write!(
            f,
            "queued after {queued:.2?}, delivered after {delivered:.2?}"
        )
    }
}

/// Hands all notices over while letters go, as beside an engine.
pub(crate) async fn send(server: &Server, people: usize, queue: &Path) -> Result<Took, Failure> {
    let begin = Instant::now();
    let (config, login) = server.config();
    let channel = SmtpChannel::new(config, login, writer()?, written_at()?)?;
    let mut config = CourierConfig::new(queue, "shop");
    // What is measured is not how long a letter waits for more to say, or for a morning.
    (config.digest, config.quiet) = (Period::ZERO, QuietHours::none());
    let clock = Arc::new(SystemClock::new());
    let courier = Arc::new(Courier::open(config, Arc::new(channel), clock).await?);

    let (stop, stopped) = oneshot::channel::<()>();
    let running = courier.clone();
    let run = tokio::spawn(async move { running.run(async { drop(stopped.await) }).await });
    hand_over(&courier, people).await?;
    let queued = begin.elapsed();
    drop(stop);
    run.await??;
    courier.deliver_due().await?;
    let status = courier.status().await?;
    if status.delivered != u64::try_from(people)? {
        return Err(format!("not all were delivered: {status:?}").into());
    }
    Ok(Took {
        queued,
        delivered: begin.elapsed(),
    })
}

async fn hand_over(courier: &Courier, people: usize) -> Result<(), Failure> {
    let permit = Permits::new().permit().await?;
    let numbers: Vec<usize> = (0..people).collect();
    for some in numbers.chunks(HANDED_OVER) {
        let permit = &permit;
        let sends = some.iter().map(|number| async move {
            match courier.send(&notice(*number)?, permit).await? {
                Outcome::Done { .. } => Ok::<(), Failure>(()),
                other => Err(format!("a notice was not queued: {other:?}").into()),
            }
        });
        futures_util::future::try_join_all(sends).await?;
    }
    Ok(())
}
