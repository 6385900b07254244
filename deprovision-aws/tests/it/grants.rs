//! What moto can not show of grants: pages, boundaries, refusals, lost replies, other
//! writers, and when services were last accessed.

use aws_sdk_iam::Client;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::operation::generate_service_last_accessed_details::GenerateServiceLastAccessedDetailsOutput;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::operation::get_service_last_accessed_details::GetServiceLastAccessedDetailsOutput;
use aws_sdk_iam::operation::get_user_policy::GetUserPolicyOutput;
use aws_sdk_iam::operation::list_users::ListUsersOutput;
use aws_sdk_iam::operation::put_user_policy::PutUserPolicyOutput;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, JobStatusType, ManagedPolicyDetail, PolicyDetail,
    PolicyVersion, ServiceLastAccessed, User, UserDetail,
};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_types::DateTime;
use deprovision_aws::{Footprint, IamGrants, Scope};
use deprovision_core::conformance::Permits;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    ErrorKind, GrantObserver, GrantState, Outcome, PermissionAuditor,
};
use deprovision_core::resource::GrantId;
use serde_json::{Value, json};

const API: &str = "arn:aws:execute-api:eu-central-1:123456789012:abc123/*";

fn adapter(rules: &[Rule]) -> IamGrants {
    let mocks = rules.iter().fold(
        MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
        |mocks, rule| mocks.with_rule(rule),
    );
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIATESTS", "secret", None, None, "tests"))
        .http_client(create_mock_http_client())
        .interceptor(mocks)
        .build();
    let scope = Scope::new("123456789012", "eu-central-1").unwrap();
    let orders = Footprint::empty().http_api(&scope, "abc123", None).unwrap();
    IamGrants::new(&Client::from_conf(config), scope).with_api(api(), orders)
}

fn api() -> ApiId {
    ApiId::parse("orders").unwrap()
}

fn allow(resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource},
    ]})
}

