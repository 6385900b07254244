//! Grants against moto.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use deprovision_aws::{Footprint, GrantSurvey, IamGrants, NeededPolicy, Scope};
use deprovision_core::conformance::{Permits, done, grant};
use deprovision_core::observation::Observation;
use deprovision_core::provider::{GrantObserver, GrantState, Outcome, PermissionAuditor};
use deprovision_core::resource::GrantId;
use serde_json::{Value, json};

use crate::grants_fixture::{Buckets, Way, allow, api, s3};
use crate::recorder::Recorder;
use crate::world::{ACCOUNT, Account, REGION, account, enforcing, with_key};

/// One after the other: all of them share the account that enforces policies.
static ENFORCING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn policies_inside_users_keep_the_promises_of_grants() {
    let _alone = ENFORCING.lock().await;
    assert_eq!(grant(&Buckets::new(Way::Inline).await).await.unwrap(), 7);
}

#[tokio::test]
async fn managed_policies_keep_the_promises_of_grants() {
    let _alone = ENFORCING.lock().await;
    assert_eq!(grant(&Buckets::new(Way::Managed).await).await.unwrap(), 7);
}

#[tokio::test]
async fn policies_of_groups_keep_the_promises_of_grants() {
    let _alone = ENFORCING.lock().await;
    assert_eq!(grant(&Buckets::new(Way::Group).await).await.unwrap(), 7);
}

/// An account with an API that is a bucket, a REST API and a secret.
struct World {
    account: Account,
    iam: aws_sdk_iam::Client,
    grants: IamGrants,
    permits: Permits,
    rest_api: String,
    bucket: String,
}

impl World {
    async fn new() -> Self {
        let account = account().await;
        let config = &account.config;
        let scope = Scope::new(&account.id, REGION).unwrap();
        let iam = aws_sdk_iam::Client::new(config);
        iam.create_user()
            .user_name("somebody")
            .send()
            .await
            .unwrap();
        let bucket = format!("orders-{}", account.id);
        s3(config)
            .create_bucket()
            .bucket(&bucket)
            .send()
            .await
            .unwrap();
        let gateway = aws_sdk_apigateway::Client::new(config);
        let made = gateway
            .create_rest_api()
            .name("orders")
            .send()
            .await
            .unwrap();
        let rest_api = made.id.unwrap();
        let secrets = aws_sdk_secretsmanager::Client::new(config);
        let create = secrets
            .create_secret()
            .name("orders/key")
            .secret_string("x");
        create.send().await.unwrap();
        let footprint = Footprint::empty()
            .rest_api(&scope, &rest_api, None)
            .and_then(|it| it.bucket(&scope, &bucket, None))
            .and_then(|it| it.secret(&scope, "orders/key"))
            .unwrap();
        let grants = IamGrants::new(&iam, scope)
            .with_api(api("orders"), footprint)
            .with_buckets(&s3(config))
            .with_rest_apis(&gateway)
            .with_secrets(&secrets);
        let permits = Permits::new();
        Self {
            account,
            iam,
            grants,
            permits,
            rest_api,
            bucket,
        }
    }

    fn invoke(&self) -> String {
        format!(
            "arn:aws:execute-api:{REGION}:{}:{}/*",
            self.account.id, self.rest_api
        )
    }

    async fn survey(&self) -> (GrantSurvey, bool) {
        match self.grants.survey(&api("orders")).await.unwrap() {
            seen @ Observation::Known { .. } => {
                let complete = seen.doubt().is_none();
                let Observation::Known { value, .. } = seen else {
                    unreachable!()
                };
                (value, complete)
            }
            Observation::Unknown { why } => panic!("{why}"),
        }
    }

    /// The only grant.
    async fn only(&self) -> GrantId {
        let (survey, complete) = self.survey().await;
        assert!(complete, "{:?}", survey.doubt());
        assert_eq!(survey.naming.len(), 1, "{:?}", survey.naming);
        survey.naming[0].id.clone()
    }

    async fn document(&self, id: &GrantId) -> Value {
        match self.grants.grant(id).await.unwrap() {
            Observation::Known {
                value: GrantState::Present { document, .. },
                ..
            } => document,
            other => panic!("{other:?}"),
        }
    }

