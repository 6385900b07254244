//! What is made for the demonstration, in an account of its own.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_apigateway::types::{ApiStage, IntegrationType};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use deprovision_core::observation::Observation;
use deprovision_core::time::SystemClock;
use deprovision_examples::{Files, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clients::Clients;
use crate::config::Config;
use crate::peers::servers::{REGION, Servers};
use crate::retiring::Retiring;

/// The names of all that was made, as they are kept for the next run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    pub(crate) account: String,
    /// The API that goes and the one that stays.
    pub(crate) orders_v1: String,
    pub(crate) orders_v2: String,
    /// A key of version 1 alone, and one of a partner who calls both.
    pub(crate) own_key: String,
    pub(crate) partner_key: String,
    pub(crate) own_plan: String,
    pub(crate) partner_plan: String,
    pub(crate) data: String,
    pub(crate) archives: String,
    pub(crate) scratch: String,
}

/// The users under the path of version 1, and one who has nothing to do with it.
pub(crate) const USERS: [&str; 2] = ["billing", "reports"];
pub(crate) const NEIGHBOUR: &str = "web";

/// The stage of both APIs.
pub(crate) const STAGE: &str = "prod";

/// The secret of version 1, and the one of version 2.
pub(crate) const SECRET: &str = "orders-v1/password";
const SECRET_OF_V2: &str = "orders-v2/password";

/// The value of the partner's key.
pub(crate) const PARTNER: &str = "the-key-of-a-partner-who-calls-both";

/// A file of ours, with the names of this account in the place of the sample's.
fn of_this_account(sample: &str, made: &Made) -> String {
    [
        ("123456789012", &made.account),
        ("a1b2c3d4e5", &made.orders_v1),
        ("f6g7h8i9j0", &made.orders_v2),
        ("shop-orders-v1", &made.data),
        ("shop-archives", &made.archives),
        ("shop-scratch", &made.scratch),
    ]
    .iter()
    .fold(sample.to_owned(), |text, (sample, ours)| {
        text.replace(sample, ours)
    })
}

impl Made {
    /// What was made before, or else all of it, now.
    pub(crate) async fn open(servers: &Servers, files: &Files) -> Result<(Self, Clients), Problem> {
        if let Some(text) = files.read("made.json")? {
            let made: Self = serde_json::from_str(&text)?;
            let clients = servers.clients(&made.account).await?;
            let stays = clients
                .apigateway
                .get_rest_api()
                .rest_api_id(&made.orders_v2);
            stays.send().await.map_err(|_| {
                format!(
                    "{} was made with servers that have stopped, and what they kept is gone with \
                     them; name another directory",
                    files.root().display()
                )
            })?;
            return Ok((made, clients));
        }
        let mut random = [0u8; 8];
        getrandom::fill(&mut random)?;
        let number = u64::from_le_bytes(random) % 100_000_000_000;
        let account = format!("{:012}", 300_000_000_000 + number);
        let clients = servers.clients(&account).await?;
        let made = make(&clients, account).await?;
        files.write("policy.toml", include_str!("../policy.toml"))?;
        let catalog = of_this_account(include_str!("../catalog.yaml"), &made);
        files.write("catalog.yaml", catalog)?;
        let retire = of_this_account(include_str!("../retire.toml"), &made);
        files.write("retire.toml", retire)?;
        accept_the_administrator(&files.path("retire.toml"), &clients).await?;
        // Last: what was made half is made anew, in another account.
        files.write("made.json", serde_json::to_string_pretty(&made)?)?;
        Ok((made, clients))
    }
}

/// A person looked at what lets the administrator in, and wrote that into the file.
async fn accept_the_administrator(file: &Path, clients: &Clients) -> Result<(), Problem> {
    let clock = Arc::new(SystemClock::new());
    let retiring = Retiring::new(Config::read(file)?, clients, clock)?;
    let Observation::Known { value: survey, .. } = retiring.survey().await? else {
        return Err("moto does not say who is let in".into());
    };
    let looked_at: Vec<String> = survey
        .covering
        .iter()
        .filter(|found| found.principal == "user administrator")
        .map(|found| format!("\"{}\"", found.id))
        .collect();
    let accepted = format!("accepted = [{}]", looked_at.join(", "));
    let text = std::fs::read_to_string(file)?.replace("accepted = []", &accepted);
    std::fs::write(file, text)?;
    Ok(())
}

