//! Access keys, on the moto that enforces IAM policies and on SeaweedFS.
//!
//! moto takes disabled keys, pages nothing and evaluates no resource of a user.
//! SeaweedFS refuses disabled keys, and has neither the details of an account nor the
//! last use of a key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use deprovision_aws::{IamAccessKeys, NeededPolicy, Scope};
use deprovision_core::conformance::{self, CredentialFixture, Permits, Trouble, done, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialObserver, CredentialRevoker, CredentialState, ErrorKind, Outcome,
};
use deprovision_core::resource::{CredentialId, IssuerId};

use crate::recorder::Recorder;
use crate::world;

fn api(name: &str) -> ApiId {
    ApiId::parse(name).unwrap()
}

/// A name that nobody else in the shared account has.
fn unique(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{}-{number}", std::process::id())
}

/// The policy without its resources, which moto does not evaluate for users.
fn widened(policy: &NeededPolicy) -> String {
    let mut json = serde_json::to_value(policy).unwrap();
    for statement in json["Statement"].as_array_mut().unwrap() {
        statement["Resource"] = "*".into();
    }
    json.to_string()
}

/// The actions that a policy allows.
fn actions(policy: &NeededPolicy) -> BTreeSet<String> {
    let all = policy.statement.iter().flat_map(|s| &s.action);
    all.map(|action| (*action).to_owned()).collect()
}

/// A user with a key of its own and one policy.
async fn user_with(
    admin: &Client,
    config: &SdkConfig,
    name: &str,
    policy: &str,
) -> Result<SdkConfig, Trouble> {
    admin.create_user().user_name(name).send().await?;
    admin
        .put_user_policy()
        .user_name(name)
        .policy_name("given")
        .policy_document(policy)
        .send()
        .await?;
    let made = admin.create_access_key().user_name(name).send().await?;
    let key = made.access_key().ok_or("no key")?;
    Ok(world::with_key(
        config,
        key.access_key_id(),
        key.secret_access_key(),
    ))
}

/// Users under two paths who make their keys themselves, and a retirer who may do
/// exactly what the adapter says it needs.
struct Enforced {
    admin: Client,
    config: SdkConfig,
    keys: IamAccessKeys,
    retirer: String,
    policy: String,
    root: String,
    users: Mutex<Vec<(ApiId, String)>>,
    secrets: Mutex<BTreeMap<CredentialId, (String, String)>>,
}

impl Enforced {
    async fn new() -> Self {
        let config = world::enforcing();
        let admin = Client::new(&config);
        let (retirer, root) = (unique("retirer"), unique("/apis"));
        let (orders, other) = (api("orders-v1"), api("orders-v2"));
        let adapter = |config: &SdkConfig| {
            let scope = Scope::new(world::ACCOUNT, world::REGION).unwrap();
            let keys = IamAccessKeys::new(&Client::new(config), scope);
            let keys = keys.path(&orders, &format!("{root}/v1/")).unwrap();
            keys.path(&other, &format!("{root}/v2/")).unwrap()
        };
        let keys = adapter(&config);
        let policy = keys
            .permissions_to_observe(&orders)
            .and(keys.permissions_to_disable(&orders))
            .and(keys.permissions_to_delete(&orders))
            .and(keys.permissions_to_freeze(&orders));
        let policy = widened(&policy);
        let mine = user_with(&admin, &config, &retirer, &policy).await.unwrap();
        Self {
            keys: adapter(&mine),
            admin,
            config,
            retirer,
            policy,
            root,
            users: Mutex::default(),
            secrets: Mutex::default(),
        }
    }

    async fn keys_of(&self, user: &str) -> Result<BTreeMap<String, StatusType>, Trouble> {
        let listed = self.admin.list_access_keys().user_name(user).send().await?;
        let keys = listed.access_key_metadata().iter();
        Ok(keys
            .map(|key| {
                (
                    key.access_key_id().unwrap().to_owned(),
                    key.status().unwrap().clone(),
                )
            })
            .collect())
    }