    /// Gives the receipt.
    async fn remove(&self, id: &GrantId) -> String {
        let permit = self.permits.permit().await.unwrap();
        let outcome = self.grants.remove(id, &permit).await.unwrap();
        let state = self.grants.grant(id).await.unwrap();
        assert!(
            matches!(state.known_completely(), Some(GrantState::Absent { .. })),
            "{state:?}"
        );
        done(outcome).unwrap()
    }

    /// Gives the receipt.
    async fn put_back(&self, id: &GrantId, document: &Value) -> String {
        let permit = self.permits.permit().await.unwrap();
        let outcome = self.grants.put_back(id, document, &permit).await.unwrap();
        done(outcome).unwrap()
    }

    async fn managed(&self, name: &str, document: String) -> String {
        let create = self.iam.create_policy().policy_name(name).path("/team/");
        let create = create.description("by hand").policy_document(document);
        let tag = aws_sdk_iam::types::Tag::builder()
            .key("team")
            .value("money")
            .build()
            .unwrap();
        create
            .tags(tag)
            .send()
            .await
            .unwrap()
            .policy
            .unwrap()
            .arn
            .unwrap()
    }
}

#[tokio::test]
async fn only_the_resources_that_name_the_api_are_taken_out_of_a_statement() {
    let world = World::new().await;
    let bills = "arn:aws:s3:::bills";
    let resources = json!([
        bills,
        world.invoke(),
        format!("arn:aws:s3:::{}/*", world.bucket)
    ]);
    let arn = world.managed("mixed", allow("*", &resources)).await;
    world
        .iam
        .attach_user_policy()
        .user_name("somebody")
        .policy_arn(&arn)
        .send()
        .await
        .unwrap();
    let id = world.only().await;
    let document = world.document(&id).await;
    assert_eq!(
        document["after"]["Statement"][0]["Resource"],
        json!([bills])
    );
    world.remove(&id).await;
    let policy = world
        .iam
        .get_policy()
        .policy_arn(&arn)
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();
    assert_eq!(
        policy.default_version_id(),
        Some("v2"),
        "the old version is kept"
    );
    assert_eq!(
        policy.attachment_count(),
        Some(1),
        "what remains is still held"
    );
    world.put_back(&id, &document).await;
    assert_eq!(world.document(&id).await, document);
    let policy = world
        .iam
        .get_policy()
        .policy_arn(&arn)
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();
    assert_eq!(
        policy.default_version_id(),
        Some("v1"),
        "the old version is in force again"
    );
}

#[tokio::test]
async fn a_policy_without_room_for_a_version_loses_its_oldest_one_which_the_log_keeps() {
    let world = World::new().await;
    let arn = world
        .managed("full", allow("s3:Get*", &json!("arn:aws:s3:::first")))
        .await;
    for number in 2..=5 {
        let document = allow(
            "s3:Get*",
            &json!([world.invoke(), format!("arn:aws:s3:::v{number}")]),
        );
        let create = world.iam.create_policy_version().policy_arn(&arn);
        create
            .policy_document(document)
            .set_as_default(true)
            .send()
            .await
            .unwrap();
    }
    let id = world.only().await;
    let document = world.document(&id).await;
    assert_eq!(document["managed"]["displaced"]["version"], "v1");
    let displaced = document["managed"]["displaced"]["document"]
        .as_str()
        .unwrap();
    assert!(displaced.contains("first"), "{displaced}");
    world.remove(&id).await;
    let list = world
        .iam
        .list_policy_versions()
        .policy_arn(&arn)
        .send()
        .await
        .unwrap();
    let versions: BTreeSet<_> = list
        .versions()
        .iter()
        .map(|it| it.version_id().unwrap())
        .collect();
    assert_eq!(versions, BTreeSet::from(["v2", "v3", "v4", "v5", "v6"]));
    world.put_back(&id, &document).await;
    let policy = world
        .iam
        .get_policy()
        .policy_arn(&arn)
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();
    assert_eq!(policy.default_version_id(), Some("v5"));
}

