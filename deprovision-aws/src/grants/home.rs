//! What all policies have in common, wherever they hang.

use async_trait::async_trait;
use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::ProviderError;
use serde_json::Value;

use crate::grants::writing::{Steps, Stop};
use crate::policy::NeededPolicy;

/// A policy as AWS shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its text.
    pub(crate) text: String,
    /// Who holds what it grants, for a person.
    pub(crate) principal: String,
}

/// What a read of a policy brought back.
#[derive(Debug)]
pub(crate) enum Read {
    /// It is there.
    There(Standing),
    /// It is not there; the same client saw something beside it.
    Gone(PositiveControl),
    /// It is not there, and nothing else was seen.
    Blind(String),
}

/// What is to be done with a policy, for the permissions that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Observe,
    Write,
}

/// A kind of thing on which a policy hangs.
#[async_trait]
pub(crate) trait PolicyHome: Send + Sync + std::fmt::Debug {
    /// Those that come with one and have policies of their own, and itself; most come
    /// alone.
    async fn all_of(&self, name: &str) -> Result<Vec<String>, ProviderError> {
        Ok(vec![name.to_owned()])
    }

    /// The policy of one.
    async fn read(&self, name: &str) -> Result<Read, ProviderError>;

    /// Sets the policy of one, or takes it away.
    async fn write(
        &self,
        name: &str,
        policy: Option<&Value>,
        steps: &mut Steps,
    ) -> Result<(), Stop>;

    /// The permissions that a task on one takes.
    fn needs(&self, task: Task, name: &str) -> NeededPolicy;
}