    /// A user of the API without keys.
    async fn free_user(&self, api: &ApiId) -> Result<String, Trouble> {
        let users = self.users.lock().unwrap().clone();
        for (_, user) in users.iter().filter(|(of, _)| of == api) {
            if self.keys_of(user).await?.is_empty() {
                return Ok(user.clone());
            }
        }
        let name = unique("svc");
        let path = format!("{}/{}/", self.root, &api.as_str()["orders-".len()..]);
        self.admin
            .create_user()
            .user_name(&name)
            .path(path)
            .send()
            .await?;
        let itself = serde_json::json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*" },
        ]});
        self.admin
            .put_user_policy()
            .user_name(&name)
            .policy_name("self-service")
            .policy_document(itself.to_string())
            .send()
            .await?;
        let mut users = self.users.lock().unwrap();
        users.push((api.clone(), name.clone()));
        Ok(name)
    }
}

#[async_trait]
impl CredentialFixture for Enforced {
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
        api("orders-v1")
    }
    fn other_api(&self) -> ApiId {
        api("orders-v2")
    }
    fn foreign(&self) -> CredentialId {
        "aws-iam:210987654321:global:ci/AKIAIOSFODNN7EXAMPLE"
            .parse()
            .unwrap()
    }
    /// As a service renews its key: with the old one it makes the new one itself.
    async fn issue(&self, api: &ApiId) -> Result<Option<CredentialId>, Trouble> {
        let user = self.free_user(api).await?;
        let first = self
            .admin
            .create_access_key()
            .user_name(&user)
            .send()
            .await?;
        let first = first.access_key().ok_or("no key")?;
        let itself = world::with_key(
            &self.config,
            first.access_key_id(),
            first.secret_access_key(),
        );
        let made = Client::new(&itself).create_access_key().user_name(&user);
        let made = made.send().await;
        self.admin
            .delete_access_key()
            .user_name(&user)
            .access_key_id(first.access_key_id())
            .send()
            .await?;
        let made = match made {
            Ok(made) => made,
            // moto's refusal has a form in which the SDK finds no code.
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|raw| raw.status().as_u16() == 403) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let key = made.access_key().ok_or("no key")?;
        let id = self.keys.key_id(&user, key.access_key_id())?;
        let pair = (
            key.access_key_id().to_owned(),
            key.secret_access_key().to_owned(),
        );
        self.secrets.lock().unwrap().insert(id.clone(), pair);
        Ok(Some(id))
    }
    /// moto refuses deleted keys itself; disabled ones it lets in, so for them it is
    /// the state that it keeps which counts.
    async fn accepts(&self, id: &CredentialId, _: &ApiId) -> Result<bool, Trouble> {
        let (key, secret) = self.secrets.lock().unwrap()[id].clone();
        let itself = world::with_key(&self.config, &key, &secret);
        let let_in = aws_sdk_sts::Client::new(&itself)
            .get_caller_identity()
            .send()
            .await
            .is_ok();
        let user = id.name().split('/').next().unwrap_or_default();
        let state = self.keys_of(user).await?.get(&key).cloned();
        Ok(let_in && state != Some(StatusType::Inactive))
    }
    fn more_than_a_page(&self) -> usize {
        // moto pages nothing; paging is tested with recorded answers.
        3
    }
    fn can_freeze(&self) -> bool {
        true
    }
    async fn blind(&self, blind: bool) -> Result<(), Trouble> {
        let policy = if blind {
            self.policy.replace("iam:ListAccessKeys", "iam:ListGroups")
        } else {
            self.policy.clone()
        };
        self.admin
            .put_user_policy()
            .user_name(&self.retirer)
            .policy_name("given")
            .policy_document(policy)
            .send()
            .await?;
        Ok(())
    }
    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

#[tokio::test]
async fn access_keys_keep_the_promises_of_credentials() {
    assert_eq!(
        conformance::credential(&Enforced::new().await)
            .await
            .unwrap(),
        16
    );
}