#[tokio::test]
async fn a_policy_of_which_nothing_remains_is_detached_and_deleted_and_comes_back_attached() {
    let world = World::new().await;
    let iam = &world.iam;
    iam.create_group().group_name("team").send().await.unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let role = iam
        .create_role()
        .role_name("worker")
        .assume_role_policy_document(trust.to_string());
    role.send().await.unwrap();
    let arn = world
        .managed(
            "orders",
            allow("execute-api:Invoke", &json!(world.invoke())),
        )
        .await;
    iam.attach_user_policy()
        .user_name("somebody")
        .policy_arn(&arn)
        .send()
        .await
        .unwrap();
    iam.attach_group_policy()
        .group_name("team")
        .policy_arn(&arn)
        .send()
        .await
        .unwrap();
    iam.attach_role_policy()
        .role_name("worker")
        .policy_arn(&arn)
        .send()
        .await
        .unwrap();
    let id = world.only().await;
    let document = world.document(&id).await;
    assert_eq!(document["after"], Value::Null);
    world.remove(&id).await;
    let attached = iam
        .list_attached_role_policies()
        .role_name("worker")
        .send()
        .await
        .unwrap();
    assert!(attached.attached_policies().is_empty());
    assert!(iam.get_policy().policy_arn(&arn).send().await.is_err());
    world.put_back(&id, &document).await;
    assert_eq!(
        world.document(&id).await,
        document,
        "with its tags, its text and its holders"
    );
    // Once more does nothing, and whoever is gone meanwhile is said.
    world.put_back(&id, &document).await;
    world.remove(&id).await;
    iam.delete_group().group_name("team").send().await.unwrap();
    let permit = world.permits.permit().await.unwrap();
    let outcome = world
        .grants
        .put_back(&id, &document, &permit)
        .await
        .unwrap();
    assert!(
        matches!(&outcome, Outcome::NotDone { why } if why.contains("group team")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn policies_of_buckets_rest_apis_and_secrets_are_edited_and_come_back() {
    let world = World::new().await;
    let config = &world.account.config;
    let statement = |sid: &str, effect: &str, action: &str, resource: &str| json!({"Sid": sid, "Effect": effect, "Principal": "*", "Action": action, "Resource": resource});
    let policy =
        |statements: Value| json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let objects = format!("arn:aws:s3:::{}/*", world.bucket);
    let two = policy(json!([
        statement("In", "Allow", "s3:GetObject", &objects),
        statement("Out", "Deny", "s3:PutObject", &objects),
    ]));
    let s3 = s3(config);
    s3.put_bucket_policy()
        .bucket(&world.bucket)
        .policy(&two)
        .send()
        .await
        .unwrap();
    let id = world.only().await;
    assert!(id.name().starts_with("bucket/"), "{id}");
    let document = world.document(&id).await;
    world.remove(&id).await;
    let left = s3
        .get_bucket_policy()
        .bucket(&world.bucket)
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();
    assert!(
        left.contains("Out") && !left.contains("In\""),
        "a Deny is kept: {left}"
    );
    world.put_back(&id, &document).await;
    assert_eq!(world.document(&id).await, document);
    let one = policy(json!([statement("In", "Allow", "s3:GetObject", &objects)]));
    s3.put_bucket_policy()
        .bucket(&world.bucket)
        .policy(&one)
        .send()
        .await
        .unwrap();
    let document = world.document(&id).await;
    world.remove(&id).await;
    assert!(
        s3.get_bucket_policy()
            .bucket(&world.bucket)
            .send()
            .await
            .is_err()
    );
    world.put_back(&id, &document).await;
    world.remove(&id).await;

    let gateway = aws_sdk_apigateway::Client::new(config);
    // As the console writes it: it names the API by nothing but where it stands.
    let open = policy(json!([statement(
        "In",
        "Allow",
        "execute-api:Invoke",
        "execute-api:/*"
    )]));
    let patch = aws_sdk_apigateway::types::PatchOperation::builder()
        .op(aws_sdk_apigateway::types::Op::Replace)
        .path("/policy")
        .value(open)
        .build();
    let update = gateway.update_rest_api().rest_api_id(&world.rest_api);
    update.patch_operations(patch).send().await.unwrap();
    let id = world.only().await;
    assert!(id.name().starts_with("rest-api/"), "{id}");
    let document = world.document(&id).await;
    let summary = document["summary"].as_str().unwrap();
    assert!(summary.contains("deployed next"), "the plan: {summary}");
    for receipt in [
        world.remove(&id).await,
        world.put_back(&id, &document).await,
    ] {
        assert!(receipt.contains("deployed next"), "the log: {receipt}");
    }
    assert_eq!(world.document(&id).await, document);
    world.remove(&id).await;

    let secrets = aws_sdk_secretsmanager::Client::new(config);
    let put = secrets.put_resource_policy().secret_id("orders/key");
    let open = policy(json!([statement(
        "In",
        "Allow",
        "secretsmanager:GetSecretValue",
        "*"
    )]));
    put.resource_policy(open).send().await.unwrap();
    let id = world.only().await;
    assert!(id.name().starts_with("secret/"), "{id}");
    let document = world.document(&id).await;
    world.remove(&id).await;
    world.put_back(&id, &document).await;
    assert_eq!(world.document(&id).await, document);
    world.remove(&id).await;
    assert!(world.survey().await.0.naming.is_empty());
}

#[cfg(feature = "lambda")]
#[tokio::test]
async fn permissions_of_functions_are_removed_and_added_again() {
    let world = World::new().await;
    let config = &world.account.config;
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let role = world.iam.create_role().role_name("worker");
    let role = role
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .unwrap();
    let lambda = aws_sdk_lambda::Client::new(config);
    // An empty archive.
    let zip = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    let code = aws_sdk_lambda::types::FunctionCode::builder()
        .zip_file(aws_sdk_lambda::primitives::Blob::new(zip))
        .build();
    let create = lambda.create_function().function_name("orders").code(code);
    let create = create.role(role.role.unwrap().arn).handler("x.y");
    create
        .runtime(aws_sdk_lambda::types::Runtime::Python312)
        .send()
        .await
        .unwrap();
    let scope = Scope::new(&world.account.id, REGION).unwrap();
    let footprint = Footprint::empty().function(&scope, "orders").unwrap();
    let grants = IamGrants::new(&world.iam, scope)
        .with_api(api("orders"), footprint)
        .with_functions(&without_revisions(config));
    let add = lambda
        .add_permission()
        .function_name("orders")
        .statement_id("gateway");
    let add = add
        .action("lambda:InvokeFunction")
        .principal("apigateway.amazonaws.com");
    add.source_arn(world.invoke()).send().await.unwrap();
    let world = World { grants, ..world };
    let id = world.only().await;
    assert!(id.name().starts_with("function/us-east-1/orders#"), "{id}");
    let document = world.document(&id).await;
    world.remove(&id).await;
    assert!(
        lambda
            .get_policy()
            .function_name("orders")
            .send()
            .await
            .is_err()
    );
    world.put_back(&id, &document).await;
    assert_eq!(world.document(&id).await, document);
}

/// moto compares the revision of a removal with a list that holds it, and refuses all.
/// That the revision is sent is shown with recorded answers.
#[cfg(feature = "lambda")]
fn without_revisions(config: &SdkConfig) -> aws_sdk_lambda::Client {
    use aws_smithy_runtime_api::box_error::BoxError;
    use aws_smithy_runtime_api::client::interceptors::Intercept;
    use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
    use aws_smithy_types::config_bag::ConfigBag;

    #[derive(Debug)]
    struct Strip;

    impl Intercept for Strip {
        fn name(&self) -> &'static str {
            "strips revisions for moto"
        }

        fn modify_before_signing(
            &self,
            context: &mut BeforeTransmitInterceptorContextMut<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            let uri = context.request().uri().to_owned();
            if let Some((before, _)) = uri.split_once("?RevisionId=") {
                context.request_mut().set_uri(before.to_owned())?;
            }
            Ok(())
        }
    }

    let config = aws_sdk_lambda::config::Builder::from(config);
    aws_sdk_lambda::Client::from_conf(config.interceptor(Strip).build())
}

#[tokio::test]
async fn a_role_that_only_the_api_may_take_trusts_nobody_afterwards() {
    let world = World::new().await;
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": world.invoke()}},
    }]});
    let create = world.iam.create_role().role_name("caller");
    create
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .unwrap();
    let id = world.only().await;
    assert!(id.name().starts_with("role/caller/trust#"), "{id}");
    let document = world.document(&id).await;
    assert_eq!(document["after"]["Statement"][0]["Effect"], "Deny");
    world.remove(&id).await;
    world.put_back(&id, &document).await;
    assert_eq!(world.document(&id).await, document);
}

