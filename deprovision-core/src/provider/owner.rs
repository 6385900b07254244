//! Finding out who to talk to.

use async_trait::async_trait;

use crate::catalog::Contact;
use crate::id::{ApiId, CallerId};
use crate::observation::Observation;
use crate::provider::ProviderError;

/// Maps callers and APIs to people.
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
}
