//! REST APIs: the suite of core, and what it does not ask.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{GatewayResponseType, Op, PatchOperation};
use deprovision_aws::NoticeBy;
use deprovision_core::conformance::{AccessPathFixture, Reply, access_path};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, ErrorKind, GoneNotice, Outcome, PathState, SunsetNotice,
};
use deprovision_core::time::Period;

use super::runtime::Request;
use super::shop::{LIVE, REVOKED, Shop};

const OPEN: PathState = PathState::Open { notice: None };

fn closed() -> PathState {
    PathState::Closed {
        notice: GoneNotice::new("Orders"),
    }
}

fn announced() -> PathState {
    let mut notice = SunsetNotice::new("2023-06-30T23:59:59Z".parse().unwrap());
    notice.successor = Some("https://api.example.com/v2".into());
    PathState::Open {
        notice: Some(notice),
    }
}

fn browned_out(shop: &Shop) -> PathState {
    PathState::BrownOut {
        until: Period::hours(1).after(shop.permits.now()),
        notice: None,
    }
}

impl Shop {
    async fn set(&self, state: &PathState) {
        let outcome = self
            .gateway
            .set(&self.one(), state, &self.permit().await)
            .await;
        let outcome = outcome.unwrap();
        assert!(
            matches!(outcome, Outcome::Done { .. }),
            "{state:?}: {outcome:?}"
        );
    }

    /// How the path is seen to be set, or why that is not known.
    async fn seen(&self) -> Result<PathState, String> {
        let seen = self.gateway.path(&self.one()).await.unwrap();
        let known = seen.known_completely().cloned();
        known.ok_or_else(|| seen.doubt().unwrap())
    }

    async fn replies(&self) -> Vec<Reply> {
        let mut replies = Vec::new();
        for stage in ["prod", "test"] {
            for key in [None, Some(LIVE), Some(REVOKED)] {
                replies.push(self.get(&self.orders, stage, key).await);
            }
        }
        replies
    }

    async fn put_policy(&self, document: &str) {
        let patch = PatchOperation::builder()
            .op(Op::Replace)
            .path("/policy")
            .value(document)
            .build();
        let put = self.client.update_rest_api().rest_api_id(&self.orders);
        put.patch_operations(patch).send().await.unwrap();
    }

    async fn policy(&self) -> String {
        let api = self
            .client
            .get_rest_api()
            .rest_api_id(&self.orders)
            .send()
            .await;
        api.unwrap().policy().unwrap_or_default().to_owned()
    }

    /// What each stage serves.
    async fn deployments(&self) -> BTreeSet<(String, String)> {
        let stages = self
            .client
            .get_stages()
            .rest_api_id(&self.orders)
            .send()
            .await;
        let stages = stages.unwrap();
        let stages = stages.item().iter().map(|stage| {
            let name = stage.stage_name().unwrap().to_owned();
            (name, stage.deployment_id().unwrap().to_owned())
        });
        stages.collect()
    }