#[tokio::test]
async fn a_covering_grant_is_accepted_by_its_words_and_open_again_when_they_change() {
    let mut world = World::new().await;
    let put = |document: String| {
        let put = world
            .iam
            .put_user_policy()
            .user_name("somebody")
            .policy_name("all");
        put.policy_document(document).send()
    };
    put(allow("execute-api:*", &json!("*"))).await.unwrap();
    let (survey, complete) = world.survey().await;
    assert!(!complete && survey.naming.is_empty());
    let ids: Vec<GrantId> = survey
        .covering
        .iter()
        .map(|found| found.id.clone())
        .collect();
    assert_eq!(ids.len(), 1, "{:?}", survey.covering);
    let doubt = survey.doubt().unwrap();
    assert!(ids.iter().all(|id| doubt.contains(id.name())), "{doubt}");
    world.grants = world.grants.accepting(ids);
    let (survey, complete) = world.survey().await;
    assert!(complete, "{:?}", survey.doubt());
    assert_eq!(survey.accepted.len(), 1);
    let put = world
        .iam
        .put_user_policy()
        .user_name("somebody")
        .policy_name("all");
    put.policy_document(allow("execute-api:Inv*", &json!("*")))
        .send()
        .await
        .unwrap();
    assert!(
        !world.survey().await.1,
        "another statement was never looked at"
    );
}

