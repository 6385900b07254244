//! Finding out who to talk to.

use async_trait::async_trait;

use crate::catalog::{Api, Contact, Directory};
use crate::id::{ApiId, CallerId};
use crate::observation::Observation;
use crate::provider::ProviderError;
use crate::time::Timestamp;

/// Maps callers and APIs to people.
///
/// # Behaviour
/// - Who is not known is nobody: an empty list, complete.
/// - Who is known and can not be reached is a gap: a partial list that says who. The plan
///   shows it.
/// - Asking changes nothing.
///
/// The suite `conformance::owner` holds a resolver to it.
#[async_trait]
pub trait OwnerResolver: Send + Sync {
    /// Who answers for the API; an empty list when nobody does. Never a default mailbox.
    async fn owners(&self, api: &ApiId) -> Result<Observation<Vec<Contact>>, ProviderError>;

    /// Who is behind a caller; an empty list when that is not known.
    async fn consumer(
        &self,
        api: &ApiId,
        caller: &CallerId,
    ) -> Result<Observation<Vec<Contact>>, ProviderError>;

    /// Who depends on the API though no log shows it: those whose code names it. An empty
    /// list when there is nobody, or the resolver does not look there.
    async fn dependents(&self, _api: &Api) -> Result<Observation<Vec<Contact>>, ProviderError> {
        Ok(Observation::complete(Vec::new(), Timestamp::now()))
    }
}

#[async_trait]
impl OwnerResolver for Directory {
    async fn owners(&self, _api: &ApiId) -> Result<Observation<Vec<Contact>>, ProviderError> {
        Ok(Observation::complete(Vec::new(), Timestamp::now()))
    }

    async fn consumer(
        &self,
        _api: &ApiId,
        caller: &CallerId,
    ) -> Result<Observation<Vec<Contact>>, ProviderError> {
        let behind = self.behind(caller).cloned().into_iter().collect();
        Ok(Observation::complete(behind, Timestamp::now()))
    }
}