#[tokio::test]
async fn each_task_sends_exactly_what_its_policy_allows_and_works_under_it_alone() {
    let config = world::enforcing();
    let admin = Client::new(&config);
    let (orders, root) = (api("orders-v1"), unique("/apis"));
    let path = format!("{root}/v1/");
    let (user, gone) = (unique("svc"), unique("gone"));
    admin
        .create_user()
        .user_name(&user)
        .path(&path)
        .send()
        .await
        .unwrap();
    let made = admin.create_access_key().user_name(&user).send().await;
    let made = made.unwrap();
    let key = made.access_key().unwrap().access_key_id();
    let adapter = |client: &Client| {
        let scope = Scope::new(world::ACCOUNT, world::REGION).unwrap();
        IamAccessKeys::new(client, scope)
            .path(&orders, &path)
            .unwrap()
    };
    let plain = adapter(&admin);
    let as_user = async |policy: &NeededPolicy| {
        let mine = user_with(&admin, &config, &unique("task"), &widened(policy)).await;
        let recorder = Recorder::default();
        let client = aws_sdk_iam::config::Builder::from(&mine.unwrap())
            .interceptor(recorder.clone())
            .build();
        (adapter(&Client::from_conf(client)), recorder)
    };
    let (permits, id) = (Permits::new(), plain.key_id(&user, key).unwrap());
    let permit = permits.permit().await.unwrap();
    let issuer = plain.issuer_id().unwrap();

    let policy = plain.permissions_to_observe(&orders);
    let (keys, recorder) = as_user(&policy).await;
    let listed = known(keys.credentials(&issuer, &orders).await.unwrap()).unwrap();
    assert_eq!(listed, std::slice::from_ref(&id));
    known(keys.credential(&id).await.unwrap()).unwrap();
    for absent in [
        keys.key_id(&user, "AKIAIOSFODNN7EXAMPLE").unwrap(),
        keys.key_id(&gone, "AKIAIOSFODNN7EXAMPLE").unwrap(),
    ] {
        let seen = known(keys.credential(&absent).await.unwrap()).unwrap();
        assert!(matches!(seen, CredentialState::Absent { .. }), "{seen:?}");
    }
    known(keys.issuer(&issuer, &orders).await.unwrap()).unwrap();
    assert_eq!(recorder.names(), actions(&policy));

    let policy = plain.permissions_to_freeze(&orders);
    let (keys, recorder) = as_user(&policy).await;
    done(
        keys.freeze_issuance(&issuer, &orders, &permit)
            .await
            .unwrap(),
    )
    .unwrap();
    done(
        keys.unfreeze_issuance(&issuer, &orders, &permit)
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(recorder.names(), actions(&policy));

    let policy = plain.permissions_to_disable(&orders);
    let (keys, recorder) = as_user(&policy).await;
    done(keys.disable(&id, &permit).await.unwrap()).unwrap();
    done(keys.restore(&id, &permit).await.unwrap()).unwrap();
    let each = keys.disable_each(std::slice::from_ref(&id), &permit).await;
    assert!(matches!(each[&id], Ok(Outcome::Done { .. })), "{each:?}");
    assert_eq!(recorder.names(), actions(&policy));
    let refused = keys.credential(&id).await.unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Denied, "and nothing else");
    recorder.take();

    let policy = plain.permissions_to_delete(&orders);
    let (keys, recorder) = as_user(&policy).await;
    let absent = keys.key_id(&gone, "AKIAIOSFODNN7EXAMPLE").unwrap();
    for id in [&id, &id, &absent] {
        let warrant = permits.warrant(&orders, [id.clone().into()]).await.unwrap();
        done(keys.delete(id, &warrant).await.unwrap()).unwrap();
    }
    assert_eq!(recorder.names(), actions(&policy));
}

