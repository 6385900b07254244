//! What tests put into a client: notes of what it really sends, and a cut line.

use std::collections::{BTreeMap, BTreeSet};
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

/// Counts every request by its operation, written as `iam:ListUsers`. Clones count
/// together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder {
    sent: Arc<Mutex<BTreeMap<String, u32>>>,
    requests: Arc<Mutex<BTreeSet<(String, String)>>>,
}

impl Recorder {
    /// What was sent since the last time, and how often.
    pub(crate) fn take(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// The methods and paths of what was sent since the last time.
    pub(crate) fn requests(&self) -> BTreeSet<(String, String)> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// Which operations were sent since the last time.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.take().into_keys().collect()
    }

    /// The same without the service, for tests of one service.
    pub(crate) fn operations(&self) -> BTreeSet<String> {
        let names = self.names();
        let operations = names.iter().filter_map(|name| name.split_once(':'));
        operations
            .map(|(_, operation)| operation.to_owned())
            .collect()
    }
}

/// The prefix of the actions of a service, by the name that its SDK has for it.
fn prefix(service: &str) -> String {
    match service {
        "ApiGatewayV2" => "apigateway".to_owned(),
        other => other.replace(' ', "").to_lowercase(),
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let url = request.uri().split('?').next().unwrap_or_default();
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let sent = (request.method().to_owned(), format!("/{path}"));
        self.requests.lock().unwrap().insert(sent);
        let operation = bag
            .load::<Metadata>()
            .ok_or("an operation without a name")?;
        let name = format!("{}:{}", prefix(operation.service()), operation.name());
        *self.sent.lock().unwrap().entry(name).or_default() += 1;
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