/// As IAM encodes it.
fn encoded(document: &Value) -> String {
    document
        .to_string()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn user(name: &str, document: &str) -> UserDetail {
    UserDetail::builder()
        .user_name(name)
        .arn(format!("arn:aws:iam::123456789012:user/{name}"))
        .user_policy_list(
            PolicyDetail::builder()
                .policy_name("p")
                .policy_document(document)
                .build(),
        )
        .build()
}

fn page(users: Vec<UserDetail>, marker: Option<&str>) -> GetAccountAuthorizationDetailsOutput {
    GetAccountAuthorizationDetailsOutput::builder()
        .set_user_detail_list(Some(users))
        .is_truncated(marker.is_some())
        .set_marker(marker.map(str::to_owned))
        .build()
}

fn details(
    of: impl Fn(Option<&str>) -> GetAccountAuthorizationDetailsOutput + Send + Sync + 'static,
) -> Rule {
    mock!(Client::get_account_authorization_details)
        .then_compute_output(move |request| of(request.marker()))
}

#[tokio::test]
async fn grants_of_all_pages_are_listed() {
    let rule = details(|marker| match marker {
        None => page(vec![user("one", &encoded(&allow(API)))], Some("two")),
        Some("two") => page(
            vec![user("none", &encoded(&allow("arn:aws:s3:::x")))],
            Some("three"),
        ),
        Some(_) => page(vec![user("three", &encoded(&allow(API)))], None),
    });
    let survey = adapter(&[rule]).survey(&api()).await.unwrap();
    let survey = survey.known_completely().unwrap();
    let holders: Vec<_> = survey
        .naming
        .iter()
        .map(|found| found.principal.as_str())
        .collect();
    assert_eq!(holders, ["user one", "user three"]);
}

#[tokio::test]
async fn a_grant_that_names_the_api_and_is_accepted_is_shown_and_not_removed() {
    let rule = || {
        details(|_| {
            let users = ["one", "runner"].map(|name| user(name, &encoded(&allow(API))));
            page(users.into(), None)
        })
    };
    let issuer = "aws-iam:123456789012:global:access-keys".parse().unwrap();
    let listed = adapter(&[rule()]).grants(&issuer, &api()).await.unwrap();
    let listed = listed.known_completely().unwrap();
    let listed: Vec<_> = listed.naming.iter().cloned().collect();
    assert_eq!(listed.len(), 2);
    let accepting = adapter(&[rule()]).accepting([listed[1].clone()]);
    let survey = accepting.survey(&api()).await.unwrap();
    let survey = survey.known_completely().unwrap();
    assert_eq!(survey.naming.len(), 1);
    assert_eq!(survey.naming[0].principal, "user one");
    assert_eq!(survey.accepted[0].principal, "user runner");
}

#[tokio::test]
async fn a_page_that_is_cut_off_without_a_marker_is_an_error() {
    let rule = details(|_| {
        GetAccountAuthorizationDetailsOutput::builder()
            .user_detail_list(user("one", &encoded(&allow(API))))
            .is_truncated(true)
            .build()
    });
    assert!(adapter(&[rule]).survey(&api()).await.is_err());
}

#[tokio::test]
async fn a_document_that_can_not_be_read_is_no_clean_answer() {
    for bad in [
        "%7B%22Version%22",
        "%zz",
        "[]",
        "%7B%22Statement%22%3A1%7D",
        "",
    ] {
        let rule = details(move |_| page(vec![user("one", bad)], None));
        let survey = adapter(&[rule]).survey(&api()).await.unwrap();
        assert!(
            survey.doubt().unwrap().contains("policy p of user one"),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_plus_in_a_document_is_a_plus() {
    let encoded = encoded(&json!({"Version": "2012-10-17", "Statement": {
        "Sid": "x", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a/b+c",
    }}));
    let raw = encoded.replace("%2B", "+");
    for text in [encoded, raw] {
        let rule = details(move |_| page(vec![user("one", &text)], None));
        let scope = Scope::new("123456789012", "eu-central-1").unwrap();
        let plus = Footprint::empty()
            .in_identity_policies("arn:aws:s3:::a/b+c")
            .unwrap();
        let adapter = adapter(&[rule]).with_api(api(), plus);
        let survey = adapter.survey(&api()).await.unwrap();
        assert_eq!(
            survey.known_completely().unwrap().naming.len(),
            1,
            "{scope}"
        );
    }
}

#[tokio::test]
async fn an_account_in_which_nobody_is_seen_is_no_clean_answer() {
    let survey = adapter(&[details(|_| page(vec![], None))])
        .survey(&api())
        .await
        .unwrap();
    assert!(survey.doubt().is_some());
    let users = adapter(&[details(|_| page(vec![], None))])
        .principals_only_of(&api())
        .await;
    assert!(matches!(users.unwrap(), Observation::Unknown { .. }));
}

#[tokio::test]
async fn a_boundary_grants_nothing_and_an_attached_policy_that_is_not_listed_is_open() {
    let arn = "arn:aws:iam::123456789012:policy/limit";
    let rule = details(move |_| {
        let mut bounded = user("one", &encoded(&allow("arn:aws:s3:::x")));
        let boundary = AttachedPermissionsBoundary::builder()
            .permissions_boundary_arn(arn)
            .build();
        bounded.permissions_boundary = Some(boundary);
        let mut holder = user("two", &encoded(&allow("arn:aws:s3:::x")));
        let missing = "arn:aws:iam::123456789012:policy/missing";
        let attached = AttachedPolicy::builder().policy_arn(missing).build();
        holder.attached_managed_policies = Some(vec![attached]);
        let version = PolicyVersion::builder()
            .document(encoded(&allow(API)))
            .version_id("v1")
            .is_default_version(true)
            .build();
        let policy = ManagedPolicyDetail::builder()
            .arn(arn)
            .policy_version_list(version)
            .build();
        let mut page = page(vec![bounded, holder], None);
        page.policies = Some(vec![policy]);
        page
    });
    let Observation::Known { value, .. } = adapter(&[rule]).survey(&api()).await.unwrap() else {
        panic!("it is known");
    };
    assert!(value.naming.is_empty());
    assert_eq!(value.boundaries.len(), 1);
    assert!(
        value.doubt().unwrap().contains("policy missing"),
        "{:?}",
        value.doubt()
    );
}

#[tokio::test]
async fn throttled_and_denied_are_errors_and_never_an_empty_list() {
    let answer = |status: u16, code: &'static str| {
        let body = format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>"
        );
        mock!(Client::get_account_authorization_details)
            .sequence()
            .http_status(status, Some(body))
            .build()
    };
    let error = adapter(&[answer(400, "Throttling")])
        .survey(&api())
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Throttled { retry_at: None });
    let denied = adapter(&[answer(403, "AccessDenied")]);
    assert_eq!(
        *denied.survey(&api()).await.unwrap_err().kind(),
        ErrorKind::Denied
    );
}

#[tokio::test]
async fn an_api_or_an_issuer_that_nobody_named_is_an_error() {
    let grants = adapter(&[]);
    assert!(
        grants
            .survey(&ApiId::parse("bills").unwrap())
            .await
            .is_err()
    );
    for issuer in [
        "aws-iam:123456789012:global:groups",
        "aws-iam:999999999999:global:access-keys",
        "aws-iam:123456789012:eu-central-1:access-keys",
        "keyfile:123456789012:global:access-keys",
    ] {
        assert!(
            grants
                .grants(&issuer.parse().unwrap(), &api())
                .await
                .is_err(),
            "{issuer}"
        );
    }
}

fn somebody() -> Rule {
    mock!(Client::list_users).then_output(|| {
        let user = User::builder()
            .user_name("ci")
            .path("/")
            .user_id("AIDA")
            .arn("arn:aws:iam::123456789012:user/ci")
            .create_date(DateTime::from_secs(0))
            .build()
            .unwrap();
        ListUsersOutput::builder().users(user).build().unwrap()
    })
}

fn policy(document: &Value) -> GetUserPolicyOutput {
    GetUserPolicyOutput::builder()
        .user_name("ci")
        .policy_name("p")
        .policy_document(encoded(document))
        .build()
        .unwrap()
}

fn two() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": API},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bills"},
    ]})
}

