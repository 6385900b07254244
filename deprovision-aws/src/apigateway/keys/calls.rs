//! The calls that API keys and usage plans take, and the policies that allow them.

use super::ApiGatewayKeys;
use crate::call::Call;
use crate::policy::NeededPolicy;

pub(super) const GET_KEY: Call = Call::of("apigateway:GetApiKey", &["apigateway:GET"]);
pub(super) const GET_KEYS: Call = Call::of("apigateway:GetApiKeys", &["apigateway:GET"]);
pub(super) const UPDATE_KEY: Call = Call::of("apigateway:UpdateApiKey", &["apigateway:PATCH"]);
pub(super) const DELETE_KEY: Call = Call::of("apigateway:DeleteApiKey", &["apigateway:DELETE"]);
pub(super) const GET_PLANS: Call = Call::of("apigateway:GetUsagePlans", &["apigateway:GET"]);
pub(super) const GET_PLAN: Call = Call::of("apigateway:GetUsagePlan", &["apigateway:GET"]);
pub(super) const UPDATE_PLAN: Call = Call::of("apigateway:UpdateUsagePlan", &["apigateway:PATCH"]);
pub(super) const GET_API: Call = Call::of("apigateway:GetRestApi", &["apigateway:GET"]);

/// The policies for each task
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>).
impl ApiGatewayKeys {
    /// What it takes to find and read keys and grants.
    #[must_use]
    pub fn permissions_to_observe(&self) -> NeededPolicy {
        let apis = self.rest_apis.values().flatten();
        NeededPolicy::allowing([
            (vec![GET_KEYS], vec![self.arn("/apikeys")]),
            (vec![GET_KEY], vec![self.arn("/apikeys/*")]),
            (vec![GET_PLANS], vec![self.arn("/usageplans")]),
            (vec![GET_PLAN], vec![self.arn("/usageplans/*")]),
            (
                vec![GET_API],
                apis.map(|id| self.arn(&format!("/restapis/{id}")))
                    .collect(),
            ),
        ])
    }

    /// What it takes to disable and restore keys: their plans are read first.
    #[must_use]
    pub fn permissions_to_disable(&self) -> NeededPolicy {
        NeededPolicy::allowing([
            (vec![GET_PLANS], vec![self.arn("/usageplans")]),
            (vec![UPDATE_KEY], vec![self.arn("/apikeys/*")]),
        ])
    }

    /// What it takes to delete keys: they and their plans are read first.
    #[must_use]
    pub fn permissions_to_delete(&self) -> NeededPolicy {
        self.permissions_to_observe().and(NeededPolicy::allowing([(
            vec![DELETE_KEY],
            vec![self.arn("/apikeys/*")],
        )]))
    }

    /// What it takes to remove grants and put them back.
    #[must_use]
    pub fn permissions_to_remove_grants(&self) -> NeededPolicy {
        NeededPolicy::allowing([(vec![GET_PLAN, UPDATE_PLAN], vec![self.arn("/usageplans/*")])])
    }

    /// The ARNs of API Gateway name no account.
    fn arn(&self, path: &str) -> String {
        let (partition, region) = (self.scope.partition(), self.scope.region());
        format!("arn:{partition}:apigateway:{region}::{path}")
    }
}