#[tokio::test]
async fn users_of_this_api_alone_are_found_with_what_their_groups_allow() {
    let world = World::new().await;
    let iam = &world.iam;
    for name in ["alone", "also", "grouped", "nothing"] {
        iam.create_user().user_name(name).send().await.unwrap();
    }
    let only = allow("execute-api:Invoke", &json!(world.invoke()));
    for name in ["alone", "also", "grouped"] {
        let put = iam.put_user_policy().user_name(name).policy_name("orders");
        put.policy_document(&only).send().await.unwrap();
    }
    let put = iam.put_user_policy().user_name("also").policy_name("bills");
    let bills = allow("s3:*", &json!("arn:aws:s3:::bills"));
    put.policy_document(&bills).send().await.unwrap();
    iam.create_group().group_name("team").send().await.unwrap();
    let put = iam
        .put_group_policy()
        .group_name("team")
        .policy_name("bills");
    put.policy_document(&bills).send().await.unwrap();
    iam.add_user_to_group()
        .group_name("team")
        .user_name("grouped")
        .send()
        .await
        .unwrap();
    let users = world
        .grants
        .principals_only_of(&api("orders"))
        .await
        .unwrap();
    assert_eq!(users.known_completely(), Some(&vec!["alone".to_owned()]));
}

#[tokio::test]
async fn a_client_of_another_account_is_an_error_and_no_clean_answer() {
    let (one, other) = (World::new().await, account().await);
    let scope = Scope::new(&other.id, REGION).unwrap();
    let footprint = Footprint::empty().rest_api(&scope, "abc123", None).unwrap();
    let wrong = IamGrants::new(&one.iam, scope).with_api(api("orders"), footprint);
    let error = wrong.survey(&api("orders")).await.unwrap_err();
    assert!(error.to_string().contains("not of"), "{error}");
    let id: GrantId = format!(
        "aws-iam:{}:global:user/somebody/inline/p#00112233445566778899aabbccddeeff",
        other.id
    )
    .parse()
    .unwrap();
    assert!(wrong.grant(&id).await.is_err());
}

/// Widens the resources: moto compares those of IAM with `*` only, so it shows that the
/// actions are the right ones, and not that the resources are.
fn for_moto(policy: &NeededPolicy) -> String {
    let mut policy: Value = serde_json::from_str(&policy.to_string()).unwrap();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if statement["Action"].to_string().contains("iam:") {
            statement["Resource"] = json!("*");
        }
    }
    policy.to_string()
}