async fn grant_of_two() -> GrantId {
    let rule = details(|_| page(vec![user("ci", &encoded(&two()))], None));
    let survey = adapter(&[rule]).survey(&api()).await.unwrap();
    survey.known_completely().unwrap().naming[0].id.clone()
}

#[tokio::test]
async fn what_another_writer_did_in_between_is_unknown() {
    let id = grant_of_two().await;
    let third = allow("arn:aws:s3:::of-somebody-else");
    let reads = mock!(Client::get_user_policy)
        .sequence()
        .output(|| policy(&two()))
        .output(move || policy(&third))
        .build();
    let put = mock!(Client::put_user_policy).then_output(|| PutUserPolicyOutput::builder().build());
    let permit = Permits::new().permit().await.unwrap();
    let outcome = adapter(&[somebody(), reads, put])
        .remove(&id, &permit)
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_write_whose_reply_is_lost_is_unknown_and_a_refused_one_is_an_error() {
    let id = grant_of_two().await;
    let reads = || mock!(Client::get_user_policy).then_output(|| policy(&two()));
    let put = |status| {
        mock!(Client::put_user_policy)
            .sequence()
            .http_status(status, None)
            .build()
    };
    let permits = Permits::new();
    let permit = permits.permit().await.unwrap();
    let lost = adapter(&[somebody(), reads(), put(500)])
        .remove(&id, &permit)
        .await
        .unwrap();
    assert!(matches!(lost, Outcome::Unknown { .. }), "{lost:?}");
    let refused = adapter(&[somebody(), reads(), put(403)])
        .remove(&id, &permit)
        .await;
    assert_eq!(*refused.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_grant_in_a_policy_that_is_garbled_is_unknown_and_is_not_edited() {
    let id = grant_of_two().await;
    let garbled = || {
        mock!(Client::get_user_policy).then_output(|| {
            let mut answer = policy(&two());
            answer.policy_document = "%7B%22Statement%22%3A1%2C%22Statement%22%3A2%7D".to_owned();
            answer
        })
    };
    let seen = adapter(&[somebody(), garbled()]).grant(&id).await.unwrap();
    assert!(matches!(seen, Observation::Unknown { .. }), "{seen:?}");
    let permit = Permits::new().permit().await.unwrap();
    assert!(
        adapter(&[somebody(), garbled()])
            .remove(&id, &permit)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_document_of_a_grant_tells_a_person_what_goes_and_what_remains() {
    let id = grant_of_two().await;
    let read = mock!(Client::get_user_policy).then_output(|| policy(&two()));
    let seen = adapter(&[somebody(), read]).grant(&id).await.unwrap();
    let Some(GrantState::Present {
        principal,
        document,
    }) = seen.known_completely()
    else {
        panic!("{seen:?}");
    };
    assert_eq!(principal, "user ci");
    let summary = document["summary"].as_str().unwrap();
    for told in ["user ci", "execute-api:Invoke", API, "1 other statement"] {
        assert!(summary.contains(told), "{summary}");
    }
    // Somebody else's document is no document of this grant.
    let permit = Permits::new().permit().await.unwrap();
    let mut other = document.clone();
    other["removes"][0]["statement"]["Action"] = json!("*");
    let put_back = adapter(&[somebody()]).put_back(&id, &other, &permit).await;
    assert_eq!(*put_back.unwrap_err().kind(), ErrorKind::Invalid);
}

/// The shapes are those of a recorded answer of AWS (Cloud Custodian,
/// `test_iam_user_usage`): first in progress, then complete, in two pages here.
#[tokio::test]
async fn services_are_told_with_when_they_were_last_accessed() {
    let generate = mock!(Client::generate_service_last_accessed_details).then_output(|| {
        GenerateServiceLastAccessedDetailsOutput::builder()
            .job_id("74b4bb8f-ef21-ed9c-7273-1114908d4198")
            .build()
    });
    let answer = |status: JobStatusType| {
        GetServiceLastAccessedDetailsOutput::builder()
            .job_status(status)
            .job_creation_date(DateTime::from_secs(1_552_481_771))
            .job_completion_date(DateTime::from_secs(1_552_481_772))
    };
    let service = |name: &str, at: Option<i64>| {
        ServiceLastAccessed::builder()
            .service_name(name)
            .service_namespace(name)
            .set_last_authenticated(at.map(DateTime::from_secs))
            .build()
            .unwrap()
    };
    let get = mock!(Client::get_service_last_accessed_details)
        .sequence()
        .output(move || {
            answer(JobStatusType::InProgress)
                .set_services_last_accessed(Some(vec![]))
                .build()
                .unwrap()
        })
        .output(move || {
            let page =
                answer(JobStatusType::Completed).services_last_accessed(service("a4b", None));
            page.is_truncated(true).marker("next").build().unwrap()
        })
        .output(move || {
            let used = service("acm", Some(1_549_637_700));
            answer(JobStatusType::Completed)
                .services_last_accessed(used)
                .build()
                .unwrap()
        })
        .build();
    let grants = adapter(&[generate, get]);
    let seen = grants
        .last_accessed("arn:aws:iam::123456789012:user/kapil")
        .await
        .unwrap();
    let services = seen.known_completely().unwrap();
    assert_eq!(services.len(), 2);
    assert_eq!(
        (services[0].service.as_str(), services[0].last),
        ("a4b", None)
    );
    assert_eq!(
        services[1].last.unwrap().to_string(),
        "2019-02-08T14:55:00Z"
    );
    assert!(
        grants
            .last_accessed("arn:aws:iam::999999999999:user/kapil")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn policies_of_aws_are_read_when_one_is_attached_and_are_accepted_by_their_words() {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let listing = move || {
        let own = mock!(Client::get_account_authorization_details)
            .match_requests(|request| request.filter().len() == 4)
            .then_output(move || {
                let mut holder = user("one", &encoded(&allow("arn:aws:s3:::x")));
                let attached = AttachedPolicy::builder().policy_arn(arn).build();
                holder.attached_managed_policies = Some(vec![attached]);
                page(vec![holder], None)
            });
        let of_aws = mock!(Client::get_account_authorization_details)
            .match_requests(|request| request.filter().len() == 1)
            .then_output(move || {
                let everything = json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                ]});
                let policy = |arn: &str| {
                    let version = PolicyVersion::builder()
                        .document(encoded(&everything))
                        .version_id("v1")
                        .is_default_version(true)
                        .build();
                    ManagedPolicyDetail::builder()
                        .arn(arn)
                        .policy_version_list(version)
                        .build()
                };
                let mut page = page(vec![], None);
                page.policies = Some(vec![
                    policy(arn),
                    policy("arn:aws:iam::aws:policy/that-nobody-has"),
                ]);
                page
            });
        [own, of_aws]
    };
    let Observation::Known { value, .. } = adapter(&listing()).survey(&api()).await.unwrap() else {
        panic!("it is known");
    };
    assert_eq!(value.covering.len(), 1);
    let found = &value.covering[0];
    assert_eq!(found.principal, "user one");
    assert!(
        found
            .id
            .name()
            .starts_with("aws/policy/AdministratorAccess#"),
        "{}",
        found.id
    );
    // Core gets it with its id, for whoever waives it: nothing was left unread.
    let issuer = "aws-iam:123456789012:global:access-keys".parse().unwrap();
    let listed = adapter(&listing()).grants(&issuer, &api()).await.unwrap();
    let listed = listed.known_completely().unwrap();
    assert!(listed.naming.is_empty());
    let why = &listed.undecided[&found.id];
    assert!(
        why.contains("AdministratorAccess") && why.contains("user one"),
        "{why}"
    );
    let accepting = adapter(&listing()).accepting([found.id.clone()]);
    assert!(
        accepting
            .survey(&api())
            .await
            .unwrap()
            .known_completely()
            .is_some()
    );
}

#[cfg(feature = "lambda")]
mod functions {
    use super::*;
    use aws_sdk_lambda::Client as Lambda;
    use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
    use aws_sdk_lambda::operation::get_policy::GetPolicyOutput;
    use aws_sdk_lambda::operation::list_aliases::ListAliasesOutput;
    use aws_sdk_lambda::operation::list_versions_by_function::ListVersionsByFunctionOutput;
    use aws_sdk_lambda::operation::remove_permission::RemovePermissionOutput;
    use aws_sdk_lambda::types::{AliasConfiguration, FunctionConfiguration};

    fn client(rules: &[Rule]) -> Lambda {
        let mocks = rules.iter().fold(
            MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
            |mocks, rule| mocks.with_rule(rule),
        );
        let config = aws_sdk_lambda::Config::builder()
            .behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest())
            .region(aws_sdk_lambda::config::Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("AKIATESTS", "secret", None, None, "tests"))
            .http_client(create_mock_http_client())
            .interceptor(mocks)
            .build();
        Lambda::from_conf(config)
    }

    fn configuration() -> Rule {
        mock!(Lambda::get_function_configuration).then_output(|| {
            let arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders";
            GetFunctionConfigurationOutput::builder()
                .function_arn(arn)
                .build()
        })
    }

    /// A statement that nobody could add again, beside one of Lambda's own.
    fn statements() -> Value {
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "gateway", "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
                "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:x:1:function:orders"},
            {"Sid": "odd", "Effect": "Allow", "Principal": {"AWS": ["a", "b"]},
                "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:x:1:function:orders"},
        ]})
    }

    #[tokio::test]
    async fn a_removal_names_the_revision_that_was_read_and_what_can_not_come_back_stays() {
        let policy = |statements: &Value| {
            let policy = GetPolicyOutput::builder().policy(statements.to_string());
            policy.revision_id("revision-7").build()
        };
        let rest = json!({"Version": "2012-10-17", "Statement": [statements()["Statement"][1]]});
        let reads = || {
            let rest = rest.clone();
            mock!(Lambda::get_policy)
                .sequence()
                .output(move || policy(&statements()))
                .times(2)
                .output(move || policy(&rest))
                .build()
        };
        let remove = mock!(Lambda::remove_permission)
            .match_requests(|request| {
                request.revision_id() == Some("revision-7")
                    && request.statement_id() == Some("gateway")
            })
            .then_output(|| RemovePermissionOutput::builder().build());
        let scope = Scope::new("123456789012", "eu-central-1").unwrap();
        let orders = Footprint::empty().function(&scope, "orders").unwrap();
        let aliases =
            mock!(Lambda::list_aliases).then_output(|| ListAliasesOutput::builder().build());
        let versions = mock!(Lambda::list_versions_by_function)
            .then_output(|| ListVersionsByFunctionOutput::builder().build());
        let once = mock!(Lambda::get_policy).then_output(move || policy(&statements()));
        let listed = details(|_| page(vec![user("one", &encoded(&allow("arn:aws:s3:::x")))], None));
        let survey = adapter(&[listed])
            .with_api(api(), orders)
            .with_functions(&client(&[aliases, versions, configuration(), once]))
            .survey(&api())
            .await
            .unwrap();
        let found = survey.known_completely().unwrap().naming.clone();
        assert_eq!(found.len(), 2);
        let permits = Permits::new();
        let permit = permits.permit().await.unwrap();
        let grants = adapter(&[]).with_functions(&client(&[configuration(), reads(), remove]));
        let done = grants.remove(&found[0].id, &permit).await.unwrap();
        assert!(matches!(done, Outcome::Done { .. }), "{done:?}");
        let grants = adapter(&[]).with_functions(&client(&[configuration(), reads()]));
        let odd = grants.remove(&found[1].id, &permit).await.unwrap();
        assert!(matches!(odd, Outcome::NotDone { .. }), "{odd:?}");
    }

    /// moto gives a function, its aliases and its versions one policy; AWS one each.
    #[tokio::test]
    async fn the_policies_of_all_aliases_and_versions_are_read_from_all_pages() {
        let alias = |name: &str| AliasConfiguration::builder().name(name).build();
        let aliases = mock!(Lambda::list_aliases)
            .sequence()
            .output(move || {
                let page = ListAliasesOutput::builder().aliases(alias("test"));
                page.next_marker("more").build()
            })
            .output(move || ListAliasesOutput::builder().aliases(alias("live")).build())
            .build();
        let versions = mock!(Lambda::list_versions_by_function).then_output(|| {
            let version = |number: &str| FunctionConfiguration::builder().version(number).build();
            let page = ListVersionsByFunctionOutput::builder().versions(version("$LATEST"));
            page.versions(version("7")).build()
        });
        let policy = mock!(Lambda::get_policy).then_compute_output(|request| {
            let mut statement = allow("*")["Statement"][0].clone();
            statement["Sid"] = json!(request.qualifier());
            let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
            GetPolicyOutput::builder()
                .policy(policy.to_string())
                .build()
        });
        let scope = Scope::new("123456789012", "eu-central-1").unwrap();
        let orders = Footprint::empty().function(&scope, "orders").unwrap();
        let rule = details(|_| page(vec![user("one", &encoded(&allow("arn:aws:s3:::x")))], None));
        let grants = adapter(&[rule])
            .with_api(api(), orders)
            .with_functions(&client(&[aliases, versions, configuration(), policy]));
        let survey = grants.survey(&api()).await.unwrap();
        let found = &survey.known_completely().unwrap().naming;
        let policies: Vec<_> = found.iter().map(|found| found.policy.as_str()).collect();
        assert_eq!(
            policies,
            [
                "policy of function orders",
                "policy of function orders:test",
                "policy of function orders:live",
                "policy of function orders:7",
            ]
        );
    }
}

