//! HTTP APIs against moto: the control plane alone. What a caller would get is decided
//! by the owner's backend, which only a probe can see.

use std::collections::BTreeSet;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{AuthorizationType, IntegrationType, ProtocolType};
use deprovision_aws::{ApiGateway, GoneBackend, Scope};
use deprovision_core::conformance::Permits;
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, ErrorKind, GoneNotice, Outcome, PathState,
};
use deprovision_core::resource::AccessPathId;

use crate::recorder::Recorder;
use crate::world::{self, REGION};

const OPEN: PathState = PathState::Open { notice: None };

struct HttpShop {
    client: Client,
    gateway: ApiGateway,
    account: String,
    permits: Permits,
    recorder: Recorder,
    api: String,
}

/// Routes as they lead: key, target, authorization, authorizer.
type Routes = BTreeSet<(String, String, String, Option<String>)>;

impl HttpShop {
    async fn new(gone: Option<GoneBackend>) -> Self {
        let account = world::account().await;
        let recorder = Recorder::default();
        let config = aws_sdk_apigatewayv2::config::Builder::from(&account.config)
            .interceptor(recorder.clone())
            .build();
        let client = Client::from_conf(config);
        let api = make_api(&client).await;
        let permits = Permits::new();
        let scope = Scope::new(&account.id, REGION).unwrap();
        let gateway = ApiGateway::new(scope, permits.clock().clone());
        let gateway = gateway.with_http_apis(&client, gone);
        recorder.take();
        Self {
            client,
            gateway,
            account: account.id,
            permits,
            recorder,
            api,
        }
    }

    async fn open_again() -> Self {
        Self::new(Some(GoneBackend::url("https://gone.example.com/").unwrap())).await
    }

    fn id(&self) -> AccessPathId {
        let (account, api) = (&self.account, &self.api);
        format!("aws-apigateway:{account}:{REGION}:http/{api}")
            .parse()
            .unwrap()
    }

    async fn set(&self, state: &PathState) {
        let permit = self.permits.permit().await.unwrap();
        let outcome = self.gateway.set(&self.id(), state, &permit).await.unwrap();
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }

    async fn seen(&self) -> Option<PathState> {
        let seen = self.gateway.path(&self.id()).await.unwrap();
        seen.known_completely().cloned()
    }

    async fn routes(&self) -> Routes {
        let routes = self
            .client
            .get_routes()
            .api_id(&self.api)
            .send()
            .await
            .unwrap();
        let routes = routes.items().iter().map(|route| {
            (
                route.route_key().unwrap().to_owned(),
                route.target().unwrap_or_default().to_owned(),
                route
                    .authorization_type()
                    .map_or("NONE", |it| it.as_str())
                    .to_owned(),
                route.authorizer_id().map(str::to_owned),
            )
        });
        routes.collect()
    }

    async fn integrations(&self) -> usize {
        let all = self
            .client
            .get_integrations()
            .api_id(&self.api)
            .send()
            .await;
        all.unwrap().items().len()
    }
}

async fn make_api(client: &Client) -> String {
    let made = client
        .create_api()
        .name("orders")
        .protocol_type(ProtocolType::Http);
    let made = made.send().await.unwrap();
    let api = made.api_id().unwrap().to_owned();
    let stage = client.create_stage().api_id(&api).stage_name("$default");
    stage.auto_deploy(true).send().await.unwrap();
    for (key, authorization) in [
        ("GET /orders", AuthorizationType::None),
        ("POST /orders", AuthorizationType::Jwt),
        ("GET /orders/{id}", AuthorizationType::AwsIam),
    ] {
        let integration = client.create_integration().api_id(&api);
        let integration = integration
            .integration_type(IntegrationType::HttpProxy)
            .integration_method("ANY")
            .integration_uri("https://backend.example.com/")
            .send()
            .await
            .unwrap();
        let target = format!("integrations/{}", integration.integration_id().unwrap());
        let authorizer = (authorization == AuthorizationType::Jwt).then(|| "a1b2c3".to_owned());
        client
            .create_route()
            .api_id(&api)
            .route_key(key)
            .target(target)
            .authorization_type(authorization)
            .set_authorizer_id(authorizer)
            .send()
            .await
            .unwrap();
    }
    api
}

fn closed(successor: &str) -> PathState {
    let mut notice = GoneNotice::new("Orders");
    notice.successor = Some(format!("https://api.example.com/{successor}"));
    PathState::Closed { notice }
}

