//! REST APIs.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::operation::create_deployment::CreateDeploymentOutput;
use aws_sdk_apigateway::operation::get_deployment::GetDeploymentOutput;
use aws_sdk_apigateway::operation::get_resources::GetResourcesOutput;
use aws_sdk_apigateway::operation::get_stages::GetStagesOutput;
use aws_sdk_apigateway::operation::put_gateway_response::PutGatewayResponseOutput;
use aws_sdk_apigateway::operation::update_rest_api::UpdateRestApiOutput;
use aws_sdk_apigateway::operation::update_stage::UpdateStageOutput;
use aws_sdk_apigateway::types::{
    CanarySettings, Integration, IntegrationType, Method, MethodSnapshot, Resource, Stage,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use deprovision_aws::NoticeBy;
use deprovision_core::conformance::Permits;
use deprovision_core::provider::{
    AccessPathObserver, ErrorKind, GoneNotice, Outcome, PathAbilities, PathState,
};
use serde_json::{Value, json};

use super::world::{answer, gateway, id, look, refusal, set};
use crate::mocked;

const OPEN: PathState = PathState::Open { notice: None };

fn closed() -> PathState {
    PathState::Closed {
        notice: GoneNotice::new("Orders"),
    }
}

fn browned_out() -> PathState {
    PathState::BrownOut {
        until: "2030-01-01T00:00:00Z".parse().unwrap(),
        notice: None,
    }
}

/// A rule for a GET of a path that ends so.
fn get_api(policy: Option<String>) -> Rule {
    mock!(Client::get_rest_api).then_http_response(move || {
        let api = json!({ "id": "abc", "name": "orders", "policy": policy });
        answer(200, &[], &api.to_string())
    })
}

fn get_responses(pages: Vec<Value>) -> Rule {
    let asked = std::sync::Mutex::new(pages.into_iter());
    mock!(Client::get_gateway_responses).then_http_response(move || {
        let page = asked
            .lock()
            .unwrap()
            .next()
            .unwrap_or_else(|| json!({ "item": [] }));
        answer(200, &[], &page.to_string())
    })
}

fn get_stages(canary: bool) -> Rule {
    mock!(Client::get_stages).then_output(move || {
        let canary = CanarySettings::builder()
            .percent_traffic(if canary { 5.0 } else { 0.0 })
            .deployment_id("d0");
        let stage = Stage::builder()
            .stage_name("prod")
            .deployment_id("d1")
            .canary_settings(canary.build());
        GetStagesOutput::builder().item(stage.build()).build()
    })
}

/// The deployment `d1`, with one method.
fn get_deployment(description: Option<String>) -> Rule {
    mock!(Client::get_deployment).then_output(move || {
        let method = MethodSnapshot::builder().authorization_type("NONE");
        GetDeploymentOutput::builder()
            .id("d1")
            .set_description(description.clone())
            .created_date(DateTime::from_secs(1000))
            .api_summary("/orders", [("GET".to_owned(), method.build())].into())
            .build()
    })
}

fn get_resources(verbs: &'static [&'static str]) -> Rule {
    mock!(Client::get_resources).then_output(move || {
        let mut resource = Resource::builder().id("r1").path("/orders");
        for verb in verbs {
            let method = Method::builder().authorization_type("NONE").build();
            resource = resource.resource_methods(*verb, method);
        }
        GetResourcesOutput::builder()
            .items(resource.build())
            .build()
    })
}

/// Everything that a look takes, of an open API.
fn open_api() -> [Rule; 4] {
    [
        get_api(None),
        get_responses(Vec::new()),
        get_stages(false),
        get_deployment(None),
    ]
}

fn refs(rules: &[Rule]) -> Vec<&Rule> {
    rules.iter().collect()
}

