//! A dry run over an account with 1,000 users, 2,000 keys and 500 policies: everything is
//! listed, and the server sees no write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_iam::Client;
use deprovision_aws::{Footprint, IamAccessKeys, IamGrants, Scope};
use deprovision_core::catalog::{Api, Catalog};
use deprovision_core::engine::Engine;
use deprovision_core::id::{ApiId, PersonId, ProviderId, WorkerId};
use deprovision_core::journal::MemoryJournal;
use deprovision_core::pipeline::{Erasure, Pipeline, ids};
use deprovision_core::policy::Policy;
use deprovision_core::retirement::Proposal;
use deprovision_core::steps::{Providers, standard_steps};
use deprovision_core::time::SystemClock;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::proxy::{Before, Lie, Proxy, Request};
use crate::world::{REGION, account, at};

const USERS: usize = 1000;
const POLICIES: usize = 500;

/// Every so many policies name the API.
const NAMING: usize = 5;

/// Counts what arrives, by the action of IAM's forms.
#[derive(Clone, Default)]
struct Counter {
    arrived: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Lie for Counter {
    fn before(&self, request: &Request) -> Before {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let action = body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .map_or_else(
                || format!("{} {}", request.method, request.path),
                str::to_owned,
            );
        *self.arrived.lock().unwrap().entry(action).or_default() += 1;
        Before::Pass
    }
}

/// Users under the path of the API, two keys each, and policies on the first of them.
async fn fill(client: &Client, invoke: &str) {
    let turns = Arc::new(Semaphore::new(4));
    let mut tasks = JoinSet::new();
    for number in 0..USERS {
        let (client, turns, invoke) = (client.clone(), turns.clone(), invoke.to_owned());
        tasks.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            let user = format!("user-{number}");
            let path = "/apis/orders/";
            client
                .create_user()
                .user_name(&user)
                .path(path)
                .send()
                .await
                .unwrap();
            for _ in 0..2 {
                client
                    .create_access_key()
                    .user_name(&user)
                    .send()
                    .await
                    .unwrap();
            }
            if number < POLICIES {
                let resource = if number % NAMING == 0 {
                    invoke
                } else {
                    format!("arn:aws:s3:::bucket-{number}/*")
                };
                let document = json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": resource},
                ]});
                let made = client.create_policy().policy_name(&user);
                let made = made
                    .policy_document(document.to_string())
                    .send()
                    .await
                    .unwrap();
                let arn = made.policy().unwrap().arn().unwrap().to_owned();
                let attach = client.attach_user_policy().user_name(&user);
                attach.policy_arn(arn).send().await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn a_dry_run_over_a_large_account_lists_everything_and_writes_nothing() {
    let account = account().await;
    let scope = Scope::new(&account.id, REGION).unwrap();
    let invoke = format!("arn:aws:execute-api:{REGION}:{}:abc123/*", account.id);
    fill(&Client::new(&account.config), &invoke).await;

    let counter = Counter::default();
    let upstream = account.config.endpoint_url().unwrap();
    let proxy = Proxy::start(upstream, counter.clone()).await;
    let client = Client::new(&at(&account.config, &proxy.endpoint));
    let id = ApiId::parse("orders-v1").unwrap();
    let keys = IamAccessKeys::new(&client, scope.clone())
        .path(&id, "/apis/orders/")
        .unwrap();
    let footprint = Footprint::empty().http_api(&scope, "abc123", None).unwrap();
    let grants = IamGrants::new(&client, scope).with_api(id.clone(), footprint);
    let mut api = Api::new(id.clone(), "Orders");
    api.resources.issuers = vec![keys.issuer_id().unwrap()];
    let (keys, grants) = (Arc::new(keys), Arc::new(grants));
    let aws = || ProviderId::parse("aws-iam").unwrap();
    let providers = Providers::new()
        .with_credentials(aws(), keys.clone(), keys)
        .with_grants(aws(), grants.clone(), grants);
    let clock = Arc::new(SystemClock::new());
    let mut catalog = Catalog::default();
    catalog.apis.insert(id, api.clone());
    let engine = Engine::builder()
        .journal(Arc::new(MemoryJournal::new(clock.clone())))
        .clock(clock)
        .worker(WorkerId::parse("dry-run").unwrap())
        .steps(standard_steps(&providers).unwrap())
        .catalog(catalog)
        .build()
        .unwrap();
    let mut policy = Policy::default();
    policy.limits.credentials = 5000;
    policy.limits.targets = 5000;
    let pipeline = Pipeline::standard(&policy, Erasure::Never).unwrap();
    let dana = PersonId::parse("dana").unwrap();
    let proposal = Proposal::new(api, dana, "idle", policy, pipeline);
    let retirement = engine.propose(proposal).await.unwrap();
    engine.plan(&retirement).await.unwrap();
    let state = engine.retirement(&retirement).await.unwrap();
    let (plan, _) = state.plan().expect("a dry run is the plan");

    let planned = |name: &str| {
        let step = plan.steps.iter().find(|step| step.step.as_str() == name);
        step.map_or(0, |step| step.actions.len())
    };
    assert_eq!(planned(ids::DISABLE_CREDENTIALS), 2 * USERS);
    assert_eq!(planned(ids::DELETE_CREDENTIALS), 2 * USERS);
    assert_eq!(planned(ids::REMOVE_GRANTS), POLICIES / NAMING);
    let arrived = counter.arrived.lock().unwrap().clone();
    assert!(
        arrived
            .keys()
            .all(|action| action.starts_with("Get") || action.starts_with("List")),
        "{arrived:?}"
    );
    assert!(arrived["ListAccessKeys"] >= USERS, "{arrived:?}");
}
