//! What was called before anybody thought of retiring it: real requests, under a clock
//! that is moved.

use std::net::SocketAddr;
use std::sync::Arc;

use deprovision_core::time::{Clock as _, ManualClock, Period, Timestamp};
use deprovision_examples::shop::{Callers, Keys, orders, routes};
use deprovision_examples::{Files, Problem};
use deprovision_http::{AccessLog, Gateway};
use deprovision_local::KeyFile;
use tokio::net::TcpListener;

/// How often each program calls: the log is never silent for longer.
pub(crate) const EVERY: Period = Period::hours(6);

/// How much there is of it.
const HISTORY: Period = Period::days(60);

/// Whether it is there.
const MADE: &str = "history";

/// Makes it, unless it was made before: the access log up to `end`.
pub(crate) async fn make(
    files: &Files,
    keys: &KeyFile,
    held: &Keys,
    end: Timestamp,
) -> Result<(), Problem> {
    if files.read(MADE)?.is_some() {
        return Ok(());
    }
    // Half of it, of a process that was ended, is none.
    files.write("access.log", "")?;
    let clock = Arc::new(ManualClock::starting_at(HISTORY.before(end)));
    let gateway = Gateway::open(files.path("gateway.json"), clock.clone(), routes()?)?;
    let log = AccessLog::append_to(files.path("access.log"))?;
    let service = orders(
        keys.clone(),
        files.path("data"),
        gateway,
        log,
        clock.clone(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let callers = Callers::of(format!("http://{}", listener.local_addr()?));
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    while clock.now() < end {
        clock.advance_to(EVERY.after(clock.now()).min(end));
        callers.get("/v1/orders", Some(&held.billing)).await?;
        callers.get("/v1/orders/1001", Some(&held.reports)).await?;
        callers.get("/v2/orders", Some(&held.billing_v2)).await?;
    }
    serving.abort();
    files.write(MADE, "made\n")?;
    Ok(())
}
