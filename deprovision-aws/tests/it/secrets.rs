//! Secrets over answers that no server at hand gives.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::get_resource_policy::GetResourcePolicyOutput;
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsOutput;
use aws_sdk_secretsmanager::types::{ReplicationStatusType, SecretListEntry, Tag};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, mock};
use deprovision_aws::{Scope, Secrets};
use deprovision_core::conformance::{Permits, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialObserver as _, CredentialRevoker as _, CredentialState, ErrorKind,
};

fn secrets(rules: &[&Rule]) -> Secrets {
    let mut interceptor = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny);
    for rule in rules {
        interceptor = interceptor.with_rule(rule);
    }
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "tests"))
        .http_client(aws_smithy_mocks::create_mock_http_client())
        .interceptor(interceptor)
        .build();
    let scope = Scope::new("123456789012", "us-east-1").unwrap();
    Secrets::new(&Client::from_conf(config), scope).tag(Secrets::DEFAULT_TAG)
}

fn arn(account: &str, name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:{account}:secret:{name}-AbCdEf")
}

fn entry(account: &str, name: &str, api: &str) -> SecretListEntry {
    let tag = Tag::builder().key(Secrets::DEFAULT_TAG).value(api).build();
    let entry = SecretListEntry::builder().name(name).tags(tag);
    entry.arn(arn(account, name)).build()
}

const OURS: &str = "123456789012";

#[tokio::test]
async fn every_page_is_read_and_a_tag_that_only_begins_like_the_api_is_not_its() {
    let first = mock!(Client::list_secrets)
        .match_requests(|request| {
            request.next_token().is_none() && request.include_planned_deletion() == Some(true)
        })
        .then_output(|| {
            let page = ListSecretsOutput::builder().next_token("2");
            page.secret_list(entry(OURS, "a", "orders-v1")).build()
        });
    let second = mock!(Client::list_secrets)
        .match_requests(|request| request.next_token() == Some("2"))
        .then_output(|| {
            let page = ListSecretsOutput::builder();
            let page = page.secret_list(entry(OURS, "b", "orders-v10"));
            page.secret_list(entry(OURS, "c", "orders-v1")).build()
        });
    let secrets = secrets(&[&first, &second]);
    let orders = ApiId::parse("orders-v1").unwrap();
    let listed = secrets
        .credentials(&secrets.issuer_id().unwrap(), &orders)
        .await;
    assert_eq!(
        known(listed.unwrap()).unwrap(),
        ["a", "c"].map(|name| secrets.secret_id(name).unwrap())
    );
}

#[tokio::test]
async fn another_account_is_an_error_and_a_name_that_begins_an_arn_is_not_the_secret() {
    let orders = ApiId::parse("orders-v1").unwrap();
    let elsewhere = mock!(Client::list_secrets).then_output(|| {
        let page = ListSecretsOutput::builder();
        page.secret_list(entry("210987654321", "a", "orders-v1"))
            .build()
    });
    let adapter = secrets(&[&elsewhere]);
    let issuer = adapter.issuer_id().unwrap();
    let error = adapter.credentials(&issuer, &orders).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Invalid);

    let longer = mock!(Client::describe_secret).then_output(|| {
        let secret = DescribeSecretOutput::builder().name("db-AbCdEf");
        secret.arn(arn(OURS, "db-AbCdEf")).build()
    });
    let seen = mock!(Client::list_secrets).then_output(|| {
        let page = ListSecretsOutput::builder();
        page.secret_list(entry(OURS, "a", "x")).build()
    });
    let adapter = secrets(&[&longer, &seen]);
    let id = adapter.secret_id("db").unwrap();
    let state = known(adapter.credential(&id).await.unwrap()).unwrap();
    assert!(matches!(state, CredentialState::Absent { .. }), "{state:?}");
}

#[tokio::test]
async fn a_replicated_secret_is_refused_whole_and_an_arn_is_no_name() {
    let replicated = mock!(Client::describe_secret).then_output(|| {
        let replica = ReplicationStatusType::builder().region("eu-west-1").build();
        let secret = DescribeSecretOutput::builder().name("db");
        let secret = secret.arn(arn(OURS, "db")).primary_region("us-east-1");
        secret.replication_status(replica).build()
    });
    let policy = mock!(Client::get_resource_policy)
        .then_output(|| GetResourcePolicyOutput::builder().build());
    let secrets = secrets(&[&replicated, &policy]);
    let id = secrets.secret_id("db").unwrap();
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    let orders = ApiId::parse("orders-v1").unwrap();
    let warrant = permits.warrant(&orders, [id.clone().into()]).await.unwrap();
    for refused in [
        secrets.disable(&id, &permit).await,
        secrets.restore(&id, &permit).await,
        secrets.delete(&id, &warrant).await,
    ] {
        assert_eq!(*refused.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    let foreign = secrets.secret_id(&arn("210987654321", "db")).unwrap();
    let error = secrets.credential(&foreign).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Invalid);
}
