//! A shop with two REST APIs in moto, and callers of them.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;

use async_trait::async_trait;
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::IntegrationType;
use deprovision_aws::{ApiGateway, Scope, Undeployed};
use deprovision_core::conformance::{AccessPathFixture, Permits, Reply};
use deprovision_core::permit::WritePermit;
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::{Period, Timestamp};

use super::breaker::Breaker;
use super::definition;
use super::runtime::{Decision, Definition, Request};
use super::shim::PatchByPut;
use crate::recorder::Recorder;
use crate::world::{self, REGION};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The key of the live caller, and of the one that was revoked.
pub(crate) const LIVE: &str = "live-key-of-the-tests-0000";
pub(crate) const REVOKED: &str = "revoked-key-of-the-tests-0";

pub(crate) struct Shop {
    pub(crate) client: Client,
    pub(crate) account: String,
    pub(crate) gateway: ApiGateway,
    pub(crate) permits: Permits,
    pub(crate) recorder: Recorder,
    pub(crate) breaker: Breaker,
    pub(crate) orders: String,
    pub(crate) stock: String,
    /// What each deployment held when a call first met it, or that it was replaced
    /// before anybody called.
    snapshots: Mutex<BTreeMap<String, Option<Definition>>>,
}

impl Shop {
    /// Two APIs whose methods have this authorization and take an API key.
    pub(crate) async fn new(authorization: &str) -> Self {
        let account = world::account().await;
        let recorder = Recorder::default();
        let breaker = Breaker::default();
        let config = aws_sdk_apigateway::config::Builder::from(&account.config)
            .interceptor(PatchByPut::default())
            .interceptor(recorder.clone())
            .interceptor(breaker.clone())
            .build();
        let client = Client::from_conf(config);
        for (value, enabled) in [(LIVE, true), (REVOKED, false)] {
            let key = client.create_api_key().name(value).value(value);
            key.enabled(enabled).send().await.unwrap();
        }
        let permits = Permits::new();
        let scope = Scope::new(&account.id, REGION).unwrap();
        // moto shows nothing of what a deployment holds; that is tested with mocks.
        let gateway = ApiGateway::new(scope, permits.clock().clone())
            .with_rest_apis(&client)
            .with_undeployed(Undeployed::DangerouslyDeploy);
        let orders = api(&client, "orders", authorization).await;
        let stock = api(&client, "stock", authorization).await;
        recorder.take();
        let shop = Self {
            client,
            account: account.id,
            gateway,
            permits,
            recorder,
            breaker,
            orders,
            stock,
            snapshots: Mutex::default(),
        };
        for api in [&shop.orders, &shop.stock] {
            shop.snapshot(api).await;
        }
        shop.recorder.take();
        shop
    }

    pub(crate) fn id(&self, api: &str) -> AccessPathId {
        let (account, region) = (&self.account, REGION);
        format!("aws-apigateway:{account}:{region}:rest/{api}")
            .parse()
            .unwrap()
    }

    /// moto keeps no copy of what is deployed, so one is made as soon as a deployment
    /// is seen. Nothing is changed between a deployment and the call that looks.
    async fn snapshot(&self, api: &str) {
        let deployments = self.client.get_deployments().rest_api_id(api).send().await;
        let deployments = deployments.unwrap();
        let ids: Vec<String> = deployments
            .items()
            .iter()
            .map(|it| it.id().unwrap().to_owned())
            .filter(|id| !self.snapshots.lock().unwrap().contains_key(id))
            .collect();
        let stages = self
            .client
            .get_stages()
            .rest_api_id(api)
            .send()
            .await
            .unwrap();
        let serving = |id: &String| {
            stages
                .item()
                .iter()
                .any(|it| it.deployment_id() == Some(id))
        };
        for id in ids {
            let held = if serving(&id) {
                Some(definition::read(&self.client, api).await)
            } else {
                None
            };
            self.snapshots.lock().unwrap().insert(id, held);
        }
    }

