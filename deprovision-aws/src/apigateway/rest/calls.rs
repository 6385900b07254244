//! Every call to API Gateway version 1, and what it needs.
//!
//! The actions are HTTP methods on the paths of the service
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>).

use super::set::RestApis;
use crate::call::Call;
use crate::policy::NeededPolicy;
use crate::scope::Scope;

pub(super) const GET_REST_API: Call = Call::of("apigateway:GetRestApi", &["apigateway:GET"]);
pub(super) const GET_GATEWAY_RESPONSES: Call =
    Call::of("apigateway:GetGatewayResponses", &["apigateway:GET"]);
pub(super) const GET_STAGES: Call = Call::of("apigateway:GetStages", &["apigateway:GET"]);
pub(super) const GET_DEPLOYMENT: Call = Call::of("apigateway:GetDeployment", &["apigateway:GET"]);
pub(super) const GET_DEPLOYMENTS: Call = Call::of("apigateway:GetDeployments", &["apigateway:GET"]);
pub(super) const GET_RESOURCES: Call = Call::of("apigateway:GetResources", &["apigateway:GET"]);
pub(super) const GET_DOMAIN_NAMES: Call =
    Call::of("apigateway:GetDomainNames", &["apigateway:GET"]);
pub(super) const GET_BASE_PATH_MAPPINGS: Call =
    Call::of("apigateway:GetBasePathMappings", &["apigateway:GET"]);
pub(super) const PUT_GATEWAY_RESPONSE: Call =
    Call::of("apigateway:PutGatewayResponse", &["apigateway:PUT"]);
pub(super) const DELETE_GATEWAY_RESPONSE: Call =
    Call::of("apigateway:DeleteGatewayResponse", &["apigateway:DELETE"]);
/// The policy of an API takes an action of its own
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html>).
pub(super) const UPDATE_REST_API: Call = Call::of(
    "apigateway:UpdateRestApi",
    &["apigateway:PATCH", "apigateway:UpdateRestApiPolicy"],
);
pub(super) const UPDATE_METHOD_RESPONSE: Call =
    Call::of("apigateway:UpdateMethodResponse", &["apigateway:PATCH"]);
pub(super) const UPDATE_INTEGRATION_RESPONSE: Call = Call::of(
    "apigateway:UpdateIntegrationResponse",
    &["apigateway:PATCH"],
);
pub(super) const CREATE_DEPLOYMENT: Call =
    Call::of("apigateway:CreateDeployment", &["apigateway:POST"]);
pub(super) const UPDATE_STAGE: Call = Call::of("apigateway:UpdateStage", &["apigateway:PATCH"]);
pub(super) const DELETE_REST_API: Call =
    Call::of("apigateway:DeleteRestApi", &["apigateway:DELETE"]);

/// Calls on one path below the service.
type Needed<'a> = (&'a [Call], &'a str);

/// What observing takes, below the API.
const OBSERVING: [Needed<'_>; 4] = [
    (&[GET_REST_API], ""),
    (&[GET_GATEWAY_RESPONSES], "/gatewayresponses"),
    (&[GET_STAGES], "/stages"),
    (&[GET_DEPLOYMENT], "/deployments/*"),
];

/// What setting takes beside it.
const SETTING: [Needed<'_>; 7] = [
    (&[GET_RESOURCES], "/resources"),
    (&[GET_DEPLOYMENTS, CREATE_DEPLOYMENT], "/deployments"),
    (
        &[PUT_GATEWAY_RESPONSE, DELETE_GATEWAY_RESPONSE],
        "/gatewayresponses/*",
    ),
    (&[UPDATE_REST_API], ""),
    (&[UPDATE_STAGE], "/stages/*"),
    (
        &[UPDATE_METHOD_RESPONSE],
        "/resources/*/methods/*/responses/*",
    ),
    (
        &[UPDATE_INTEGRATION_RESPONSE],
        "/resources/*/methods/*/integration/responses/*",
    ),
];

/// What the faces take, below the service.
const FACES: [Needed<'_>; 2] = [
    (&[GET_DOMAIN_NAMES], "/domainnames"),
    (&[GET_BASE_PATH_MAPPINGS], "/domainnames/*/basepathmappings"),
];

impl RestApis {
    pub(in crate::apigateway) fn to_observe(scope: &Scope, api: &str) -> NeededPolicy {
        below(scope, &format!("/restapis/{api}"), &OBSERVING)
    }

    pub(in crate::apigateway) fn to_set(scope: &Scope, api: &str) -> NeededPolicy {
        Self::to_observe(scope, api).and(below(scope, &format!("/restapis/{api}"), &SETTING))
    }

    /// The whole API is read for its stages.
    pub(in crate::apigateway) fn for_faces(scope: &Scope, api: &str) -> NeededPolicy {
        Self::to_observe(scope, api).and(below(scope, "", &FACES))
    }

    /// Beside observing and the faces.
    pub(in crate::apigateway) fn to_delete(scope: &Scope, api: &str) -> NeededPolicy {
        let deleting: [Needed<'_>; 1] = [(&[DELETE_REST_API], "")];
        below(scope, &format!("/restapis/{api}"), &deleting)
    }
}

fn below(scope: &Scope, prefix: &str, needed: &[Needed<'_>]) -> NeededPolicy {
    let arn = |path: &str| {
        // ARNs of API Gateway name no account.
        let (partition, region) = (scope.partition(), scope.region());
        format!("arn:{partition}:apigateway:{region}::{prefix}{path}")
    };
    NeededPolicy::allowing(
        needed
            .iter()
            .map(|(calls, path)| (calls.to_vec(), vec![arn(path)])),
    )
}

#[cfg(test)]
mod unit {
    use super::*;
    use std::collections::BTreeSet;

    /// `tests/peers/apigateway/rest.rs` sees that these are what is sent; the
    /// deployments are listed only where undeployed changes are refused.
    #[test]
    fn setting_is_allowed_what_it_sends() {
        let declared: BTreeSet<&str> = OBSERVING
            .iter()
            .chain(&SETTING)
            .flat_map(|(calls, _)| calls.iter().map(|call| call.operation))
            .collect();
        let sent = [
            "apigateway:CreateDeployment",
            "apigateway:DeleteGatewayResponse",
            "apigateway:GetDeployment",
            "apigateway:GetDeployments",
            "apigateway:GetGatewayResponses",
            "apigateway:GetResources",
            "apigateway:GetRestApi",
            "apigateway:GetStages",
            "apigateway:PutGatewayResponse",
            "apigateway:UpdateIntegrationResponse",
            "apigateway:UpdateMethodResponse",
            "apigateway:UpdateRestApi",
            "apigateway:UpdateStage",
        ];
        assert_eq!(declared, BTreeSet::from(sent));
    }
}
