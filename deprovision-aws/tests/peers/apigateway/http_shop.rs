//! A shop with two HTTP APIs in moto, and callers of them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{AuthorizationType, Cors, IntegrationType, ProtocolType};
use deprovision_aws::{ApiGateway, GoneBackend, Scope};
use deprovision_core::conformance::{AccessPathFixture, Permits, Reply};
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{AccessPath, AccessPathObserver, Outcome, PathState};
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::{Period, Timestamp};

use super::http_runtime::{HttpDefinition, HttpRequest, Integration, Route};
use super::runtime::Decision;
use crate::recorder::Recorder;
use crate::world::{self, REGION};

/// What stands at these addresses.
const SHOP: &str = "https://backend.example.com/";
const GONE: &str = "https://gone.example.com/";

/// Where the shop's own page calls from.
pub(crate) const ORIGIN: &str = "https://shop.example.com";

/// The tokens of a caller who may call, and of one who may not any more.
pub(crate) const LIVE: &str = "live";
pub(crate) const REVOKED: &str = "revoked";

pub(crate) struct HttpShop {
    pub(crate) client: Client,
    pub(crate) gateway: ApiGateway,
    pub(crate) account: String,
    pub(crate) permits: Permits,
    pub(crate) recorder: Recorder,
    pub(crate) api: String,
    pub(crate) stock: String,
}

/// Routes as they lead: key, target, authorization, authorizer.
pub(crate) type Routes = BTreeSet<(String, String, String, Option<String>)>;

impl HttpShop {
    pub(crate) async fn new(gone: Option<GoneBackend>) -> Self {
        let account = world::account().await;
        let recorder = Recorder::default();
        let config = aws_sdk_apigatewayv2::config::Builder::from(&account.config)
            .interceptor(recorder.clone())
            .build();
        let client = Client::from_conf(config);
        let api = make_api(&client, "orders").await;
        let stock = make_api(&client, "stock").await;
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
            stock,
        }
    }

    pub(crate) async fn open_again() -> Self {
        Self::new(Some(GoneBackend::url(GONE).unwrap())).await
    }

    pub(crate) fn id(&self) -> AccessPathId {
        self.id_of(&self.api)
    }

    fn id_of(&self, api: &str) -> AccessPathId {
        let account = &self.account;
        format!("aws-apigateway:{account}:{REGION}:http/{api}")
            .parse()
            .unwrap()
    }

    pub(crate) async fn set(&self, state: &PathState) {
        let permit = self.permits.permit().await.unwrap();
        let outcome = self.gateway.set(&self.id(), state, &permit).await.unwrap();
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }

    pub(crate) async fn seen(&self) -> Option<PathState> {
        let seen = self.gateway.path(&self.id()).await.unwrap();
        seen.known_completely().cloned()
    }

    pub(crate) async fn routes(&self) -> Routes {
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

    pub(crate) async fn integrations(&self) -> usize {
        let all = self
            .client
            .get_integrations()
            .api_id(&self.api)
            .send()
            .await;
        all.unwrap().items().len()
    }

    pub(crate) async fn cors(&self) -> Option<Cors> {
        let api = self.client.get_api().api_id(&self.api).send().await;
        api.unwrap().cors_configuration().cloned()
    }

    pub(crate) async fn configure_cors(&self, origins: &[&str]) {
        let cors = Cors::builder()
            .set_allow_origins(Some(origins.iter().map(|it| (*it).to_owned()).collect()))
            .allow_methods("*")
            .max_age(600)
            .build();
        let put = self.client.update_api().api_id(&self.api);
        put.cors_configuration(cors).send().await.unwrap();
    }

    /// Calls an API.
    pub(crate) async fn request(&self, api: &str, request: HttpRequest<'_>) -> Reply {
        definition(&self.client, api).await.answer(request, backend)
    }
}

/// What stands at the URI of an integration.
fn backend(uri: &str) -> Reply {
    let (status, kind, body) = match uri {
        SHOP => (200, "application/json", r#"{"orders":[]}"#),
        GONE => (410, "application/problem+json", r#"{"status":410}"#),
        other => panic!("nothing stands at {other}"),
    };
    let headers = [
        ("content-type", kind),
        // A backend that lets every page read its answers.
        ("access-control-allow-origin", "*"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Reply::new(status, headers, body)
}

/// Reads an HTTP API out of moto, with the SDK alone.
async fn definition(client: &Client, api: &str) -> HttpDefinition {
    let given = client.get_api().api_id(api).send().await.unwrap();
    let origins = given.cors_configuration();
    let origins = origins.map(|cors| cors.allow_origins().to_vec());
    let stages = client.get_stages().api_id(api).send().await.unwrap();
    for stage in stages.items() {
        let served = stage.auto_deploy();
        assert_eq!(served, Some(true), "what it serves is not what is defined");
    }
    let routes = client.get_routes().api_id(api).send().await.unwrap();
    let routes = routes.items().iter().map(|route| Route {
        key: route.route_key().unwrap().to_owned(),
        authorization: route
            .authorization_type()
            .map_or("NONE", |it| it.as_str())
            .to_owned(),
        target: route.target().unwrap_or_default().to_owned(),
    });
    let all = client.get_integrations().api_id(api).send().await.unwrap();
    let all = all.items().iter().map(|it| {
        let mappings = it.response_parameters().into_iter().flatten();
        let mappings = mappings.map(|(status, changes)| {
            let changes = changes.iter().map(|(what, to)| (what.clone(), to.clone()));
            (status.parse().unwrap(), changes.collect())
        });
        let integration = Integration {
            uri: it.integration_uri().unwrap().to_owned(),
            mappings: mappings.collect::<BTreeMap<_, _>>(),
        };
        (it.integration_id().unwrap().to_owned(), integration)
    });
    HttpDefinition {
        origins,
        routes: routes.collect(),
        integrations: all.collect(),
    }
}

async fn make_api(client: &Client, name: &str) -> String {
    let made = client
        .create_api()
        .name(name)
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
            .integration_uri(SHOP)
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

#[async_trait]
impl AccessPathFixture for HttpShop {
    type Paths = ApiGateway;

    fn paths(&self) -> &ApiGateway {
        &self.gateway
    }

    fn one(&self) -> AccessPathId {
        self.id()
    }

    fn other(&self) -> AccessPathId {
        self.id_of(&self.stock)
    }

    fn missing(&self) -> AccessPathId {
        self.id_of("nothere")
    }

    /// The backend's answers are its own.
    fn credentials(&self) -> Vec<Option<String>> {
        vec![None, Some(LIVE.into()), Some(REVOKED.into())]
    }

    /// At the route that asks who calls.
    async fn call(
        &self,
        id: &AccessPathId,
        credential: Option<&str>,
    ) -> Result<Reply, Box<dyn Error + Send + Sync>> {
        let api = id.name().strip_prefix("http/").ok_or("no HTTP API")?;
        let request = HttpRequest {
            verb: "POST",
            path: "/orders",
            identity: credential.map(identity),
            ..HttpRequest::default()
        };
        Ok(self.request(api, request).await)
    }

    async fn permit(&self) -> Result<WritePermit, Box<dyn Error + Send + Sync>> {
        self.permits.permit().await
    }

    fn now(&self) -> Timestamp {
        self.permits.now()
    }

    async fn advance(&self, by: Period) {
        self.permits.clock().advance(by);
    }
}

/// What an authorizer thinks of a token.
pub(crate) fn identity(token: &str) -> Decision {
    match token {
        LIVE => Decision::Allow,
        _ => Decision::Deny,
    }
}
