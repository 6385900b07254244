//! Secrets on moto.
//!
//! moto refuses to read deleted and scheduled secrets, and evaluates no resource
//! policy: for the denying statement it is the policy that moto keeps which counts here.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::Tag;
use deprovision_aws::{Scope, Secrets};
use deprovision_core::conformance::{self, CredentialFixture, Permits, Trouble, done, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{CredentialObserver, CredentialRevoker, CredentialState};
use deprovision_core::resource::{CredentialId, IssuerId};
use serde_json::{Value, json};

use crate::recorder::{Blinder, Recorder};
use crate::world;

struct Vault {
    client: Client,
    secrets: Secrets,
    blinder: Blinder,
    recorder: Recorder,
    next: std::sync::atomic::AtomicU32,
}

fn api(name: &str) -> ApiId {
    ApiId::parse(name).unwrap()
}

impl Vault {
    async fn new() -> Self {
        let account = world::account().await;
        let client = Client::new(&account.config);
        let (blinder, recorder) = (Blinder::default(), Recorder::default());
        let config = aws_sdk_secretsmanager::config::Builder::from(&account.config)
            .interceptor(blinder.clone())
            .interceptor(recorder.clone());
        let scope = Scope::new(&account.id, world::REGION).unwrap();
        let secrets = Secrets::new(&Client::from_conf(config.build()), scope);
        let vault = Self {
            client,
            secrets: secrets.tag(Secrets::DEFAULT_TAG),
            blinder,
            recorder,
            next: 0.into(),
        };
        // An account in which something is seen. Its tag begins like the API's id.
        vault.make("bystander", "orders-v10").await.unwrap();
        vault
    }

    async fn make(&self, name: &str, api: &str) -> Result<(), Trouble> {
        let tag = Tag::builder().key(Secrets::DEFAULT_TAG).value(api).build();
        let made = self.client.create_secret().name(name).tags(tag);
        made.secret_string("the value").send().await?;
        Ok(())
    }

    async fn policy(&self, name: &str) -> Option<Value> {
        let answer = self.client.get_resource_policy().secret_id(name).send();
        let text = answer.await.ok()?.resource_policy()?.to_owned();
        Some(serde_json::from_str(&text).unwrap())
    }
}

/// Whether a policy denies everybody to read, as IAM evaluates it.
fn denies(policy: &Value) -> bool {
    policy["Statement"].as_array().unwrap().iter().any(|one| {
        one["Effect"] == "Deny"
            && one["Principal"] == "*"
            && one["Action"] == "secretsmanager:GetSecretValue"
            && one["Resource"] == "*"
    })
}

#[async_trait]
impl CredentialFixture for Vault {
    fn observer(&self) -> &dyn CredentialObserver {
        &self.secrets
    }
    fn revoker(&self) -> &dyn CredentialRevoker {
        &self.secrets
    }
    fn issuer(&self) -> IssuerId {
        self.secrets.issuer_id().unwrap()
    }
    fn api(&self) -> ApiId {
        api("orders-v1")
    }
    fn other_api(&self) -> ApiId {
        api("orders-v2")
    }
    fn foreign(&self) -> CredentialId {
        "aws-secretsmanager:210987654321:us-east-1:orders/db"
            .parse()
            .unwrap()
    }
    async fn issue(&self, api: &ApiId) -> Result<Option<CredentialId>, Trouble> {
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("{api}/db-{number}");
        self.make(&name, api.as_str()).await?;
        Ok(Some(self.secrets.secret_id(&name)?))
    }
    async fn accepts(&self, id: &CredentialId, _: &ApiId) -> Result<bool, Trouble> {
        let read = self.client.get_secret_value().secret_id(id.name()).send();
        let read = read.await.is_ok();
        Ok(read
            && !self
                .policy(id.name())
                .await
                .is_some_and(|policy| denies(&policy)))
    }
    fn more_than_a_page(&self) -> usize {
        // More than the 100 that moto gives in a page would take long; paging is
        // tested with recorded answers.
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

#[tokio::test]
async fn secrets_keep_the_promises_of_credentials_and_are_never_read() {
    let vault = Vault::new().await;
    assert_eq!(conformance::credential(&vault).await.unwrap(), 14);
    let orders = vault.api();
    let policy = vault
        .secrets
        .permissions_to_observe(&orders)
        .and(vault.secrets.permissions_to_disable(&orders))
        .and(vault.secrets.permissions_to_delete(&orders));
    let mut allowed: BTreeSet<String> = policy
        .statement
        .iter()
        .flat_map(|statement| &statement.action)
        .map(|action| (*action).to_owned())
        .collect();
    // Nobody scheduled one here; the next test does.
    allowed.remove("secretsmanager:RestoreSecret");
    assert_eq!(vault.recorder.names(), allowed);
}

#[tokio::test]
async fn the_owner_s_policy_is_kept_and_one_that_somebody_scheduled_can_be_restored_and_deleted() {
    let vault = Vault::new().await;
    let orders = vault.api();
    let id = vault.issue(&orders).await.unwrap().unwrap();
    let own = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Reader", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
        "Principal": { "AWS": "arn:aws:iam::123456789012:role/reader" }, "Resource": "*",
    }]});
    let put = vault.client.put_resource_policy().secret_id(id.name());
    put.resource_policy(own.to_string()).send().await.unwrap();
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    done(vault.secrets.disable(&id, &permit).await.unwrap()).unwrap();
    assert!(denies(&vault.policy(id.name()).await.unwrap()));
    done(vault.secrets.restore(&id, &permit).await.unwrap()).unwrap();
    assert_eq!(vault.policy(id.name()).await, Some(own));

    let state = async || known(vault.secrets.credential(&id).await.unwrap()).unwrap();
    let schedule = async || {
        let delete = vault.client.delete_secret().secret_id(id.name());
        delete.recovery_window_in_days(7).send().await.unwrap();
    };
    schedule().await;
    assert!(matches!(state().await, CredentialState::Disabled { .. }));
    assert!(
        !vault.accepts(&id, &orders).await.unwrap(),
        "moto refuses it"
    );
    let listed = vault.secrets.credentials(&vault.issuer(), &orders).await;
    assert_eq!(known(listed.unwrap()).unwrap(), std::slice::from_ref(&id));
    vault.recorder.take();
    done(vault.secrets.restore(&id, &permit).await.unwrap()).unwrap();
    assert!(
        vault
            .recorder
            .names()
            .contains("secretsmanager:RestoreSecret")
    );
    assert!(vault.accepts(&id, &orders).await.unwrap());
    schedule().await;
    let warrant = permits.warrant(&orders, [id.clone().into()]).await.unwrap();
    done(vault.secrets.delete(&id, &warrant).await.unwrap()).unwrap();
    assert!(matches!(state().await, CredentialState::Absent { .. }));
}
