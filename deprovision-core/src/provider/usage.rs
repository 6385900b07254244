//! Reading usage.

use async_trait::async_trait;

use crate::catalog::Api;
use crate::observation::Observation;
use crate::provider::ProviderError;
use crate::time::{Period, Window};
use crate::usage::UsageEvidence;

/// A source of usage: an access log, a metric, a table.
///
/// # Behaviour
/// What every implementation keeps:
/// - A gap in the records inside the window makes the answer partial or unknown, never zero.
/// - The watermark is the newest moment up to which the records are known to be
///   complete, not the time of the newest request.
/// - Calls that were refused count.
/// - Only calls of that API in that window count, from its first instant on; the
///   newest call before it is still told as last seen.
/// - Every caller in the window is told, once, with exact counts, the busiest first;
///   a source that can not tell callers, as a metric, is partial where somebody called.
/// - A source that knows the newest call of each caller alone, as the last use of a key,
///   tells one call of each, and is partial where somebody called in the window or after
///   it, and where it knows nothing of a caller any more.
/// - A source that knows times only roughly tells a last call late rather than early.
/// - What was seen is told also beside a gap.
///
/// The suite `conformance::usage` holds each of them.
#[async_trait]
pub trait UsageSource: Send + Sync {
    /// The source's name, as catalogs and logs give it.
    fn name(&self) -> &str;

    /// How far the source's records usually lie behind.
    fn lag(&self) -> Period;

    /// What was called in the window.
    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError>;
}
