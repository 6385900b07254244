//! Notes which operations a client really sends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// An interceptor that counts operations by `service:operation`. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder {
    sent: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Recorder {
    /// What was sent since the last time, and how often.
    pub(crate) fn take(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "recorder of the tests"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let of = bag
            .load::<Metadata>()
            .expect("every operation has its name");
        let name = format!("{}:{}", of.service(), of.name());
        *self.sent.lock().unwrap().entry(name).or_default() += 1;
        Ok(())
    }
}