    async fn put_response(&self, kind: GatewayResponseType, status: &str) {
        let put = self.client.put_gateway_response().rest_api_id(&self.orders);
        put.response_type(kind)
            .status_code(status)
            .response_parameters("gatewayresponse.header.X-Theirs", "'1'")
            .response_templates("application/json", r#"{"theirs":true}"#)
            .send()
            .await
            .unwrap();
    }

    async fn deploy(&self) -> String {
        let made = self
            .client
            .create_deployment()
            .rest_api_id(&self.orders)
            .send()
            .await;
        made.unwrap().id().unwrap().to_owned()
    }

    async fn point(&self, stage: &str, deployment: &str) {
        let patch = PatchOperation::builder()
            .op(Op::Replace)
            .path("/deploymentId")
            .value(deployment)
            .build();
        let update = self.client.update_stage().rest_api_id(&self.orders);
        let update = update.stage_name(stage).patch_operations(patch);
        update.send().await.unwrap();
    }
}

fn is_gone(reply: &Reply) -> bool {
    let problem = reply.headers["content-type"] == ["application/problem+json"];
    let document = serde_json::from_slice::<serde_json::Value>(&reply.body);
    reply.status == 410 && problem && document.is_ok_and(|it| it.is_object())
}

#[tokio::test]
async fn i_5_a_rest_api_keeps_every_promise_of_the_port_as_aws_documents_it() {
    let shop = Shop::new("NONE").await;
    let cases = access_path(&shop).await.unwrap();
    assert_eq!(cases, 12);
}

#[tokio::test]
async fn i_5_a_guarded_rest_api_says_that_it_can_not_brown_out_and_keeps_every_other_promise() {
    for authorization in ["CUSTOM", "AWS_IAM", "COGNITO_USER_POOLS"] {
        let shop = Shop::new(authorization).await;
        assert_eq!(access_path(&shop).await.unwrap(), 10, "{authorization}");
    }
}

#[tokio::test]
async fn i_5_a_closed_api_answers_410_whoever_guards_it_and_whatever_is_called() {
    for authorization in ["NONE", "CUSTOM", "AWS_IAM", "COGNITO_USER_POOLS"] {
        let shop = Shop::new(authorization).await;
        let before = shop.replies().await;
        assert!(before.iter().all(|reply| !is_gone(reply)));
        shop.set(&closed()).await;
        for reply in shop.replies().await {
            assert!(is_gone(&reply), "{authorization}: {reply:?}");
        }
        for accept in [
            None,
            Some("text/html"),
            Some("application/problem+json"),
            Some("application/vnd.deprovision.before+json"),
        ] {
            let request = Request {
                verb: "DELETE",
                path: "/nothing/here",
                source_ip: "192.0.2.1",
                accept,
                ..Request::default()
            };
            let reply = shop.request(&shop.orders, "prod", request).await;
            assert!(is_gone(&reply), "{accept:?}: {reply:?}");
        }
        shop.set(&OPEN).await;
        assert_eq!(shop.replies().await, before, "{authorization}");
    }
}

#[tokio::test]
async fn policy_responses_and_deployments_of_others_are_as_they_were_after_reopening() {
    let shop = Shop::new("NONE").await;
    let policy = r#"{"Version":"2012-10-17","Id":"theirs","Statement":[{"Sid":"Office","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.1"}}}]}"#;
    shop.put_policy(policy).await;
    shop.put_response(GatewayResponseType::AccessDenied, "403")
        .await;
    shop.put_response(GatewayResponseType::InvalidApiKey, "402")
        .await;
    let one = shop.deploy().await;
    shop.point("prod", &one).await;
    let before = shop.replies().await;
    let deployments = shop.deployments().await;
    let definition = super::definition::read(&shop.client, &shop.orders).await;
    for state in [closed(), announced(), closed()] {
        shop.set(&state).await;
        assert_eq!(shop.seen().await, Ok(state));
        assert!(shop.policy().await.contains("Office"));
    }
    shop.set(&OPEN).await;
    assert_eq!(
        shop.deployments().await,
        deployments,
        "two stages on two deployments"
    );
    assert_eq!(shop.replies().await, before);
    let after = super::definition::read(&shop.client, &shop.orders).await;
    assert_eq!(format!("{after:?}"), format!("{definition:?}"));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&shop.policy().await).unwrap(),
        serde_json::from_str::<serde_json::Value>(policy).unwrap()
    );
}

#[tokio::test]
async fn a_brown_out_that_would_outlive_its_end_for_somebody_is_unsupported() {
    for authorization in ["CUSTOM", "AWS_IAM", "COGNITO_USER_POOLS"] {
        let shop = Shop::new(authorization).await;
        refuses_a_brown_out(&shop).await;
    }
    let shop = Shop::new("NONE").await;
    shop.put_policy(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}}"#)
        .await;
    refuses_a_brown_out(&shop).await;
}

async fn refuses_a_brown_out(shop: &Shop) {
    let permit = shop.permit().await;
    shop.recorder.take();
    let set = shop
        .gateway
        .set(&shop.one(), &browned_out(shop), &permit)
        .await;
    assert_eq!(*set.unwrap_err().kind(), ErrorKind::Unsupported);
    let sent = shop.recorder.operations();
    assert!(sent.iter().all(|it| it.starts_with("Get")), "{sent:?}");
}

