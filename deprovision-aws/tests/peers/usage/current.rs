//! A source over an account that is a new one for each set of records.

use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ProviderError, UsageSource};
use deprovision_core::time::{ManualClock, Period, Window};
use deprovision_core::usage::UsageEvidence;

/// The source as it is now.
pub(super) struct Current<S> {
    pub(super) clock: Arc<ManualClock>,
    name: String,
    source: RwLock<Arc<S>>,
}

impl<S: UsageSource> Current<S> {
    pub(super) fn new(clock: Arc<ManualClock>, source: S) -> Self {
        Self {
            clock,
            name: source.name().to_owned(),
            source: RwLock::new(Arc::new(source)),
        }
    }

    pub(super) fn replace(&self, source: S) {
        *self.source.write().unwrap() = Arc::new(source);
    }
}

#[async_trait]
impl<S: UsageSource> UsageSource for Current<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn lag(&self) -> Period {
        self.source.read().unwrap().lag()
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let source = self.source.read().unwrap().clone();
        source.usage(api, window).await
    }
}
