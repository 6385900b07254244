//! API keys and usage plans on moto.
//!
//! moto calls no API: whether a key may is evaluated here, from what moto keeps, as API
//! Gateway documents it: the key is enabled, it and a stage of the API are in one usage
//! plan, and the method asks for a key. moto pages nothing, and enforces no policy of
//! API Gateway, whose actions are HTTP methods.

use async_trait::async_trait;
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{ApiStage, IntegrationType, Op, PatchOperation};
use deprovision_aws::{ApiGatewayKeys, Scope};
use deprovision_core::conformance::{
    self, CredentialFixture, GrantFixture, Permits, Trouble, done, known, not_done,
};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialObserver, CredentialRevoker, CredentialState, GrantObserver, PermissionAuditor,
};
use deprovision_core::resource::{CredentialId, GrantId, IssuerId};

use crate::recorder::{Blinder, Recorder};
use crate::world;

/// Two REST APIs, each with a stage whose method asks for a key, and a plan for each.
struct Gateway {
    client: Client,
    keys: ApiGatewayKeys,
    blinder: Blinder,
    recorder: Recorder,
    rest_apis: [String; 2],
    plans: [String; 2],
}

fn api(number: usize) -> ApiId {
    ApiId::parse(["orders-v1", "orders-v2"][number]).unwrap()
}

fn number(of: &ApiId) -> usize {
    usize::from(*of != api(0))
}

impl Gateway {
    async fn new() -> Result<Self, Trouble> {
        let account = world::account().await;
        let client = Client::new(&account.config);
        let mut rest_apis = Vec::new();
        for name in ["one", "two"] {
            rest_apis.push(rest_api(&client, name).await?);
        }
        let rest_apis: [String; 2] = rest_apis.try_into().map_err(|_| "two were made")?;
        let (blinder, recorder) = (Blinder::default(), Recorder::default());
        let config = aws_sdk_apigateway::config::Builder::from(&account.config)
            .interceptor(blinder.clone())
            .interceptor(recorder.clone());
        let scope = Scope::new(&account.id, world::REGION)?;
        let mut keys = ApiGatewayKeys::new(&Client::from_conf(config.build()), scope);
        for (number, id) in rest_apis.iter().enumerate() {
            keys = keys.rest_api(&api(number), id)?;
        }
        let mut gateway = Self {
            client,
            keys,
            blinder,
            recorder,
            rest_apis,
            plans: Default::default(),
        };
        gateway.plans = [
            gateway.plan("first", &[0]).await?,
            gateway.plan("second", &[1]).await?,
        ];
        Ok(gateway)
    }

    async fn plan(&self, name: &str, of: &[usize]) -> Result<String, Trouble> {
        let stages = of.iter().map(|number| {
            let stage = ApiStage::builder().api_id(&self.rest_apis[*number]);
            stage.stage("prod").build()
        });
        let made = self
            .client
            .create_usage_plan()
            .name(name)
            .set_api_stages(Some(stages.collect()))
            .send()
            .await?;
        Ok(made.id().ok_or("no plan")?.to_owned())
    }

    async fn key(&self, plans: &[&String]) -> Result<String, Trouble> {
        let made = self.client.create_api_key().enabled(true).send().await?;
        let id = made.id().ok_or("no key")?.to_owned();
        for plan in plans {
            self.client
                .create_usage_plan_key()
                .usage_plan_id(*plan)
                .key_id(&id)
                .key_type("API_KEY")
                .send()
                .await?;
        }
        Ok(id)
    }

    async fn may_call(&self, key: &str, of: &ApiId) -> Result<bool, Trouble> {
        let rest_api = &self.rest_apis[number(of)];
        let Ok(seen) = self.client.get_api_key().api_key(key).send().await else {
            return Ok(false);
        };
        let plans = self.client.get_usage_plans().key_id(key).send().await?;
        let in_a_plan = plans
            .items()
            .iter()
            .flat_map(|plan| plan.api_stages())
            .any(|stage| stage.api_id() == Some(rest_api) && stage.stage() == Some("prod"));
        let resources = self
            .client
            .get_resources()
            .rest_api_id(rest_api)
            .send()
            .await?;
        let root = resources.items()[0].id().ok_or("no root")?;
        let method = self
            .client
            .get_method()
            .rest_api_id(rest_api)
            .resource_id(root)
            .http_method("GET")
            .send()
            .await?;
        let asks = method.api_key_required() == Some(true);
        Ok(seen.enabled() && in_a_plan && asks)
    }
}