    /// Calls a method of a stage.
    pub(crate) async fn request(&self, api: &str, stage: &str, request: Request<'_>) -> Reply {
        self.snapshot(api).await;
        let given = self
            .client
            .get_stage()
            .rest_api_id(api)
            .stage_name(stage)
            .send()
            .await;
        let deployment = given.unwrap().deployment_id().unwrap().to_owned();
        let deployed = self.snapshots.lock().unwrap()[&deployment].clone();
        let deployed = deployed.expect("a deployment that nobody looked at in time serves");
        let keys = self
            .client
            .get_api_keys()
            .include_values(true)
            .send()
            .await
            .unwrap();
        let keys: Vec<String> = keys
            .items()
            .iter()
            .filter(|key| key.enabled())
            .filter_map(|key| key.value().map(str::to_owned))
            .collect();
        let account = &self.account;
        let stage_arn = format!("arn:aws:execute-api:{REGION}:{account}:{api}/{stage}");
        let request = Request {
            stage_arn: &stage_arn,
            ..request
        };
        deployed.answer(&request, &keys, self.permits.now())
    }

    /// A GET of the orders by somebody.
    pub(crate) async fn get(&self, api: &str, stage: &str, key: Option<&str>) -> Reply {
        let identity = key.map(|key| match key {
            LIVE => Decision::Allow,
            _ => Decision::Deny,
        });
        let request = Request {
            verb: "GET",
            path: "/items",
            api_key: key,
            identity,
            source_ip: "192.0.2.1",
            ..Request::default()
        };
        self.request(api, stage, request).await
    }

    pub(crate) async fn permit(&self) -> WritePermit {
        self.permits.permit().await.unwrap()
    }
}

/// An API with one method and two stages.
async fn api(client: &Client, name: &str, authorization: &str) -> String {
    let made = client.create_rest_api().name(name).send().await.unwrap();
    let api = made.id().unwrap().to_owned();
    let root = made.root_resource_id().unwrap();
    let resource = client
        .create_resource()
        .rest_api_id(&api)
        .parent_id(root)
        .path_part("items")
        .send()
        .await
        .unwrap();
    let resource = resource.id().unwrap();
    client
        .put_method()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .authorization_type(authorization)
        .api_key_required(true)
        .send()
        .await
        .unwrap();
    client
        .put_method_response()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .status_code("200")
        .response_parameters("method.response.header.X-Shop", false)
        .send()
        .await
        .unwrap();
    client
        .put_integration()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .r#type(IntegrationType::Mock)
        .request_templates("application/json", r#"{"statusCode":200}"#)
        .send()
        .await
        .unwrap();
    client
        .put_integration_response()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .status_code("200")
        .response_parameters("method.response.header.X-Shop", "'open'")
        .response_templates("application/json", format!(r#"{{"{name}":[]}}"#))
        .send()
        .await
        .unwrap();
    let first = client
        .create_deployment()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    for stage in ["prod", "test"] {
        client
            .create_stage()
            .rest_api_id(&api)
            .stage_name(stage)
            .deployment_id(first.id().unwrap())
            .send()
            .await
            .unwrap();
    }
    api
}

#[async_trait]
impl AccessPathFixture for Shop {
    type Paths = ApiGateway;

    fn paths(&self) -> &ApiGateway {
        &self.gateway
    }

    fn one(&self) -> AccessPathId {
        self.id(&self.orders)
    }

    fn other(&self) -> AccessPathId {
        self.id(&self.stock)
    }

    fn missing(&self) -> AccessPathId {
        self.id("nothere")
    }

    fn tells_notices(&self) -> bool {
        true
    }

    fn browns_out(&self) -> bool {
        true
    }

    fn credentials(&self) -> Vec<Option<String>> {
        vec![None, Some(LIVE.into()), Some(REVOKED.into())]
    }

    async fn call(&self, id: &AccessPathId, credential: Option<&str>) -> Result<Reply> {
        let api = id.name().strip_prefix("rest/").ok_or("no REST API")?;
        let prod = self.get(api, "prod", credential).await;
        let test = self.get(api, "test", credential).await;
        assert_eq!(prod, test, "two stages of an API answer differently");
        Ok(prod)
    }

    async fn permit(&self) -> Result<WritePermit> {
        self.permits.permit().await
    }

    fn now(&self) -> Timestamp {
        self.permits.now()
    }

    async fn advance(&self, by: Period) {
        self.permits.clock().advance(by);
    }
}
