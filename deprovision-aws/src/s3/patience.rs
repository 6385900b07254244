//! Requests that may be sent again without harm, in an archiving that sends thousands.

use std::future::Future;
use std::time::Duration;

use deprovision_core::provider::{ErrorKind, ProviderError};

/// How often one request is sent at most, and the first pause. An archive of many
/// objects meets a few 503s on its way, and the engine would begin it anew for each.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Sends until it works, until an error comes that will come again, or until the
/// attempts are used up.
pub(crate) async fn patiently<T, F>(mut send: impl FnMut() -> F) -> Result<T, ProviderError>
where
    F: Future<Output = Result<T, ProviderError>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match send().await {
            Err(error) if passes(error.kind()) => {
                tracing::debug!(%error, "sent again");
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(4);
            }
            other => return other,
        }
    }
    send().await
}

fn passes(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Throttled { .. } | ErrorKind::Transient => true,
        ErrorKind::Conflict
        | ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Unsupported => false,
    }
}