mod managed {
    use super::*;
    use aws_sdk_iam::operation::delete_policy::DeletePolicyOutput;
    use aws_sdk_iam::operation::delete_policy_version::DeletePolicyVersionOutput;
    use aws_sdk_iam::operation::detach_user_policy::DetachUserPolicyOutput;
    use aws_sdk_iam::operation::get_policy::GetPolicyOutput;
    use aws_sdk_iam::operation::get_policy_version::GetPolicyVersionOutput;
    use aws_sdk_iam::operation::list_entities_for_policy::ListEntitiesForPolicyOutput;
    use aws_sdk_iam::operation::list_policy_versions::ListPolicyVersionsOutput;
    use aws_sdk_iam::types::{Policy, PolicyUser};

    const ARN: &str = "arn:aws:iam::123456789012:policy/orders";

    fn version(id: &str, in_force: bool) -> PolicyVersion {
        PolicyVersion::builder()
            .version_id(id)
            .is_default_version(in_force)
            .document(encoded(&allow(API)))
            .build()
    }

    /// A policy with two versions and holders on two pages.
    fn reads(bounds: i32) -> Vec<Rule> {
        vec![
            somebody(),
            mock!(Client::get_policy).then_output(move || {
                let policy = Policy::builder()
                    .arn(ARN)
                    .default_version_id("v2")
                    .permissions_boundary_usage_count(bounds);
                GetPolicyOutput::builder().policy(policy.build()).build()
            }),
            mock!(Client::get_policy_version).then_output(|| {
                let version = version("v2", true);
                GetPolicyVersionOutput::builder()
                    .policy_version(version)
                    .build()
            }),
            mock!(Client::list_policy_versions).then_output(|| {
                ListPolicyVersionsOutput::builder()
                    .versions(version("v1", false))
                    .versions(version("v2", true))
                    .build()
            }),
            mock!(Client::list_entities_for_policy).then_compute_output(|request| {
                let (name, marker) = match request.marker() {
                    None => ("one", Some("more".to_owned())),
                    Some(_) => ("two", None),
                };
                ListEntitiesForPolicyOutput::builder()
                    .policy_users(PolicyUser::builder().user_name(name).build())
                    .is_truncated(marker.is_some())
                    .set_marker(marker)
                    .build()
            }),
        ]
    }