#[tokio::test]
async fn i_5_an_api_that_somebody_changed_is_not_closed() {
    let shop = Shop::new("NONE").await;
    let open = shop.deployments().await;
    let first = open.first().unwrap().1.clone();
    let api = shop.orders.clone();

    shop.set(&closed()).await;
    shop.put_policy("").await;
    assert!(
        shop.seen().await.is_err(),
        "the denial is gone from the definition"
    );

    shop.set(&closed()).await;
    let delete = shop.client.delete_gateway_response().rest_api_id(&api);
    delete
        .response_type(GatewayResponseType::AccessDenied)
        .send()
        .await
        .unwrap();
    assert!(
        shop.seen().await.is_err(),
        "the answer 410 is gone from the definition"
    );

    shop.set(&closed()).await;
    shop.put_response(GatewayResponseType::Default4Xx, "404")
        .await;
    assert!(shop.seen().await.is_err(), "the answer 410 is another one");

    shop.set(&closed()).await;
    shop.point("test", &first).await;
    let why = shop.seen().await.unwrap_err();
    assert!(why.contains("prod") && why.contains("test"), "{why}");

    shop.set(&closed()).await;
    let create = shop
        .client
        .create_stage()
        .rest_api_id(&api)
        .stage_name("beta");
    create.deployment_id(&first).send().await.unwrap();
    assert!(shop.seen().await.is_err(), "a face that was found later");

    shop.set(&closed()).await;
    assert_eq!(shop.seen().await, Ok(closed()));
    let deployed = shop.deploy().await;
    for stage in ["prod", "test", "beta"] {
        shop.point(stage, &deployed).await;
    }
    assert!(
        shop.seen().await.is_err(),
        "somebody else deployed what closes it"
    );
}

#[tokio::test]
async fn what_others_deployed_while_it_was_closed_serves_again_after_reopening() {
    let shop = Shop::new("NONE").await;
    let before = shop.replies().await;
    shop.set(&closed()).await;
    // A pipeline of theirs, which knows nothing of us.
    let deployed = shop.deploy().await;
    shop.point("test", &deployed).await;
    assert!(is_gone(&shop.get(&shop.orders, "test", Some(LIVE)).await));
    shop.set(&closed()).await;
    assert_eq!(shop.seen().await, Ok(closed()));
    shop.set(&OPEN).await;
    assert_eq!(shop.seen().await, Ok(OPEN));
    assert_eq!(shop.replies().await, before);
}

#[tokio::test]
async fn a_set_that_breaks_off_anywhere_is_seen_and_can_be_finished_or_taken_back() {
    let mut broken_off = 0;
    for state in [closed(), announced()] {
        for writes in 0.. {
            let shop = Shop::new("NONE").await;
            let before = shop.replies().await;
            let deployments = shop.deployments().await;
            // What the stages serve was deployed long ago.
            shop.permits.clock().advance(Period::hours(1));
            shop.breaker.after(writes);
            let permit = shop.permit().await;
            let outcome = shop.gateway.set(&shop.one(), &state, &permit).await;
            if shop.breaker.mend() {
                // All writes were made before it would have broken.
                assert!(matches!(outcome, Ok(Outcome::Done { .. })), "{outcome:?}");
                break;
            }
            broken_off += 1;
            let unsure = matches!(outcome, Ok(Outcome::Unknown { .. }));
            assert!(
                unsure || (writes == 0 && outcome.is_err()),
                "{writes}: {outcome:?}"
            );
            let seen = shop.seen().await;
            assert_ne!(seen.as_ref(), Ok(&state), "{writes} writes");
            if seen == Ok(OPEN) {
                assert_eq!(shop.replies().await, before, "{writes} writes");
            }
            if writes % 2 == 0 {
                shop.set(&state).await;
                assert_eq!(shop.seen().await, Ok(state.clone()), "{writes} writes");
            }
            shop.set(&OPEN).await;
            assert_eq!(shop.replies().await, before, "{writes} writes");
            assert_eq!(shop.deployments().await, deployments, "{writes} writes");
            assert_eq!(shop.seen().await, Ok(OPEN));
        }
    }
    assert!(broken_off > 10, "{broken_off} points to break off at");
}

