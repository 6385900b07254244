//! Showing what is true at the end: the servers are asked again, past the adapters.

use std::collections::BTreeMap;

use deprovision_core::digest::Digest;
use deprovision_core::provider::{ArchiveReader, ArchiveState, Archiver};
use deprovision_examples::{Checks, Problem};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::AsyncReadExt;

use crate::clients::Clients;
use crate::parts::Store;
use crate::peers::made::{Made, NEIGHBOUR, PARTNER, SECRET, STAGE, USERS};
use crate::retiring::Retiring;

/// What is asked, and where.
pub(crate) struct Show<'a> {
    pub(crate) checks: Checks<'a>,
    pub(crate) made: &'a Made,
    pub(crate) clients: &'a Clients,
    /// Where the APIs are served.
    pub(crate) base: &'a str,
}

impl Show<'_> {
    /// The access keys and the secret are gone, and what is others' is not.
    pub(crate) async fn keys(&mut self) -> Result<(), Problem> {
        for user in USERS {
            let left = self.keys_of(user).await?;
            self.checks
                .check(left == 0, format!("access keys of {user}: {left}"));
        }
        let left = self.keys_of(NEIGHBOUR).await?;
        let told = format!("access keys of {NEIGHBOUR}, who calls version 2: {left}");
        self.checks.check(left == 1, told);
        let own = self.clients.apigateway.get_api_key();
        let own = own.api_key(&self.made.own_key).send().await;
        let is_gone = own
            .as_ref()
            .err()
            .and_then(|error| error.as_service_error())
            .is_some_and(|error| error.is_not_found_exception());
        self.checks
            .check(is_gone, "the API key of version 1 alone: gone");
        let secret = self.clients.secretsmanager.describe_secret();
        let secret = secret.secret_id(SECRET).send().await;
        let is_gone = secret
            .as_ref()
            .err()
            .and_then(|error| error.as_service_error())
            .is_some_and(|error| error.is_resource_not_found_exception());
        self.checks.check(is_gone, "the secret of version 1: gone");
        Ok(())
    }

    async fn keys_of(&self, user: &str) -> Result<usize, Problem> {
        let keys = self.clients.iam.list_access_keys().user_name(user);
        Ok(keys.send().await?.access_key_metadata().len())
    }

    /// Nobody is let in to version 1, and to version 2 everybody who was.
    pub(crate) async fn grants(&mut self) -> Result<(), Problem> {
        let (v1, v2) = (self.made.orders_v1.as_str(), self.made.orders_v2.as_str());
        for (user, may_call_v2) in [("billing", false), ("reports", true), (NEIGHBOUR, true)] {
            let said = self.policies_of(user).await?;
            self.checks.check(
                !said.contains(v1) && said.contains(v2) == may_call_v2,
                format!(
                    "policies of {user}: nothing of version 1{}",
                    if may_call_v2 {
                        ", version 2 as before"
                    } else {
                        ""
                    }
                ),
            );
        }
        for (plan, name, stays) in [
            (&self.made.own_plan, "orders-v1", false),
            (&self.made.partner_plan, "partners", true),
        ] {
            let plan = self.clients.apigateway.get_usage_plan().usage_plan_id(plan);
            let plan = plan.send().await?;
            let holds = |api: &str| {
                plan.api_stages()
                    .iter()
                    .any(|stage| stage.api_id() == Some(api))
            };
            self.checks.check(
                !holds(v1) && holds(v2) == stays,
                format!(
                    "usage plan {name}: without version 1{}",
                    if stays { ", with version 2" } else { "" }
                ),
            );
        }
        Ok(())
    }

    async fn policies_of(&self, user: &str) -> Result<String, Problem> {
        let iam = &self.clients.iam;
        let names = iam.list_user_policies().user_name(user).send().await?;
        let mut all = String::new();
        for name in names.policy_names() {
            let policy = iam.get_user_policy().user_name(user).policy_name(name);
            all.push_str(policy.send().await?.policy_document());
        }
        Ok(all)
    }

    /// Version 1 answers 410 to everybody, and version 2 as ever.
    pub(crate) async fn paths(&mut self) -> Result<(), Problem> {
        for (what, path, key) in [
            ("with the partner's key", "orders", Some(PARTNER)),
            ("without a key", "orders", None),
            ("at an unknown route", "nothing/here", None),
        ] {
            let (status, kind, body) = self.get(&self.made.orders_v1, path, key).await?;
            let problem: Value = serde_json::from_str(&body).unwrap_or_default();
            let successor = problem["successor"].as_str().unwrap_or_default();
            self.checks.check(
                status == 410
                    && kind == "application/problem+json"
                    && successor.ends_with("/v2/orders"),
                format!("GET version 1 {what}: {status} {kind}, successor {successor}"),
            );
        }
        let (status, _, body) = self
            .get(&self.made.orders_v2, "orders", Some(PARTNER))
            .await?;
        self.checks.check(
            status == 200 && body.contains("orders-v2"),
            format!("GET version 2 with the partner's key: {status}"),
        );
        Ok(())
    }

    async fn get(
        &self,
        api: &str,
        path: &str,
        key: Option<&str>,
    ) -> Result<(u16, String, String), Problem> {
        let mut request = http::Request::get(format!("{}/{api}/{STAGE}/{path}", self.base));
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<axum::body::Bytes>>();
        let response = client.request(request.body(Empty::new())?).await?;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type");
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.to_owned();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, kind, String::from_utf8_lossy(&body).into_owned()))
    }

    /// The data is gone with all its versions, and its archive gives it back.
    pub(crate) async fn data(
        &mut self,
        retiring: &Retiring,
        before: &BTreeMap<String, Digest>,
    ) -> Result<(), Problem> {
        let left = self.clients.s3.list_object_versions();
        let left = left.bucket(&self.made.data).send().await?;
        let left = left.versions().len() + left.delete_markers().len();
        self.checks.check(
            left == 0,
            format!("versions of objects and delete markers left in the data: {left}"),
        );
        let Some(Store { archive, .. }) = &retiring.parts.store else {
            self.checks.check(false, "there is no archive");
            return Ok(());
        };
        for dataset in &retiring.api.resources.datasets {
            let id = archive.archive_of(dataset, &retiring.id()?)?;
            let state = ArchiveReader::archive(archive, &id).await?;
            let Some(ArchiveState::Finished { manifest, .. }) = state.known_completely() else {
                self.checks.check(false, "the archive is not there");
                return Ok(());
            };
            let mut back = BTreeMap::new();
            for name in manifest.objects.keys() {
                let mut bytes = Vec::new();
                let mut stream = archive.open_archived(&id, name).await?;
                stream.read_to_end(&mut bytes).await?;
                back.insert(name.clone(), Digest::of_bytes(&bytes));
            }
            self.checks.check(
                back == *before && !before.is_empty(),
                format!(
                    "the archive gives back all {} objects byte for byte",
                    back.len()
                ),
            );
        }
        let kept = self.clients.s3.list_objects_v2();
        let kept = kept.bucket(&self.made.archives).send().await?;
        let mut locked = 0;
        for object in kept.contents() {
            let head = self.clients.s3.head_object().bucket(&self.made.archives);
            let head = head.key(object.key().unwrap_or_default()).send().await?;
            locked += usize::from(head.object_lock_retain_until_date().is_some());
        }
        let all = kept.contents().len();
        self.checks.check(
            locked == all && all > 0,
            format!("objects of the archive under Object Lock: {locked} of {all}"),
        );
        Ok(())
    }
}