/// A client configuration of a user who may do what the policy says.
async fn under(policy: &NeededPolicy, name: &str) -> SdkConfig {
    let admin = aws_sdk_iam::Client::new(&enforcing());
    let _ = admin.create_user().user_name(name).send().await;
    let put = admin
        .put_user_policy()
        .user_name(name)
        .policy_name("needed");
    put.policy_document(for_moto(policy)).send().await.unwrap();
    let key = admin
        .create_access_key()
        .user_name(name)
        .send()
        .await
        .unwrap()
        .access_key
        .unwrap();
    with_key(&enforcing(), key.access_key_id(), key.secret_access_key())
}

fn recorded(config: &SdkConfig, recorder: &Recorder) -> (aws_sdk_iam::Client, aws_sdk_s3::Client) {
    let iam = aws_sdk_iam::config::Builder::from(config)
        .interceptor(recorder.clone())
        .build();
    let s3 = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(true)
        .interceptor(recorder.clone())
        .build();
    (
        aws_sdk_iam::Client::from_conf(iam),
        aws_sdk_s3::Client::from_conf(s3),
    )
}

#[tokio::test]
async fn each_task_works_under_exactly_the_policy_that_it_prints() {
    let _alone = ENFORCING.lock().await;
    let admin = aws_sdk_iam::Client::new(&enforcing());
    let scope = Scope::new(ACCOUNT, REGION).unwrap();
    let bucket = format!("grants-{}-needed", std::process::id());
    let create = s3(&enforcing()).create_bucket().bucket(&bucket);
    create.send().await.unwrap();
    let footprint = Footprint::empty().bucket(&scope, &bucket, None).unwrap();
    let adapter = |config: &SdkConfig, recorder: &Recorder| {
        let (iam, s3) = recorded(config, recorder);
        IamGrants::new(&iam, scope.clone())
            .with_buckets(&s3)
            .with_api(api("orders"), footprint.clone())
    };
    let name = format!("held-{}", std::process::id());
    admin.create_user().user_name(&name).send().await.unwrap();
    let create = admin.create_policy().policy_name(&name);
    let document = allow("s3:ListBucket", &json!(format!("arn:aws:s3:::{bucket}")));
    let made = create
        .policy_document(document)
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();
    let attach = admin
        .attach_user_policy()
        .user_name(&name)
        .policy_arn(made.arn().unwrap());
    attach.send().await.unwrap();

    let recorder = Recorder::default();
    let owner = adapter(&enforcing(), &recorder);
    let listing = owner.permissions_to_list(&api("orders")).unwrap();
    let lister = adapter(&under(&listing, "lister").await, &recorder);
    let Observation::Known { value, .. } = lister.survey(&api("orders")).await.unwrap() else {
        panic!("the survey is known");
    };
    let id = value
        .naming
        .iter()
        .find(|found| found.principal.contains(&name))
        .unwrap()
        .id
        .clone();
    let sent: BTreeSet<String> = recorder.names();
    assert_eq!(
        sent,
        BTreeSet::from(
            ["iam:GetAccountAuthorizationDetails", "s3:GetBucketPolicy"].map(str::to_owned)
        )
    );

    let observing = owner.permissions_to_observe(&id).unwrap();
    let observer = adapter(&under(&observing, "observer").await, &recorder);
    let Observation::Known {
        value: GrantState::Present { document, .. },
        ..
    } = observer.grant(&id).await.unwrap()
    else {
        panic!("the grant is there");
    };
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    let refused = observer.remove(&id, &permit).await;
    assert!(refused.is_err(), "an observer can not write: {refused:?}");

    let editing = owner.permissions_to_edit(&id).unwrap();
    let editor = adapter(&under(&editing, "editor").await, &recorder);
    recorder.take();
    assert!(matches!(
        editor.remove(&id, &permit).await.unwrap(),
        Outcome::Done { .. }
    ));
    let permit = permits.permit().await.unwrap();
    assert!(matches!(
        editor.put_back(&id, &document, &permit).await.unwrap(),
        Outcome::Done { .. }
    ));
    let actions = editing
        .statement
        .iter()
        .flat_map(|it| it.action.clone())
        .collect::<BTreeSet<_>>();
    for operation in recorder.names() {
        let action = &operation;
        assert!(
            actions.contains(action.as_str()),
            "{operation} is not declared"
        );
    }
    // What these users may do would cover the buckets of the other tests.
    for name in ["lister", "observer", "editor"] {
        let delete = admin
            .delete_user_policy()
            .user_name(name)
            .policy_name("needed");
        delete.send().await.unwrap();
    }
}