#[tokio::test]
async fn i_11_i_13_a_set_that_is_done_and_every_look_write_nothing() {
    let shop = Shop::new("NONE").await;
    for state in [announced(), browned_out(&shop), closed(), OPEN] {
        shop.set(&state).await;
        shop.recorder.take();
        shop.set(&state).await;
        let observe = [
            "GetDeployment",
            "GetGatewayResponses",
            "GetRestApi",
            "GetStages",
        ];
        let again = shop.recorder.operations();
        let reads = observe.iter().chain(&["GetResources"]);
        let reads: BTreeSet<String> = reads.map(|it| (*it).to_owned()).collect();
        assert!(again.is_subset(&reads), "{state:?}: {again:?}");
        shop.seen().await.unwrap();
        let looked = shop.recorder.operations();
        assert_eq!(looked, observe.map(str::to_owned).into(), "{state:?}");
    }
}

#[tokio::test]
async fn every_operation_that_is_sent_is_one_that_the_policy_was_made_of() {
    let shop = Shop::new("NONE").await;
    shop.recorder.take();
    for state in [announced(), browned_out(&shop), closed(), OPEN] {
        shop.set(&state).await;
    }
    let declared = [
        "CreateDeployment",
        "DeleteGatewayResponse",
        "GetDeployment",
        "GetGatewayResponses",
        "GetResources",
        "GetRestApi",
        "GetStages",
        "PutGatewayResponse",
        "UpdateIntegrationResponse",
        "UpdateMethodResponse",
        "UpdateRestApi",
        "UpdateStage",
    ];
    assert_eq!(
        shop.recorder.operations(),
        declared.map(str::to_owned).into()
    );
}

#[tokio::test]
async fn i_18_every_stage_and_every_mapping_is_a_face() {
    let shop = Shop::new("NONE").await;
    for (domain, path, stage) in [
        ("api.example.com", Some("orders"), Some("prod")),
        ("old.example.com", None, None),
    ] {
        let create = shop.client.create_domain_name().domain_name(domain);
        create.certificate_name("c").send().await.unwrap();
        let map = shop.client.create_base_path_mapping().domain_name(domain);
        map.rest_api_id(&shop.orders)
            .set_base_path(path.map(str::to_owned))
            .set_stage(stage.map(str::to_owned))
            .send()
            .await
            .unwrap();
    }
    let other = shop
        .client
        .create_base_path_mapping()
        .domain_name("api.example.com");
    let other = other.rest_api_id(&shop.stock).base_path("stock");
    other.stage("prod").send().await.unwrap();
    let seen = shop.gateway.faces(&shop.one()).await.unwrap();
    assert!(seen.doubt().unwrap().contains("several levels"), "{seen:?}");
    let orders = &shop.orders;
    let (deprovision_core::observation::Observation::Known { value, .. }, endpoint) = (
        seen,
        format!("https://{orders}.execute-api.us-east-1.amazonaws.com"),
    ) else {
        panic!("the faces are not known")
    };
    let urls: Vec<String> = value.iter().map(ToString::to_string).collect();
    assert_eq!(
        urls.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([
            format!("{endpoint}/prod/"),
            format!("{endpoint}/test/"),
            "https://api.example.com/orders/".to_owned(),
            "https://old.example.com/prod/".to_owned(),
            "https://old.example.com/test/".to_owned(),
        ])
    );
}