    async fn id() -> GrantId {
        let rule = details(|_| {
            let mut page = page(vec![user("one", &encoded(&allow("arn:aws:s3:::x")))], None);
            let policy = ManagedPolicyDetail::builder()
                .arn(ARN)
                .policy_version_list(version("v2", true))
                .build();
            page.policies = Some(vec![policy]);
            page
        });
        let survey = adapter(&[rule]).survey(&api()).await.unwrap();
        survey.known_completely().unwrap().naming[0].id.clone()
    }

    #[tokio::test]
    async fn holders_of_all_pages_are_kept_for_the_undo() {
        let seen = adapter(&reads(0)).grant(&id().await).await.unwrap();
        let Some(GrantState::Present { document, .. }) = seen.known_completely() else {
            panic!("{seen:?}");
        };
        assert_eq!(document["managed"]["users"], json!(["one", "two"]));
        assert_eq!(document["after"], Value::Null);
    }

    #[tokio::test]
    async fn a_policy_is_detached_from_all_before_it_is_deleted_and_half_done_is_unknown() {
        let detach = || {
            mock!(Client::detach_user_policy)
                .then_output(|| DetachUserPolicyOutput::builder().build())
        };
        let drop_version = mock!(Client::delete_policy_version)
            .match_requests(|request| request.version_id() == Some("v1"))
            .then_output(|| DeletePolicyVersionOutput::builder().build());
        // AWS refuses to delete what is still attached, for a while after it is not.
        let conflict = "<ErrorResponse><Error><Code>DeleteConflict</Code><Message>m</Message>\
                        </Error></ErrorResponse>";
        let delete = mock!(Client::delete_policy)
            .sequence()
            .http_status(409, Some(conflict.to_owned()))
            .build();
        let detached = detach();
        let mut rules = reads(0);
        rules.extend([detached.clone(), drop_version, delete]);
        let permit = Permits::new().permit().await.unwrap();
        let outcome = adapter(&rules).remove(&id().await, &permit).await.unwrap();
        assert!(
            matches!(&outcome, Outcome::Unknown { why } if why.contains("iam:DeletePolicy")),
            "{outcome:?}"
        );
        assert_eq!(detached.num_calls(), 2, "both pages");
        // A refusal of the first call changed nothing.
        let refused = mock!(Client::detach_user_policy)
            .sequence()
            .http_status(403, None)
            .build();
        let deleted =
            mock!(Client::delete_policy).then_output(|| DeletePolicyOutput::builder().build());
        let mut rules = reads(0);
        rules.extend([refused, deleted.clone()]);
        let error = adapter(&rules)
            .remove(&id().await, &permit)
            .await
            .unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Denied);
        assert_eq!(deleted.num_calls(), 0);
    }

    #[tokio::test]
    async fn a_policy_that_bounds_somebody_is_not_deleted() {
        let permit = Permits::new().permit().await.unwrap();
        let outcome = adapter(&reads(1))
            .remove(&id().await, &permit)
            .await
            .unwrap();
        assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
    }
}