#[tokio::test]
async fn a_closed_http_api_leads_everybody_to_the_backend_and_opens_as_it_was() {
    let shop = HttpShop::open_again().await;
    let (before, integrations) = (shop.routes().await, shop.integrations().await);
    assert_eq!(shop.seen().await, Some(OPEN));
    for state in [closed("v2"), closed("v3")] {
        shop.set(&state).await;
        assert_eq!(shop.seen().await, Some(state.clone()));
        for (key, target, authorization, _) in shop.routes().await {
            assert_eq!(authorization, "NONE", "{key}");
            assert!(before.iter().all(|(_, old, ..)| *old != target), "{key}");
        }
        assert!(
            shop.routes()
                .await
                .iter()
                .any(|(key, ..)| key == "$default")
        );
        shop.recorder.take();
        shop.set(&state).await;
        let sent = shop.recorder.operations();
        assert!(
            sent.iter().all(|it| it.starts_with("Get")),
            "[I-11] {sent:?}"
        );
    }
    shop.set(&OPEN).await;
    assert_eq!(shop.routes().await, before);
    assert_eq!(
        shop.integrations().await,
        integrations,
        "nothing of ours is left"
    );
    assert_eq!(shop.seen().await, Some(OPEN));
}

#[tokio::test]
async fn i_5_without_a_backend_that_answers_410_it_is_not_closed() {
    let shop = HttpShop::new(None).await;
    let permit = shop.permits.permit().await.unwrap();
    let set = shop.gateway.set(&shop.id(), &closed("v2"), &permit).await;
    assert_eq!(*set.unwrap_err().kind(), ErrorKind::Unsupported);
    let sent = shop.recorder.operations();
    assert!(sent.iter().all(|it| it.starts_with("Get")), "{sent:?}");
    assert_eq!(shop.seen().await, Some(OPEN));
}

#[tokio::test]
async fn what_is_missing_or_not_one_of_its_kind_is_an_error() {
    let shop = HttpShop::open_again().await;
    let id = |name: &str| -> AccessPathId {
        let account = &shop.account;
        format!("aws-apigateway:{account}:{REGION}:{name}")
            .parse()
            .unwrap()
    };
    for (name, kind) in [
        ("http/nothere", ErrorKind::NotFound),
        ("rest/nothere", ErrorKind::Unsupported),
    ] {
        let seen = shop.gateway.path(&id(name)).await;
        assert_eq!(*seen.unwrap_err().kind(), kind, "{name}");
    }
}

#[tokio::test]
async fn i_18_the_endpoint_and_every_mapping_are_faces_and_keep_it_from_being_deleted() {
    let shop = HttpShop::open_again().await;
    let domain = shop
        .client
        .create_domain_name()
        .domain_name("api.example.com");
    domain.send().await.unwrap();
    let map = shop
        .client
        .create_api_mapping()
        .domain_name("api.example.com");
    let map = map
        .api_id(&shop.api)
        .stage("$default")
        .api_mapping_key("orders/v1");
    let mapping = map.send().await.unwrap();
    let faces = shop.gateway.faces(&shop.id()).await.unwrap();
    let faces = faces.known_completely().unwrap();
    let urls: BTreeSet<&str> = faces.iter().map(|face| face.url()).collect();
    let endpoint = format!("https://{}.execute-api.{REGION}.amazonaws.com/", shop.api);
    assert_eq!(
        urls,
        BTreeSet::from([endpoint.as_str(), "https://api.example.com/orders/v1/"])
    );

    shop.set(&closed("v2")).await;
    let api = ApiId::parse("orders").unwrap();
    let warrant = shop
        .permits
        .warrant(&api, [shop.id().into()])
        .await
        .unwrap();
    let refused = shop.gateway.dangerously_delete(&shop.id(), &warrant).await;
    assert_eq!(*refused.unwrap_err().kind(), ErrorKind::Conflict);
    let unmap = shop
        .client
        .delete_api_mapping()
        .domain_name("api.example.com");
    let unmap = unmap.api_mapping_id(mapping.api_mapping_id().unwrap());
    unmap.send().await.unwrap();
    let deleted = shop
        .gateway
        .dangerously_delete(&shop.id(), &warrant)
        .await
        .unwrap();
    assert!(matches!(deleted, Outcome::Done { .. }), "{deleted:?}");
    let gone = shop.gateway.path(&shop.id()).await.unwrap_err();
    assert_eq!(*gone.kind(), ErrorKind::NotFound);
}
