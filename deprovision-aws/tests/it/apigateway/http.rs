//! HTTP APIs.

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::operation::create_integration::CreateIntegrationOutput;
use aws_smithy_mocks::{Rule, mock};
use deprovision_aws::GoneBackend;
use deprovision_core::conformance::Permits;
use deprovision_core::provider::{ErrorKind, GoneNotice, Outcome, PathState};
use serde_json::{Value, json};

use super::world::{answer, gateway, look, refusal, set};
use crate::mocked;

fn closed() -> PathState {
    PathState::Closed {
        notice: GoneNotice::new("Orders"),
    }
}

fn backend() -> Option<GoneBackend> {
    Some(GoneBackend::function("arn:aws:lambda:eu-west-1:123456789012:function:gone").unwrap())
}

fn pages(pages: Vec<Value>) -> impl Fn() -> String {
    let asked = std::sync::Mutex::new(pages.into_iter());
    move || asked.lock().unwrap().next().expect("a page").to_string()
}

/// An API with two pages of routes, the second of which is closed.
fn api(protocol: &'static str) -> [Rule; 4] {
    let api = json!({ "apiId": "abc", "name": "orders", "protocolType": protocol });
    let stages = json!({ "items": [{ "stageName": "$default", "autoDeploy": true }] });
    let route = |id: &str, target: &str| json!({ "routeId": id, "routeKey": format!("GET /{id}"), "target": target });
    let routes = pages(vec![
        json!({ "items": [route("r1", "integrations/i1")], "nextToken": "2" }),
        json!({ "items": [route("r2", "integrations/i2")] }),
    ]);
    let before = json!({ "target": "integrations/i1", "authorization": "NONE" });
    let mark = json!({ "state": closed(), "before": before });
    let integrations = pages(vec![
        json!({ "items": [{ "integrationId": "i1" }], "nextToken": "2" }),
        json!({ "items": [{ "integrationId": "i2", "description": format!("deprovision/1 {mark}") }] }),
    ]);
    [
        mock!(Client::get_api).then_http_response(move || answer(200, &[], &api.to_string())),
        mock!(Client::get_stages).then_http_response(move || answer(200, &[], &stages.to_string())),
        mock!(Client::get_routes).then_http_response(move || answer(200, &[], &routes())),
        mock!(Client::get_integrations)
            .then_http_response(move || answer(200, &[], &integrations())),
    ]
}

#[tokio::test]
async fn i_9_every_page_of_routes_and_integrations_is_read() {
    let permits = Permits::new();
    let rules = api("HTTP");
    let rules: Vec<&Rule> = rules.iter().collect();
    let client = mocked!(aws_sdk_apigatewayv2, &rules);
    let gateway = gateway(&permits).with_http_apis(&client, backend());
    let seen = look(&gateway, "http/abc").await.unwrap();
    assert!(seen.doubt().unwrap().contains("alike"), "{seen:?}");
    assert_eq!(rules[2].num_calls() + rules[3].num_calls(), 4);
}

#[tokio::test]
async fn a_websocket_api_is_unsupported() {
    let permits = Permits::new();
    let rules = api("WEBSOCKET");
    let rules: Vec<&Rule> = rules.iter().collect();
    let client = mocked!(aws_sdk_apigatewayv2, &rules);
    let gateway = gateway(&permits).with_http_apis(&client, backend());
    let error = look(&gateway, "http/abc").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn throttling_is_an_error_before_the_first_write_and_unknown_after_it() {
    let permits = Permits::new();
    for first in [true, false] {
        let throttled = || refusal(429, "TooManyRequestsException");
        // The second route is closed already: one integration is made, one route led.
        let create = if first {
            mock!(Client::create_integration).then_http_response(throttled)
        } else {
            mock!(Client::create_integration).then_output(|| {
                CreateIntegrationOutput::builder()
                    .integration_id("i9")
                    .build()
            })
        };
        let others = [
            create,
            mock!(Client::update_route).then_http_response(throttled),
            mock!(Client::create_route).then_http_response(throttled),
        ];
        let reads = api("HTTP");
        let rules: Vec<&Rule> = reads.iter().chain(&others).collect();
        let client = mocked!(aws_sdk_apigatewayv2, &rules);
        let gateway = gateway(&permits).with_http_apis(&client, backend());
        let outcome = set(&gateway, &permits, "http/abc", &closed()).await;
        match outcome {
            Err(error) if first => {
                assert!(
                    matches!(error.kind(), ErrorKind::Throttled { .. }),
                    "{error}"
                );
            }
            Ok(Outcome::Unknown { why }) if !first => assert!(why.contains("1 calls"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
