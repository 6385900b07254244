//! Clients that get the answers they are told to.

use aws_sdk_apigateway::config::http::HttpResponse;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode};
use aws_smithy_types::body::SdkBody;
use deprovision_aws::{ApiGateway, Scope};
use deprovision_core::conformance::Permits;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, Outcome, PathState, ProviderError,
};
use deprovision_core::resource::AccessPathId;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-west-1";

pub(crate) fn interceptor(rules: &[&Rule]) -> MockResponseInterceptor {
    rules
        .iter()
        .fold(MockResponseInterceptor::new(), |all, rule| {
            all.with_rule(rule)
        })
        .rule_mode(RuleMode::MatchAny)
}

/// A configuration of either SDK.
#[macro_export]
macro_rules! mocked {
    ($sdk:ident, $rules:expr) => {{
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("eu-west-1"))
            .credentials_provider($sdk::config::Credentials::new(
                "k", "s", None, None, "tests",
            ))
            .http_client(aws_smithy_mocks::create_mock_http_client())
            .interceptor($crate::apigateway::world::interceptor($rules))
            .build();
        $sdk::Client::from_conf(config)
    }};
}

pub(crate) fn answer(
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &str,
) -> HttpResponse {
    let mut response = HttpResponse::new(
        status.try_into().expect("a status"),
        SdkBody::from(body.to_owned()),
    );
    for (name, value) in headers {
        response.headers_mut().insert(*name, *value);
    }
    response
}

/// An error of AWS.
pub(crate) fn refusal(status: u16, code: &'static str) -> HttpResponse {
    let headers = [("x-amzn-errortype", code), ("retry-after", "7")];
    answer(status, &headers, r#"{"message":"secret of the request"}"#)
}

pub(crate) fn gateway(permits: &Permits) -> ApiGateway {
    let scope = Scope::new(ACCOUNT, REGION).unwrap();
    ApiGateway::new(scope, permits.clock().clone())
}

pub(crate) fn id(name: &str) -> AccessPathId {
    format!("aws-apigateway:{ACCOUNT}:{REGION}:{name}")
        .parse()
        .unwrap()
}

pub(crate) async fn look(
    gateway: &ApiGateway,
    name: &str,
) -> Result<Observation<PathState>, ProviderError> {
    gateway.path(&id(name)).await
}

pub(crate) async fn set(
    gateway: &ApiGateway,
    permits: &Permits,
    name: &str,
    state: &PathState,
) -> Result<Outcome, ProviderError> {
    let permit = permits.permit().await.unwrap();
    gateway.set(&id(name), state, &permit).await
}