#[tokio::test]
async fn each_kind_of_policy_is_edited_under_exactly_the_policy_that_is_printed() {
    let _alone = ENFORCING.lock().await;
    let admin = aws_sdk_iam::Client::new(&enforcing());
    let s3 = s3(&enforcing());
    let scope = Scope::new(ACCOUNT, REGION).unwrap();
    let name = format!("edited-{}", std::process::id());
    s3.create_bucket().bucket(&name).send().await.unwrap();
    let footprint = Footprint::empty()
        .bucket(&scope, &name, None)
        .and_then(|it| it.http_api(&scope, "abc123", None))
        .unwrap();
    let bucket = format!("arn:aws:s3:::{name}");
    let statement = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let invoke = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/*");
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": invoke}}}]});
    let open = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": "*", "Action": "s3:ListBucket", "Resource": bucket}]});
    let user = admin.create_user().user_name(&name);
    user.send().await.unwrap();
    let put = admin.put_user_policy().user_name(&name).policy_name("p");
    put.policy_document(&policy).send().await.unwrap();
    admin.create_group().group_name(&name).send().await.unwrap();
    let put = admin.put_group_policy().group_name(&name).policy_name("p");
    put.policy_document(&policy).send().await.unwrap();
    let role = admin.create_role().role_name(&name);
    role.assume_role_policy_document(trust.to_string())
        .send()
        .await
        .unwrap();
    let put = admin.put_role_policy().role_name(&name).policy_name("p");
    put.policy_document(&policy).send().await.unwrap();
    s3.put_bucket_policy()
        .bucket(&name)
        .policy(open.to_string())
        .send()
        .await
        .unwrap();

    let recorder = Recorder::default();
    let adapter = |config: &SdkConfig| {
        let (iam, s3) = recorded(config, &recorder);
        IamGrants::new(&iam, scope.clone())
            .with_buckets(&s3)
            .with_api(api("orders"), footprint.clone())
    };
    let owner = adapter(&enforcing());
    let Observation::Known { value, .. } = owner.survey(&api("orders")).await.unwrap() else {
        panic!("the survey is known");
    };
    assert_eq!(value.naming.len(), 5, "{:?}", value.naming);
    let permits = Permits::new();
    for (number, found) in value.naming.iter().enumerate() {
        let needed = owner.permissions_to_edit(&found.id).unwrap();
        let editor = format!("editor-of-{number}");
        let grants = adapter(&under(&needed, &editor).await);
        recorder.take();
        let Observation::Known {
            value: GrantState::Present { document, .. },
            ..
        } = grants.grant(&found.id).await.unwrap()
        else {
            panic!("{} is there", found.id);
        };
        let permit = permits.permit().await.unwrap();
        let removed = grants.remove(&found.id, &permit).await.unwrap();
        assert!(matches!(removed, Outcome::Done { .. }), "{removed:?}");
        let permit = permits.permit().await.unwrap();
        let back = grants
            .put_back(&found.id, &document, &permit)
            .await
            .unwrap();
        assert!(matches!(back, Outcome::Done { .. }), "{back:?}");
        let declared: BTreeSet<&str> = needed
            .statement
            .iter()
            .flat_map(|it| it.action.iter().copied())
            .collect();
        for operation in recorder.names() {
            let action = &operation;
            assert!(
                declared.contains(action.as_str()),
                "{operation} is not declared"
            );
        }
        let delete = admin
            .delete_user_policy()
            .user_name(&editor)
            .policy_name("needed");
        delete.send().await.unwrap();
    }
    // What is left would name a bucket of nobody else; the next run has another name.
    s3.delete_bucket_policy()
        .bucket(&name)
        .send()
        .await
        .unwrap();
}
