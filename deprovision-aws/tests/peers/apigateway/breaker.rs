//! A connection that breaks before a write.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// How many writes still pass; `None` lets all of them pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker {
    left: Arc<Mutex<Option<usize>>>,
    broke: Arc<Mutex<bool>>,
}

impl Breaker {
    /// Breaks after so many writes, at once and for good.
    pub(crate) fn after(&self, writes: usize) {
        *self.left.lock().unwrap() = Some(writes);
        *self.broke.lock().unwrap() = false;
    }

    /// Lets everything pass again. Whether it never broke.
    pub(crate) fn mend(&self) -> bool {
        *self.left.lock().unwrap() = None;
        !*self.broke.lock().unwrap()
    }
}

impl Intercept for Breaker {
    fn name(&self) -> &'static str {
        "Breaker"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut left = self.left.lock().unwrap();
        let (Some(writes), false) = (*left, context.request().method() == "GET") else {
            return Ok(());
        };
        match writes.checked_sub(1) {
            Some(fewer) => {
                *left = Some(fewer);
                Ok(())
            }
            None => {
                *self.broke.lock().unwrap() = true;
                Err("the connection broke".into())
            }
        }
    }
}