#[tokio::test]
async fn i_3_i_18_only_a_closed_api_without_a_mapping_is_deleted_under_a_warrant_that_covers_it() {
    let shop = Shop::new("NONE").await;
    let api = ApiId::parse("orders").unwrap();
    let warrant = shop
        .permits
        .warrant(&api, [shop.one().into()])
        .await
        .unwrap();
    let refused = shop
        .gateway
        .dangerously_delete(&shop.one(), &warrant)
        .await
        .unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Conflict, "it is open");

    shop.set(&closed()).await;
    let other = shop
        .permits
        .warrant(&api, [shop.other().into()])
        .await
        .unwrap();
    let refused = shop
        .gateway
        .dangerously_delete(&shop.one(), &other)
        .await
        .unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Invalid, "it is not covered");

    let create = shop
        .client
        .create_domain_name()
        .domain_name("api.example.com");
    create.certificate_name("c").send().await.unwrap();
    let map = shop
        .client
        .create_base_path_mapping()
        .domain_name("api.example.com");
    map.rest_api_id(&shop.orders)
        .stage("prod")
        .send()
        .await
        .unwrap();
    let refused = shop
        .gateway
        .dangerously_delete(&shop.one(), &warrant)
        .await
        .unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Conflict);
    assert!(
        refused.to_string().contains("https://api.example.com/"),
        "{refused}"
    );

    let unmap = shop
        .client
        .delete_base_path_mapping()
        .domain_name("api.example.com");
    unmap.base_path("(none)").send().await.unwrap();
    let deleted = shop
        .gateway
        .dangerously_delete(&shop.one(), &warrant)
        .await
        .unwrap();
    assert!(matches!(deleted, Outcome::Done { .. }), "{deleted:?}");
    let gone = shop.gateway.path(&shop.one()).await.unwrap_err();
    assert_eq!(*gone.kind(), ErrorKind::NotFound);
    let seen = shop.gateway.path(&shop.other()).await.unwrap();
    assert_eq!(seen.known_completely(), Some(&OPEN));
}

#[tokio::test]
async fn a_notice_that_the_backend_tells_leaves_its_answers_alone() {
    let mut shop = Shop::new("NONE").await;
    shop.gateway = shop.gateway.clone().with_notice_by(NoticeBy::Backend);
    let definition = super::definition::read(&shop.client, &shop.orders).await;
    let before = shop.replies().await;
    let deprecated = |reply: &Reply| reply.headers.contains_key("deprecation");
    for state in [announced(), browned_out(&shop), announced()] {
        shop.set(&state).await;
        assert_eq!(shop.seen().await, Ok(state.clone()));
        let now = super::definition::read(&shop.client, &shop.orders).await;
        assert_eq!(
            format!("{:?}", now.methods),
            format!("{:?}", definition.methods)
        );
    }
    let served = shop.get(&shop.orders, "prod", Some(LIVE)).await;
    assert!(
        served.status == 200 && !deprecated(&served),
        "that is the backend's part"
    );
    let refused = shop.get(&shop.orders, "prod", Some(REVOKED)).await;
    assert!(refused.status == 403 && deprecated(&refused), "{refused:?}");
    shop.set(&OPEN).await;
    assert_eq!(shop.replies().await, before);
}

#[tokio::test]
async fn a_deprecation_header_of_their_own_is_refused_by_the_gateway_and_kept_by_the_backend() {
    let mut shop = Shop::new("NONE").await;
    let resources = shop
        .client
        .get_resources()
        .rest_api_id(&shop.orders)
        .send()
        .await
        .unwrap();
    let items = resources
        .items()
        .iter()
        .find(|it| it.path() == Some("/items"))
        .unwrap();
    let resource = items.id().unwrap();
    let response = shop.client.put_method_response().rest_api_id(&shop.orders);
    response
        .resource_id(resource)
        .http_method("GET")
        .status_code("200")
        .response_parameters("method.response.header.Link", false)
        .send()
        .await
        .unwrap();
    let response = shop
        .client
        .put_integration_response()
        .rest_api_id(&shop.orders);
    response
        .resource_id(resource)
        .http_method("GET")
        .status_code("200")
        .response_parameters("method.response.header.Link", "'</next>; rel=\"next\"'")
        .response_templates("application/json", "[]")
        .send()
        .await
        .unwrap();
    let definition = super::definition::read(&shop.client, &shop.orders).await;
    let set = shop
        .gateway
        .set(&shop.one(), &announced(), &shop.permit().await)
        .await;
    assert_eq!(*set.unwrap_err().kind(), ErrorKind::Unsupported);
    shop.gateway = shop.gateway.clone().with_notice_by(NoticeBy::Backend);
    for state in [announced(), announced(), closed(), OPEN] {
        shop.set(&state).await;
        let now = super::definition::read(&shop.client, &shop.orders).await;
        assert_eq!(
            format!("{:?}", now.methods),
            format!("{:?}", definition.methods)
        );
    }
}