async fn make(clients: &Clients, account: String) -> Result<Made, Problem> {
    let orders_v1 = rest_api(&clients.apigateway, "orders-v1").await?;
    let orders_v2 = rest_api(&clients.apigateway, "orders-v2").await?;
    let own_plan = plan(&clients.apigateway, "orders-v1", &[&orders_v1]).await?;
    let own_key = key(
        &clients.apigateway,
        "shop",
        "a-key-of-version-1-alone",
        &own_plan,
    )
    .await?;
    let both = [orders_v1.as_str(), &orders_v2];
    let partner_plan = plan(&clients.apigateway, "partners", &both).await?;
    let partner_key = key(&clients.apigateway, "partner", PARTNER, &partner_plan).await?;
    let calls = |api: &str| format!("arn:aws:execute-api:{REGION}:{account}:{api}/*");
    let (v1, v2) = (calls(&orders_v1), calls(&orders_v2));
    for (user, path, may) in [
        ("billing", "/apis/orders-v1/", json!([v1])),
        ("reports", "/apis/orders-v1/", json!([v1, v2])),
        (NEIGHBOUR, "/apis/orders-v2/", json!([v2])),
    ] {
        user_with_key(&clients.iam, user, path, &may).await?;
    }
    administrator(&clients.iam).await?;
    // That one is gone is only believed while another is seen.
    for name in [SECRET, SECRET_OF_V2] {
        let create = clients.secretsmanager.create_secret().name(name);
        create.secret_string("what opens a database").send().await?;
    }
    let [data, archives, scratch] =
        ["orders-v1", "archives", "scratch"].map(|what| format!("{what}-{account}"));
    for bucket in [&data, &archives, &scratch] {
        let is_locked = bucket == &archives;
        let create = clients.s3.create_bucket().bucket(bucket);
        create
            .set_object_lock_enabled_for_bucket(is_locked.then_some(true))
            .send()
            .await?;
    }
    fill(&clients.s3, &data).await?;
    Ok(Made {
        account,
        orders_v1,
        orders_v2,
        own_key,
        partner_key,
        own_plan,
        partner_plan,
        data,
        archives,
        scratch,
    })
}

/// An API that answers by itself, to whoever has a key.
async fn rest_api(client: &aws_sdk_apigateway::Client, name: &str) -> Result<String, Problem> {
    let made = client.create_rest_api().name(name).send().await?;
    let api = made.id().ok_or("moto gave no API")?.to_owned();
    let resource = client
        .create_resource()
        .rest_api_id(&api)
        .parent_id(made.root_resource_id().unwrap_or_default())
        .path_part("orders")
        .send()
        .await?;
    let resource = resource.id().unwrap_or_default();
    client
        .put_method()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .authorization_type("NONE")
        .api_key_required(true)
        .send()
        .await?;
    client
        .put_method_response()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .status_code("200")
        .send()
        .await?;
    client
        .put_integration()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .r#type(IntegrationType::Mock)
        .request_templates("application/json", r#"{"statusCode":200}"#)
        .send()
        .await?;
    client
        .put_integration_response()
        .rest_api_id(&api)
        .resource_id(resource)
        .http_method("GET")
        .status_code("200")
        .response_templates(
            "application/json",
            json!({ name: [1001, 1002] }).to_string(),
        )
        .send()
        .await?;
    let deployment = client.create_deployment().rest_api_id(&api).send().await?;
    client
        .create_stage()
        .rest_api_id(&api)
        .stage_name(STAGE)
        .deployment_id(deployment.id().unwrap_or_default())
        .send()
        .await?;
    Ok(api)
}

async fn plan(
    client: &aws_sdk_apigateway::Client,
    name: &str,
    apis: &[&str],
) -> Result<String, Problem> {
    let stages = apis
        .iter()
        .map(|api| ApiStage::builder().api_id(*api).stage(STAGE).build());
    let create = client.create_usage_plan().name(name);
    let made = create.set_api_stages(Some(stages.collect())).send().await?;
    Ok(made.id().ok_or("moto gave no usage plan")?.to_owned())
}

async fn key(
    client: &aws_sdk_apigateway::Client,
    name: &str,
    value: &str,
    plan: &str,
) -> Result<String, Problem> {
    let create = client.create_api_key().name(name).value(value);
    let made = create.enabled(true).send().await?;
    let id = made.id().ok_or("moto gave no key")?.to_owned();
    client
        .create_usage_plan_key()
        .usage_plan_id(plan)
        .key_id(&id)
        .key_type("API_KEY")
        .send()
        .await?;
    Ok(id)
}

async fn user_with_key(
    client: &aws_sdk_iam::Client,
    name: &str,
    path: &str,
    may_call: &serde_json::Value,
) -> Result<(), Problem> {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": may_call },
    ]});
    client
        .create_user()
        .user_name(name)
        .path(path)
        .send()
        .await?;
    client
        .put_user_policy()
        .user_name(name)
        .policy_name("calls")
        .policy_document(policy.to_string())
        .send()
        .await?;
    client.create_access_key().user_name(name).send().await?;
    Ok(())
}

/// Somebody who may do everything, as every account has one: no grant of the API, and yet
/// lets somebody in.
async fn administrator(client: &aws_sdk_iam::Client) -> Result<(), Problem> {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
    ]});
    client
        .create_user()
        .user_name("administrator")
        .send()
        .await?;
    client
        .put_user_policy()
        .user_name("administrator")
        .policy_name("everything")
        .policy_document(policy.to_string())
        .send()
        .await?;
    Ok(())
}

/// Orders, among them an empty one, one with an odd name, and one that takes two parts.
async fn fill(client: &aws_sdk_s3::Client, bucket: &str) -> Result<(), Problem> {
    let enabled = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    client
        .put_bucket_versioning()
        .bucket(bucket)
        .versioning_configuration(enabled)
        .send()
        .await?;
    let mut orders = vec![
        ("2019 (old) ü.json".to_owned(), b"{}\n".to_vec()),
        ("empty.json".to_owned(), Vec::new()),
        ("all.csv".to_owned(), b"order,line\n".repeat(1 << 20)),
    ];
    for number in 1001..1013 {
        let line = format!("{{\"order\":{number}}}\n");
        orders.push((format!("{number}.json"), line.into_bytes()));
    }
    for (key, bytes) in orders {
        let put = client.put_object().bucket(bucket).key(key);
        put.body(bytes.into()).send().await?;
    }
    Ok(())
}