/// Resources of one method each: the path, who guards it, and what answers.
fn get_guarded(order: &'static [(&'static str, &'static str, IntegrationType)]) -> Rule {
    mock!(Client::get_resources).then_output(move || {
        let resources = order.iter().map(|(path, authorization, kind)| {
            let integration = Integration::builder().r#type(kind.clone()).build();
            let method = Method::builder()
                .authorization_type(*authorization)
                .method_integration(integration)
                .build();
            Resource::builder()
                .id(*path)
                .path(*path)
                .resource_methods("GET", method)
                .build()
        });
        GetResourcesOutput::builder()
            .set_items(Some(resources.collect()))
            .build()
    })
}

async fn abilities(
    order: &'static [(&'static str, &'static str, IntegrationType)],
    notice_by: NoticeBy,
) -> PathAbilities {
    let rules = [&open_api()[..], &[get_guarded(order)]].concat();
    let client = mocked!(aws_sdk_apigateway, &refs(&rules));
    let gateway = gateway(&Permits::new())
        .with_rest_apis(&client)
        .with_notice_by(notice_by);
    let seen = gateway.abilities(&id("rest/abc")).await.unwrap();
    seen.known_completely().unwrap().clone()
}

#[tokio::test]
async fn what_a_rest_api_can_not_is_told_in_the_same_words_in_whatever_order_aws_lists_it() {
    const GUARDED: (&str, &str, IntegrationType) = ("/b", "AWS_IAM", IntegrationType::Mock);
    const PROXY: (&str, &str, IntegrationType) = ("/c", "CUSTOM", IntegrationType::HttpProxy);
    const OPEN: (&str, &str, IntegrationType) = ("/a", "NONE", IntegrationType::Mock);
    let one = abilities(&[GUARDED, PROXY, OPEN], NoticeBy::Gateway).await;
    let other = abilities(&[PROXY, OPEN, GUARDED], NoticeBy::Gateway).await;
    assert_eq!(one, other);
    let why = one.brown_out.lack().unwrap();
    assert!(why.contains("GET /b is guarded by AWS_IAM"), "{why}");
    let why = one.notice.lack().unwrap();
    assert!(
        why.contains("GET /c hands out its backend's answers"),
        "{why}"
    );
    assert_eq!(one.close.lack(), None);
    let vouched = abilities(&[PROXY, OPEN], NoticeBy::Backend).await;
    assert_eq!(vouched.notice.lack(), None);
    let all = abilities(&[OPEN], NoticeBy::Gateway).await;
    assert_eq!(all, PathAbilities::all());
}

#[tokio::test]
async fn throttling_and_denials_of_a_look_are_told_apart_and_quote_nothing() {
    let permits = Permits::new();
    for (status, code) in [
        (429, "TooManyRequestsException"),
        (403, "AccessDeniedException"),
        (404, "NotFoundException"),
    ] {
        let rule = mock!(Client::get_rest_api).then_http_response(move || refusal(status, code));
        let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &[&rule]));
        let error = look(&gateway, "rest/abc").await.unwrap_err();
        match (status, error.kind()) {
            (429, ErrorKind::Throttled { retry_at }) => assert!(retry_at.is_some()),
            (403, ErrorKind::Denied) => assert!(error.to_string().contains("apigateway:GET")),
            (404, ErrorKind::NotFound) => {}
            other => panic!("{other:?}"),
        }
        assert!(!format!("{error} {error:?}").contains("secret"));
        assert_eq!(rule.num_calls(), 1, "it is not tried again here");
    }
}

#[tokio::test]
async fn i_9_every_page_of_the_gateway_responses_is_read() {
    let permits = Permits::new();
    let response = |kind: &str, templates: Value| {
        json!({
            "responseType": kind, "statusCode": "410", "defaultResponse": false,
            "responseTemplates": templates,
        })
    };
    let ours = json!({ "application/vnd.deprovision.before+json": "{\"before\":null}" });
    let pages = vec![
        json!({ "item": [response("THROTTLED", json!({}))], "position": "2" }),
        json!({ "item": [response("ACCESS_DENIED", ours)] }),
    ];
    let [api, _, stages, deployment] = open_api();
    let rules = [api, get_responses(pages), stages, deployment];
    let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let seen = look(&gateway, "rest/abc").await.unwrap();
    assert_eq!(
        seen.known_completely(),
        None,
        "what is on page 2 is left of something"
    );
    assert_eq!(rules[1].num_calls(), 2);
}