#[tokio::test]
async fn tags_on_a_user_bind_all_its_keys_or_one_and_names_bind_what_they_name() {
    let account = world::account().await;
    let client = Client::new(&account.config);
    let mut made = BTreeMap::new();
    for user in ["whole", "single", "named", "other"] {
        client.create_user().user_name(user).send().await.unwrap();
        for number in 0..2 {
            let answer = client.create_access_key().user_name(user).send().await;
            let key = answer
                .unwrap()
                .access_key()
                .unwrap()
                .access_key_id()
                .to_owned();
            made.insert((user, number), key);
        }
    }
    let tag = async |user: &str, key: &str, value: &str| {
        let tag = aws_sdk_iam::types::Tag::builder().key(key).value(value);
        let tag = tag.build().unwrap();
        client
            .tag_user()
            .user_name(user)
            .tags(tag)
            .send()
            .await
            .unwrap();
    };
    tag("whole", "deprovision:api", "orders-v1").await;
    tag("single", &made[&("single", 1)], "orders-v1").await;
    tag("single", &made[&("single", 0)], "orders-v2").await;
    tag("other", "deprovision:api", "orders-v10").await;
    let scope = Scope::new(&account.id, world::REGION).unwrap();
    let keys = IamAccessKeys::new(&client, scope);
    let id = |user: &'static str, number: i32| keys.key_id(user, &made[&(user, number)]).unwrap();
    let orders = api("orders-v1");
    let bound = keys
        .clone()
        .user_tag(IamAccessKeys::DEFAULT_USER_TAG)
        .key_tags()
        .named(&orders, [id("named", 0)])
        .unwrap();
    let issuer = keys.issuer_id().unwrap();
    let listed = known(bound.credentials(&issuer, &orders).await.unwrap()).unwrap();
    let mut expected = vec![
        id("whole", 0),
        id("whole", 1),
        id("single", 1),
        id("named", 0),
    ];
    expected.sort();
    assert_eq!(listed, expected);
    // Nothing bound is not nothing there.
    let unbound = keys.credentials(&issuer, &orders).await.unwrap();
    assert!(
        unbound.doubt().unwrap().contains("nothing says"),
        "{unbound:?}"
    );
    // Another account is an error, however much it looks like an empty one.
    let elsewhere = Scope::new("210987654321", world::REGION).unwrap();
    let elsewhere = IamAccessKeys::new(&client, elsewhere)
        .path(&orders, "/nobody/")
        .unwrap();
    let issuer = elsewhere.issuer_id().unwrap();
    let error = elsewhere.credentials(&issuer, &orders).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Invalid);
    let absent = elsewhere.key_id("whole", "AKIAIOSFODNN7EXAMPLE").unwrap();
    assert!(elsewhere.credential(&absent).await.is_err());
}

#[tokio::test]
async fn a_disabled_key_is_really_refused_a_restored_one_works_and_a_deleted_one_does_not() {
    let config = world::seaweedfs();
    let admin = Client::new(&config);
    let user = unique("svc");
    admin.create_user().user_name(&user).send().await.unwrap();
    let scope = Scope::new(world::ACCOUNT, world::REGION).unwrap();
    let keys = IamAccessKeys::new(&admin, scope);
    let mut made = Vec::new();
    for _ in 0..2 {
        let answer = admin.create_access_key().user_name(&user).send().await;
        let answer = answer.unwrap();
        let key = answer.access_key().unwrap();
        let config = world::with_key(&config, key.access_key_id(), key.secret_access_key());
        let id = keys.key_id(&user, key.access_key_id()).unwrap();
        made.push((id, aws_sdk_s3::Client::new(&config)));
    }
    let [(id, caller), (_, sibling)] = made.as_slice() else {
        unreachable!("two were made")
    };
    // Without a policy a known key is told AccessDenied, or has an empty list.
    let known_key = async |s3: &aws_sdk_s3::Client| match s3.list_buckets().send().await {
        Ok(_) => true,
        Err(error) => {
            let code = error.into_service_error().meta().code().map(str::to_owned);
            code.as_deref() != Some("InvalidAccessKeyId")
        }
    };
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    for round in 0..2 {
        assert!(known_key(caller).await, "round {round}");
        done(keys.disable(id, &permit).await.unwrap()).unwrap();
        assert!(!known_key(caller).await, "round {round}: it is refused");
        assert!(
            known_key(sibling).await,
            "round {round}: its sibling is not"
        );
        let state = known(keys.credential(id).await.unwrap()).unwrap();
        assert_eq!(state, CredentialState::Disabled { last_used: None });
        done(keys.restore(id, &permit).await.unwrap()).unwrap();
    }
    assert!(known_key(caller).await, "a restored one works again");
    done(keys.disable(id, &permit).await.unwrap()).unwrap();
    let orders = api("orders-v1");
    let warrant = permits.warrant(&orders, [id.clone().into()]).await.unwrap();
    done(keys.delete(id, &warrant).await.unwrap()).unwrap();
    assert!(!known_key(caller).await, "a deleted one is refused");
    assert!(known_key(sibling).await);
}
