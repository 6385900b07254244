//! API keys and usage plans over answers that no server at hand gives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_apigateway::operation::get_api_keys::GetApiKeysOutput;
use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::operation::get_usage_plan::GetUsagePlanOutput;
use aws_sdk_apigateway::operation::get_usage_plans::GetUsagePlansOutput;
use aws_sdk_apigateway::operation::update_usage_plan::UpdateUsagePlanOutput;
use aws_sdk_apigateway::types::{ApiKey, ApiStage, ThrottleSettings, UsagePlan};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, mock};
use deprovision_aws::{ApiGatewayKeys, Scope};
use deprovision_core::conformance::{Permits, done, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialObserver as _, GrantObserver as _, GrantState, PermissionAuditor as _,
};
use deprovision_core::resource::GrantId;

fn keys(rules: &[&Rule]) -> ApiGatewayKeys {
    let mut interceptor = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny);
    for rule in rules {
        interceptor = interceptor.with_rule(rule);
    }
    let config = aws_sdk_apigateway::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "tests"))
        .http_client(aws_smithy_mocks::create_mock_http_client())
        .interceptor(interceptor)
        .build();
    let scope = Scope::new("123456789012", "us-east-1").unwrap();
    ApiGatewayKeys::new(&Client::from_conf(config), scope)
        .rest_api(&orders(), "api1")
        .unwrap()
}

fn orders() -> ApiId {
    ApiId::parse("orders-v1").unwrap()
}

fn plan(id: &str, rest_api: &str) -> UsagePlan {
    let stage = ApiStage::builder().api_id(rest_api).stage("prod").build();
    UsagePlan::builder().id(id).api_stages(stage).build()
}

#[tokio::test]
async fn every_page_of_keys_and_of_plans_is_read_and_no_value_is_asked_for() {
    let plans = mock!(Client::get_usage_plans)
        .match_requests(|request| request.position().is_none())
        .then_output(|| {
            let page = GetUsagePlansOutput::builder().position("p2");
            page.items(plan("other", "api9")).build()
        });
    let more_plans = mock!(Client::get_usage_plans)
        .match_requests(|request| request.position() == Some("p2") && request.key_id() != Some("b"))
        .then_output(|| {
            let page = GetUsagePlansOutput::builder();
            page.items(plan("other", "api9"))
                .items(plan("ours", "api1"))
                .build()
        });
    let of_b = mock!(Client::get_usage_plans)
        .match_requests(|request| request.key_id() == Some("b"))
        .then_output(|| {
            GetUsagePlansOutput::builder()
                .items(plan("ours", "api1"))
                .build()
        });
    let first = mock!(Client::get_api_keys)
        .match_requests(|r| r.position().is_none() && r.include_values() == Some(false))
        .then_output(|| {
            let page = GetApiKeysOutput::builder().position("k2");
            page.items(ApiKey::builder().id("a").build()).build()
        });
    let second = mock!(Client::get_api_keys)
        .match_requests(|r| r.position() == Some("k2") && r.include_values() == Some(false))
        .then_output(|| {
            let page = GetApiKeysOutput::builder();
            page.items(ApiKey::builder().id("b").build()).build()
        });
    let adapter = keys(&[&of_b, &plans, &more_plans, &first, &second]);
    let listed = adapter
        .credentials(&adapter.issuer_id().unwrap(), &orders())
        .await;
    // The key `a` is in a plan of another API too, which only its second page tells.
    assert_eq!(
        known(listed.unwrap()).unwrap(),
        [adapter.key_id("b").unwrap()]
    );
    let adapter = keys(&[&plans, &more_plans]);
    let granted = adapter
        .grants(&adapter.issuer_id().unwrap(), &orders())
        .await;
    assert_eq!(known(granted.unwrap()).unwrap().naming.len(), 1);
}

#[tokio::test]
async fn i_9_an_empty_list_is_complete_only_when_a_bound_api_is_seen() {
    let none =
        mock!(Client::get_usage_plans).then_output(|| GetUsagePlansOutput::builder().build());
    let there = mock!(Client::get_rest_api).then_output(|| GetRestApiOutput::builder().build());
    let gone = mock!(Client::get_rest_api).then_error(|| {
        aws_sdk_apigateway::operation::get_rest_api::GetRestApiError::NotFoundException(
            aws_sdk_apigateway::types::error::NotFoundException::builder()
                .meta(
                    aws_sdk_apigateway::error::ErrorMetadata::builder()
                        .code("NotFoundException")
                        .build(),
                )
                .build(),
        )
    });
    let seen = keys(&[&none, &there]);
    let issuer = seen.issuer_id().unwrap();
    let listed = seen.credentials(&issuer, &orders()).await.unwrap();
    assert_eq!(listed.known_completely().map(Vec::len), Some(0));
    let unseen = keys(&[&none, &gone]);
    let listed = unseen.credentials(&issuer, &orders()).await.unwrap();
    assert!(listed.doubt().is_some(), "{listed:?}");
    let granted = unseen.grants(&issuer, &orders()).await.unwrap();
    assert!(granted.doubt().is_some(), "{granted:?}");
}

#[tokio::test]
async fn a_grant_is_put_back_with_the_limits_that_it_had() {
    let there = Arc::new(Mutex::new(true));
    let stage = there.clone();
    let look = mock!(Client::get_usage_plan).then_compute_output(move |_| {
        let limit = ThrottleSettings::builder()
            .rate_limit(1.5)
            .burst_limit(3)
            .build();
        let throttle = HashMap::from([("/orders/{id}/GET".to_owned(), limit)]);
        let stage = stage.lock().unwrap().then(|| {
            vec![
                ApiStage::builder()
                    .api_id("api1")
                    .stage("prod")
                    .set_throttle(Some(throttle))
                    .build(),
            ]
        });
        GetUsagePlanOutput::builder()
            .id("p")
            .set_api_stages(stage)
            .build()
    });
    let patches = Arc::new(Mutex::new(Vec::new()));
    let noted = patches.clone();
    let update = mock!(Client::update_usage_plan)
        .match_requests(move |request| {
            let patches = request.patch_operations().iter().map(|patch| {
                let value = patch.value().unwrap_or_default();
                let op = patch.op().unwrap().as_str();
                format!("{op} {} {value}", patch.path().unwrap())
            });
            *noted.lock().unwrap() = patches.collect();
            true
        })
        .then_output(|| UpdateUsagePlanOutput::builder().build());
    let keys = keys(&[&look, &update]);
    let id: GrantId = "aws-apigateway:123456789012:us-east-1:plan/p/api1:prod"
        .parse()
        .unwrap();
    let GrantState::Present { document, .. } = known(keys.grant(&id).await.unwrap()).unwrap()
    else {
        panic!("it is there");
    };
    let permit = Permits::new().permit().await.unwrap();
    done(keys.put_back(&id, &document, &permit).await.unwrap()).unwrap();
    assert_eq!(update.num_calls(), 0, "what is there is left");
    *there.lock().unwrap() = false;
    done(keys.put_back(&id, &document, &permit).await.unwrap()).unwrap();
    assert_eq!(
        *patches.lock().unwrap(),
        [
            "add /apiStages api1:prod",
            "replace /apiStages/api1:prod/throttle/~1orders~1{id}/GET/rateLimit 1.5",
            "replace /apiStages/api1:prod/throttle/~1orders~1{id}/GET/burstLimit 3",
        ]
    );
    let mut another = document.clone();
    another["plan"] = "q".into();
    assert!(keys.put_back(&id, &another, &permit).await.is_err());
}