#[tokio::test]
async fn a_server_that_gives_the_same_page_for_ever_is_left() {
    let permits = Permits::new();
    let page = json!({ "item": [], "position": "2" });
    let pages = vec![page.clone(), page.clone(), page.clone(), page];
    let [api, _, stages, deployment] = open_api();
    let rules = [api, get_responses(pages), stages, deployment];
    let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let error = look(&gateway, "rest/abc").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transient);
    assert_eq!(rules[1].num_calls(), 2);
}

#[tokio::test]
async fn a_write_that_got_no_answer_is_unknown_and_one_that_was_refused_is_an_error() {
    let permits = Permits::new();
    for (status, code) in [(500, "InternalFailure"), (429, "TooManyRequestsException")] {
        let put = mock!(Client::update_rest_api).then_http_response(move || refusal(status, code));
        let [api, responses, stages, deployment] = open_api();
        let rules = [api, responses, stages, deployment, put];
        let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
        let outcome = set(&gateway, &permits, "rest/abc", &closed()).await;
        match (status, outcome) {
            (500, Ok(Outcome::Unknown { .. })) => {}
            (429, Err(error)) => {
                assert!(
                    matches!(error.kind(), ErrorKind::Throttled { .. }),
                    "{error}"
                );
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(rules[4].num_calls(), 1, "it is not tried again here");
    }
}

#[tokio::test]
async fn a_refusal_after_a_write_was_made_is_unknown_and_not_an_error() {
    let permits = Permits::new();
    let policy =
        mock!(Client::update_rest_api).then_output(|| UpdateRestApiOutput::builder().build());
    let put = mock!(Client::put_gateway_response)
        .then_http_response(|| refusal(403, "AccessDeniedException"));
    let [api, responses, stages, deployment] = open_api();
    let rules = [api, responses, stages, deployment, policy, put];
    let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let outcome = set(&gateway, &permits, "rest/abc", &closed())
        .await
        .unwrap();
    let Outcome::Unknown { why } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(why.starts_with("1 of "), "{why}");
}

#[tokio::test]
async fn i_5_a_canary_serves_beside_what_is_closed() {
    let permits = Permits::new();
    let [api, responses, _, deployment] = open_api();
    let rules = [api, responses, get_stages(true), deployment];
    let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let seen = look(&gateway, "rest/abc").await.unwrap();
    assert!(seen.doubt().unwrap().contains("canary"), "{seen:?}");
    let error = set(&gateway, &permits, "rest/abc", &closed())
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Conflict);
}

/// A brown-out as it would be read back from AWS: the policy escaped once more and its
/// resources written out.
fn browned_out_api(account: &str) -> [Rule; 4] {
    let resource = format!("arn:aws:execute-api:eu-west-1:{account}:abc/*");
    let statement = |sid: &str, effect: &str| {
        json!({
            "Sid": sid, "Effect": effect, "Principal": "*",
            "Action": "execute-api:Invoke", "Resource": resource,
        })
    };
    let mut deny = statement("DeprovisionDenySince5", "Deny");
    deny["Condition"] = json!({ "DateLessThan": { "aws:CurrentTime": "2030-01-01T00:00:00Z" } });
    let allow = statement("DeprovisionAllowSince5", "Allow");
    let policy = json!({ "Version": "2012-10-17", "Statement": [deny, allow] });
    let escaped = policy.to_string().replace('"', "\\\"").replace('/', "\\/");
    let problem = json!({
        "type": "https://github.com/deprovision/deprovision/blob/main/deprovision-aws/README.md#brown-out",
        "title": "This API is switched off for a while",
        "status": 410,
        "detail": "This API is switched off on purpose until 2030-01-01T00:00:00Z, to show what will stop working when it is retired.",
        "until": "2030-01-01T00:00:00Z",
    });
    let response = json!({
        "responseType": "ACCESS_DENIED", "statusCode": "410", "defaultResponse": false,
        "responseParameters": {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.Cache-Control": "'no-store'",
        },
        "responseTemplates": {
            "application/json": problem.to_string(),
            "application/problem+json": problem.to_string(),
            "application/vnd.deprovision.before+json": "{\"before\":null}",
        },
    });
    let of_aws =
        json!({ "responseType": "THROTTLED", "statusCode": "429", "defaultResponse": true });
    let mark = json!({ "state": browned_out(), "before": { "prod": "d0" } });
    [
        get_api(Some(escaped)),
        get_responses(vec![json!({ "item": [of_aws, response] })]),
        get_stages(false),
        get_deployment(Some(format!("deprovision/1 {mark}"))),
    ]
}

#[tokio::test]
async fn a_state_is_read_back_from_a_policy_as_aws_writes_it_out() {
    let permits = Permits::new();
    let rules = browned_out_api("123456789012");
    let ours = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let seen = look(&ours, "rest/abc").await.unwrap();
    assert_eq!(seen.known_completely(), Some(&browned_out()), "{seen:?}");
    let rules = browned_out_api("999999999999");
    let other = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let seen = look(&other, "rest/abc").await.unwrap();
    assert_eq!(
        seen.known_completely(),
        None,
        "the client is in another account"
    );
}

#[tokio::test]
async fn a_description_of_a_later_format_is_unknown() {
    let permits = Permits::new();
    let [api, responses, stages, _] = open_api();
    let later = get_deployment(Some("deprovision/2 {}".to_owned()));
    let rules = [api, responses, stages, later];
    let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let seen = look(&gateway, "rest/abc").await.unwrap();
    assert_eq!(seen.known_completely(), None);
    let error = set(&gateway, &permits, "rest/abc", &OPEN)
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn what_was_never_deployed_is_not_deployed_by_a_brown_out() {
    let permits = Permits::new();
    let page = |id: &str, created: i64, position: Option<&str>| json!({ "item": [{ "id": id, "createdDate": created }], "position": position });
    for (verbs, newest, allowed) in [
        (&["GET"][..], 900, true),
        (&["GET"][..], 2000, false),
        (&["GET", "PUT"][..], 900, false),
        (&[][..], 900, false),
    ] {
        let pages = [page("d1", 1000, Some("2")), page("d2", newest, None)];
        let asked = std::sync::Mutex::new(pages.into_iter());
        let deployments = mock!(Client::get_deployments).then_http_response(move || {
            let page = asked.lock().unwrap().next().expect("two pages");
            answer(200, &[], &page.to_string())
        });
        let writes = [
            mock!(Client::update_rest_api).then_output(|| UpdateRestApiOutput::builder().build()),
            mock!(Client::put_gateway_response)
                .then_output(|| PutGatewayResponseOutput::builder().build()),
            mock!(Client::create_deployment)
                .then_output(|| CreateDeploymentOutput::builder().id("d9").build()),
            mock!(Client::update_stage).then_output(|| UpdateStageOutput::builder().build()),
        ];
        let [api, responses, stages, deployment] = open_api();
        let reads = [
            api,
            responses,
            stages,
            deployment,
            get_resources(verbs),
            deployments,
        ];
        let rules: Vec<&Rule> = reads.iter().chain(&writes).collect();
        let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &rules));
        let outcome = set(&gateway, &permits, "rest/abc", &browned_out()).await;
        let written: usize = writes.iter().map(Rule::num_calls).sum();
        match outcome {
            Ok(Outcome::Done { .. }) if allowed => assert_eq!(written, 4),
            Err(error) if !allowed => {
                assert_eq!(*error.kind(), ErrorKind::Conflict, "{error}");
                assert_eq!(written, 0);
            }
            other => panic!("{verbs:?} {newest}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn i_18_every_page_of_the_domains_and_their_mappings_is_read() {
    let permits = Permits::new();
    let pages = |pages: Vec<Value>| std::sync::Mutex::new(pages.into_iter());
    let domains = pages(vec![
        json!({ "item": [{ "domainName": "a.example.com" }], "position": "2" }),
        json!({ "item": [{ "domainName": "b.example.com", "routingMode": "ROUTING_RULE_THEN_BASE_PATH_MAPPING" }] }),
    ]);
    let domains = mock!(Client::get_domain_names).then_http_response(move || {
        answer(
            200,
            &[],
            &domains.lock().unwrap().next().unwrap().to_string(),
        )
    });
    let mapping =
        |path: &str, api: &str| json!({ "basePath": path, "restApiId": api, "stage": "prod" });
    let mappings = pages(vec![
        json!({ "item": [mapping("(none)", "other")], "position": "2" }),
        json!({ "item": [mapping("orders", "abc")] }),
        json!({ "item": [mapping("(none)", "abc")] }),
    ]);
    let mappings = mock!(Client::get_base_path_mappings).then_http_response(move || {
        answer(
            200,
            &[],
            &mappings.lock().unwrap().next().unwrap().to_string(),
        )
    });
    let [api, responses, stages, deployment] = open_api();
    let rules = [api, responses, stages, deployment, domains, mappings];
    let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &refs(&rules)));
    let seen = gateway.faces(&id("rest/abc")).await.unwrap();
    let doubt = seen.doubt().unwrap();
    assert!(doubt.contains("b.example.com has routing rules"), "{doubt}");
    let urls = seen.map(|faces| faces.iter().map(ToString::to_string).collect::<Vec<_>>());
    let deprovision_core::observation::Observation::Known { value, .. } = urls else {
        panic!("the faces are not known")
    };
    assert_eq!(
        value,
        [
            "https://a.example.com/orders/",
            "https://abc.execute-api.eu-west-1.amazonaws.com/prod/",
            "https://b.example.com/",
        ]
    );
}

#[tokio::test]
async fn the_policies_name_the_api_and_nothing_else() {
    let permits = Permits::new();
    let gateway = gateway(&permits).with_rest_apis(&mocked!(aws_sdk_apigateway, &[]));
    let api = id("rest/abc");
    let observe = gateway.permissions_to_observe(&api).unwrap();
    let observe: Value = serde_json::from_str(&observe.to_string()).unwrap();
    let statements = observe["Statement"].as_array().unwrap().clone();
    assert_eq!(statements.len(), 4);
    for statement in &statements {
        assert_eq!(statement["Action"], json!(["apigateway:GET"]), "[I-13]");
        let resource = statement["Resource"][0].as_str().unwrap();
        assert!(resource.starts_with("arn:aws:apigateway:eu-west-1::/restapis/abc"));
    }
    let set = gateway.permissions_to_set(&api).unwrap().to_string();
    assert!(set.contains("apigateway:UpdateRestApiPolicy"));
    assert!(
        !set.contains("\"arn:aws:apigateway:eu-west-1::/restapis/*"),
        "{set}"
    );
    let delete = gateway.permissions_to_delete(&api).unwrap();
    let delete: Value = serde_json::from_str(&delete.to_string()).unwrap();
    let deleting: Vec<&Value> = delete["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| {
            it["Action"]
                .as_array()
                .unwrap()
                .contains(&json!("apigateway:DELETE"))
        })
        .collect();
    assert_eq!(deleting.len(), 1);
    assert_eq!(
        deleting[0]["Resource"],
        json!(["arn:aws:apigateway:eu-west-1::/restapis/abc"])
    );
}
