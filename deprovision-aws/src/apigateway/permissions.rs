//! The IAM policies that the tasks of an API take.

use deprovision_core::provider::ProviderError;
use deprovision_core::resource::AccessPathId;

use super::api::Api;
use super::client::ApiGateway;
#[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
use super::client::not_served;
#[cfg(feature = "apigatewayv2")]
use super::http::HttpApis;
#[cfg(feature = "apigateway")]
use super::rest::RestApis;
use crate::policy::NeededPolicy;

impl ApiGateway {
    /// The IAM policy that observing the path takes.
    ///
    /// # Errors
    /// `Invalid` when the reference is not of this scope, `Unsupported` when it is
    /// of a kind without a client. The same for all of these.
    pub fn permissions_to_observe(&self, id: &AccessPathId) -> Result<NeededPolicy, ProviderError> {
        match Api::of(&self.scope, "apigateway:permissions", id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => Ok(RestApis::to_observe(&self.scope, &api)),
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => Ok(HttpApis::to_observe(&self.scope, &api)),
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => Err(not_served("apigateway:permissions", &other)),
        }
    }

    /// The IAM policy that setting the path takes.
    ///
    /// # Errors
    /// As [`ApiGateway::permissions_to_observe`].
    pub fn permissions_to_set(&self, id: &AccessPathId) -> Result<NeededPolicy, ProviderError> {
        match Api::of(&self.scope, "apigateway:permissions", id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => Ok(RestApis::to_set(&self.scope, &api)),
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => Ok(HttpApis::to_set(&self.scope, &api)),
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => Err(not_served("apigateway:permissions", &other)),
        }
    }

    /// The IAM policy that listing the path's faces takes.
    ///
    /// # Errors
    /// As [`ApiGateway::permissions_to_observe`].
    pub fn permissions_for_faces(&self, id: &AccessPathId) -> Result<NeededPolicy, ProviderError> {
        match Api::of(&self.scope, "apigateway:permissions", id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => {
                let needed = RestApis::for_faces(&self.scope, &api);
                #[cfg(feature = "apigatewayv2")]
                let needed = match &self.http {
                    Some(_) => needed.and(HttpApis::for_mappings(&self.scope)),
                    None => needed,
                };
                Ok(needed)
            }
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => Ok(HttpApis::for_faces(&self.scope, &api)),
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => Err(not_served("apigateway:permissions", &other)),
        }
    }

    /// The IAM policy that deleting the path takes.
    ///
    /// # Errors
    /// As [`ApiGateway::permissions_to_observe`].
    pub fn permissions_to_delete(&self, id: &AccessPathId) -> Result<NeededPolicy, ProviderError> {
        let needed = self.permissions_to_observe(id)?;
        let needed = needed.and(self.permissions_for_faces(id)?);
        match Api::of(&self.scope, "apigateway:permissions", id)? {
            #[cfg(feature = "apigateway")]
            Api::Rest(api) => Ok(needed.and(RestApis::to_delete(&self.scope, &api))),
            #[cfg(feature = "apigatewayv2")]
            Api::Http(api) => Ok(needed.and(HttpApis::to_delete(&self.scope, &api))),
            #[cfg(not(all(feature = "apigateway", feature = "apigatewayv2")))]
            other => Err(not_served("apigateway:permissions", &other)),
        }
    }
}
