//! What tests put into a client: notes of what it really sends, and a cut line.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Notes the operation of every request, as IAM's actions are written.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    service: &'static str,
    sent: Arc<Mutex<BTreeSet<String>>>,
}

impl Recorder {
    /// For a client of that service, by the prefix of its actions.
    pub(crate) fn of(service: &'static str) -> Self {
        Self {
            service,
            sent: Arc::default(),
        }
    }

    /// What was sent since the last time.
    pub(crate) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = bag.load::<Metadata>().map_or("?", |meta| meta.name());
        let sent = format!("{}:{operation}", self.service);
        self.sent.lock().unwrap().insert(sent);
        Ok(())
    }
}

/// Cuts a client off from its server, and joins it again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blinder {
    blind: Arc<AtomicBool>,
}

impl Blinder {
    pub(crate) fn set(&self, blind: bool) {
        self.blind.store(blind, Ordering::Relaxed);
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Blinder {
    fn name(&self) -> &'static str {
        "Blinder"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.blind.load(Ordering::Relaxed) {
            // Nobody listens there.
            context.request_mut().set_uri("http://127.0.0.1:9/")?;
        }
        Ok(())
    }
}
