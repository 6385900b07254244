//! Deletes REST APIs, which nothing brings back.

use deprovision_core::provider::{Outcome, ProviderError};

use super::calls;
use super::set::RestApis;
use crate::error::Failed;

impl RestApis {
    /// Deletes the API with its stages and deployments. Whether it may be is decided
    /// before this is called.
    pub(in crate::apigateway) async fn dangerously_delete(
        &self,
        api: &str,
    ) -> Result<Outcome, ProviderError> {
        let deleted = self.client.delete_rest_api().rest_api_id(api).send().await;
        match deleted {
            Ok(_) => Ok(Outcome::done(format!("REST API {api} deleted"))),
            Err(error) => Failed::of(calls::DELETE_REST_API, &error).of_write(),
        }
    }
}