async fn rest_api(client: &Client, name: &str) -> Result<String, Trouble> {
    let made = client.create_rest_api().name(name).send().await?;
    let id = made.id().ok_or("no API")?.to_owned();
    let resources = client.get_resources().rest_api_id(&id).send().await?;
    let root = resources.items()[0].id().ok_or("no root")?;
    client
        .put_method()
        .rest_api_id(&id)
        .resource_id(root)
        .http_method("GET")
        .authorization_type("NONE")
        .api_key_required(true)
        .send()
        .await?;
    client
        .put_integration()
        .rest_api_id(&id)
        .resource_id(root)
        .http_method("GET")
        .r#type(IntegrationType::Mock)
        .send()
        .await?;
    client
        .create_deployment()
        .rest_api_id(&id)
        .stage_name("prod")
        .send()
        .await?;
    Ok(id)
}

#[async_trait]
impl CredentialFixture for Gateway {
    fn observer(&self) -> &dyn CredentialObserver {
        &self.keys
    }
    fn revoker(&self) -> &dyn CredentialRevoker {
        &self.keys
    }
    fn issuer(&self) -> IssuerId {
        self.keys.issuer_id().unwrap()
    }
    fn api(&self) -> ApiId {
        api(0)
    }
    fn other_api(&self) -> ApiId {
        api(1)
    }
    fn foreign(&self) -> CredentialId {
        "aws-apigateway:210987654321:us-east-1:abcdefghij"
            .parse()
            .unwrap()
    }
    async fn issue(&self, api: &ApiId) -> Result<Option<CredentialId>, Trouble> {
        let id = self.key(&[&self.plans[number(api)]]).await?;
        Ok(Some(self.keys.key_id(&id)?))
    }
    async fn accepts(&self, id: &CredentialId, api: &ApiId) -> Result<bool, Trouble> {
        self.may_call(id.name(), api).await
    }
    fn more_than_a_page(&self) -> usize {
        3
    }
    fn can_freeze(&self) -> bool {
        false
    }
    async fn blind(&self, blind: bool) -> Result<(), Trouble> {
        self.blinder.set(blind);
        Ok(())
    }
    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// The same for grants: each is a plan with one key.
struct Grants(Gateway);

#[async_trait]
impl GrantFixture for Grants {
    fn observer(&self) -> &dyn GrantObserver {
        &self.0.keys
    }
    fn auditor(&self) -> &dyn PermissionAuditor {
        &self.0.keys
    }
    fn issuer(&self) -> IssuerId {
        self.0.keys.issuer_id().unwrap()
    }
    fn api(&self) -> ApiId {
        api(0)
    }
    fn other_api(&self) -> ApiId {
        api(1)
    }
    fn foreign(&self) -> GrantId {
        "aws-apigateway:210987654321:us-east-1:plan/abc/def:prod"
            .parse()
            .unwrap()
    }
    async fn grant(&self, api: &ApiId) -> Result<GrantId, Trouble> {
        let plan = self.0.plan("granted", &[number(api)]).await?;
        self.0.key(&[&plan]).await?;
        let (account, rest_api) = (self.0.keys.issuer_id()?, &self.0.rest_apis[number(api)]);
        let account = account.locator().account().to_owned();
        let id = format!("aws-apigateway:{account}:us-east-1:plan/{plan}/{rest_api}:prod");
        Ok(id.parse()?)
    }
    async fn allows(&self, id: &GrantId, api: &ApiId) -> Result<bool, Trouble> {
        let plan = id.name().split('/').nth(1).ok_or("no plan")?;
        let client = &self.0.client;
        let held = client
            .get_usage_plan_keys()
            .usage_plan_id(plan)
            .send()
            .await?;
        let key = held.items()[0].id().ok_or("no key")?;
        self.0.may_call(key, api).await
    }
    fn more_than_a_page(&self) -> usize {
        3
    }
    async fn undecidable(&self, _: &ApiId, _: bool) -> Result<bool, Trouble> {
        // A usage plan names its stages one by one.
        Ok(false)
    }
    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

#[tokio::test]
async fn api_keys_keep_the_promises_of_credentials() {
    let gateway = Gateway::new().await.unwrap();
    assert_eq!(conformance::credential(&gateway).await.unwrap(), 14);
    let sent = gateway.recorder.names();
    assert_eq!(
        sent.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "apigateway:DeleteApiKey",
            "apigateway:GetApiKey",
            "apigateway:GetApiKeys",
            "apigateway:GetRestApi",
            "apigateway:GetUsagePlans",
            "apigateway:UpdateApiKey",
        ],
        "and never the keys of a plan, which come with their values"
    );
}

#[tokio::test]
async fn stages_in_usage_plans_keep_the_promises_of_grants() {
    let gateway = Gateway::new().await.unwrap();
    // Its own plans would be grants already.
    for plan in &gateway.plans {
        let deleted = gateway.client.delete_usage_plan().usage_plan_id(plan);
        deleted.send().await.unwrap();
    }
    assert_eq!(conformance::grant(&Grants(gateway)).await.unwrap(), 6);
}

#[tokio::test]
async fn i_12_a_key_that_also_serves_another_api_is_left_and_only_its_grant_is_removed() {
    let gateway = Gateway::new().await.unwrap();
    let [first, second] = &gateway.plans;
    let both = gateway.key(&[first, second]).await.unwrap();
    let mixed = gateway.plan("mixed", &[0, 1]).await.unwrap();
    let in_mixed = gateway.key(&[&mixed]).await.unwrap();
    let own = gateway.key(&[first]).await.unwrap();
    let keys = &gateway.keys;
    let issuer = keys.issuer_id().unwrap();
    let listed = known(keys.credentials(&issuer, &api(0)).await.unwrap()).unwrap();
    assert_eq!(listed, [keys.key_id(&own).unwrap()]);
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    for shared in [&both, &in_mixed] {
        let id = keys.key_id(shared).unwrap();
        not_done(keys.disable(&id, &permit).await.unwrap(), "a shared key");
        let state = known(keys.credential(&id).await.unwrap()).unwrap();
        assert!(matches!(state, CredentialState::Active { .. }), "{state:?}");
        // Somebody else disabled it: it is not deleted either.
        let off = PatchOperation::builder().op(Op::Replace).path("/enabled");
        let off = off.value("false").build();
        let update = gateway.client.update_api_key().api_key(shared);
        update.patch_operations(off).send().await.unwrap();
        let warrant = permits.warrant(&api(0), [id.clone().into()]).await.unwrap();
        not_done(keys.delete(&id, &warrant).await.unwrap(), "a shared key");
        let on = PatchOperation::builder().op(Op::Replace).path("/enabled");
        let on = on.value("true").build();
        let update = gateway.client.update_api_key().api_key(shared);
        update.patch_operations(on).send().await.unwrap();
    }
    let grants = known(keys.grants(&issuer, &api(0)).await.unwrap()).unwrap();
    assert_eq!(grants.naming.len(), 2);
    for grant in &grants.naming {
        done(keys.remove(grant, &permit).await.unwrap()).unwrap();
    }
    for key in [&both, &in_mixed] {
        assert!(!gateway.may_call(key, &api(0)).await.unwrap());
        assert!(gateway.may_call(key, &api(1)).await.unwrap());
    }
}

#[tokio::test]
async fn i_4_a_named_key_is_still_found_when_its_grant_is_gone_until_it_is_deleted() {
    let gateway = Gateway::new().await.unwrap();
    let issuer = gateway.keys.issuer_id().unwrap();
    let own = gateway.key(&[&gateway.plans[0]]).await.unwrap();
    let elsewhere = gateway.key(&[&gateway.plans[1]]).await.unwrap();
    let listed = |keys: ApiGatewayKeys| {
        let issuer = issuer.clone();
        async move { known(keys.credentials(&issuer, &api(0)).await.unwrap()).unwrap() }
    };
    let found = listed(gateway.keys.clone()).await;
    assert_eq!(found, [gateway.keys.key_id(&own).unwrap()]);
    let more = [gateway.keys.key_id(&elsewhere).unwrap()];
    let named = gateway.keys.clone().named(&api(0), found.clone()).unwrap();
    let named = named.named(&api(0), more).unwrap();
    assert_eq!(
        listed(named.clone()).await,
        found,
        "each once, and no other API's"
    );

    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    done(named.disable(&found[0], &permit).await.unwrap()).unwrap();
    let grants = known(named.grants(&issuer, &api(0)).await.unwrap()).unwrap();
    for grant in grants.naming {
        done(named.remove(&grant, &permit).await.unwrap()).unwrap();
    }
    assert!(listed(gateway.keys.clone()).await.is_empty());
    assert_eq!(listed(named.clone()).await, found);
    let warrant = permits
        .warrant(&api(0), [found[0].clone().into()])
        .await
        .unwrap();
    done(named.delete(&found[0], &warrant).await.unwrap()).unwrap();
    assert!(listed(named).await.is_empty());
    let foreign = CredentialFixture::foreign(&gateway);
    assert!(gateway.keys.named(&api(0), [foreign]).is_err());
}
