//! Every call to API Gateway version 2, and what it needs.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html>

use super::set::HttpApis;
use crate::call::Call;
use crate::policy::NeededPolicy;
use crate::scope::Scope;

pub(super) const GET_API: Call = Call::of("apigatewayv2:GetApi", &["apigateway:GET"]);
pub(super) const GET_STAGES: Call = Call::of("apigatewayv2:GetStages", &["apigateway:GET"]);
pub(super) const GET_ROUTES: Call = Call::of("apigatewayv2:GetRoutes", &["apigateway:GET"]);
pub(super) const GET_INTEGRATIONS: Call =
    Call::of("apigatewayv2:GetIntegrations", &["apigateway:GET"]);
pub(super) const GET_DOMAIN_NAMES: Call =
    Call::of("apigatewayv2:GetDomainNames", &["apigateway:GET"]);
pub(super) const GET_API_MAPPINGS: Call =
    Call::of("apigatewayv2:GetApiMappings", &["apigateway:GET"]);
pub(super) const CREATE_INTEGRATION: Call =
    Call::of("apigatewayv2:CreateIntegration", &["apigateway:POST"]);
pub(super) const DELETE_INTEGRATION: Call =
    Call::of("apigatewayv2:DeleteIntegration", &["apigateway:DELETE"]);
pub(super) const CREATE_ROUTE: Call = Call::of("apigatewayv2:CreateRoute", &["apigateway:POST"]);
pub(super) const UPDATE_ROUTE: Call = Call::of("apigatewayv2:UpdateRoute", &["apigateway:PATCH"]);
pub(super) const DELETE_ROUTE: Call = Call::of("apigatewayv2:DeleteRoute", &["apigateway:DELETE"]);
pub(super) const UPDATE_API: Call = Call::of("apigatewayv2:UpdateApi", &["apigateway:PATCH"]);
pub(super) const DELETE_CORS: Call = Call::of(
    "apigatewayv2:DeleteCorsConfiguration",
    &["apigateway:DELETE"],
);
pub(super) const DELETE_API: Call = Call::of("apigatewayv2:DeleteApi", &["apigateway:DELETE"]);

impl HttpApis {
    pub(in crate::apigateway) fn to_observe(scope: &Scope, api: &str) -> NeededPolicy {
        let paths = [
            (GET_API, ""),
            (GET_STAGES, "/stages"),
            (GET_ROUTES, "/routes"),
            (GET_INTEGRATIONS, "/integrations"),
        ];
        below(scope, &format!("/apis/{api}"), &paths)
    }

    pub(in crate::apigateway) fn to_set(scope: &Scope, api: &str) -> NeededPolicy {
        let paths = [
            (CREATE_INTEGRATION, "/integrations"),
            (DELETE_INTEGRATION, "/integrations/*"),
            (CREATE_ROUTE, "/routes"),
            (UPDATE_ROUTE, "/routes/*"),
            (DELETE_ROUTE, "/routes/*"),
            (UPDATE_API, ""),
            (DELETE_CORS, "/cors"),
        ];
        Self::to_observe(scope, api).and(below(scope, &format!("/apis/{api}"), &paths))
    }

    pub(in crate::apigateway) fn for_faces(scope: &Scope, api: &str) -> NeededPolicy {
        Self::to_observe(scope, api).and(Self::for_mappings(scope))
    }

    pub(in crate::apigateway) fn for_mappings(scope: &Scope) -> NeededPolicy {
        let paths = [
            (GET_DOMAIN_NAMES, "/domainnames"),
            (GET_API_MAPPINGS, "/domainnames/*/apimappings"),
        ];
        below(scope, "", &paths)
    }

    /// Beside observing and the faces.
    pub(in crate::apigateway) fn to_delete(scope: &Scope, api: &str) -> NeededPolicy {
        below(scope, &format!("/apis/{api}"), &[(DELETE_API, "")])
    }
}

fn below(scope: &Scope, prefix: &str, paths: &[(Call, &str)]) -> NeededPolicy {
    let (partition, region) = (scope.partition(), scope.region());
    let arn = |path: &str| format!("arn:{partition}:apigateway:{region}::{prefix}{path}");
    let groups = paths
        .iter()
        .map(|(call, path)| (vec![*call], vec![arn(path)]));
    NeededPolicy::allowing(groups)
}
