//! Access keys over answers that no server at hand gives: pages, throttling, denials,
//! broken and lost replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_iam::Client;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::operation::get_access_key_last_used::GetAccessKeyLastUsedOutput;
use aws_sdk_iam::operation::list_access_keys::ListAccessKeysOutput;
use aws_sdk_iam::operation::list_users::ListUsersOutput;
use aws_sdk_iam::operation::update_access_key::UpdateAccessKeyOutput;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{AccessKeyLastUsed, AccessKeyMetadata, StatusType, User};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, mock};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use deprovision_aws::{IamAccessKeys, Pace, Scope};
use deprovision_core::conformance::{Permits, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialObserver as _, CredentialRevoker as _, CredentialState, ErrorKind, Outcome,
};
use deprovision_core::time::{Period, Timestamp};

const ACCOUNT: &str = "123456789012";

fn keys(rules: &[&Rule]) -> IamAccessKeys {
    let mut interceptor = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny);
    for rule in rules {
        interceptor = interceptor.with_rule(rule);
    }
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "tests"))
        .http_client(aws_smithy_mocks::create_mock_http_client())
        .interceptor(interceptor)
        .build();
    let scope = Scope::new(ACCOUNT, "us-east-1").unwrap();
    // Nobody waits for a mock.
    IamAccessKeys::new(&Client::from_conf(config), scope).pace(Pace::at(1e6, 1000).unwrap())
}

fn orders() -> ApiId {
    ApiId::parse("orders-v1").unwrap()
}

fn user(name: &str) -> User {
    User::builder()
        .path("/apis/orders/")
        .user_name(name)
        .user_id(format!("AIDA{name}"))
        .arn(format!("arn:aws:iam::{ACCOUNT}:user/apis/orders/{name}"))
        .create_date(DateTime::from_secs(0))
        .build()
        .unwrap()
}

fn key(id: &str, status: StatusType) -> AccessKeyMetadata {
    AccessKeyMetadata::builder()
        .access_key_id(id)
        .status(status)
        .build()
}

fn http(status: u16, code: &str, message: &str) -> HttpResponse {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

const A: &str = "AKIAAAAAAAAAAAAAAAAA";
const B: &str = "AKIABBBBBBBBBBBBBBBB";
const C: &str = "AKIACCCCCCCCCCCCCCCC";

#[tokio::test]
async fn every_page_of_users_and_of_keys_is_read_more_than_two_keys_of_a_user_too() {
    let users = mock!(Client::list_users)
        .match_requests(|request| request.marker().is_none())
        .then_output(|| {
            let page = ListUsersOutput::builder().is_truncated(true).marker("2");
            page.users(user("one")).build().unwrap()
        });
    let more = mock!(Client::list_users)
        .match_requests(|request| request.marker() == Some("2"))
        .then_output(|| {
            let page = ListUsersOutput::builder().is_truncated(false);
            page.users(user("two")).build().unwrap()
        });
    let first = mock!(Client::list_access_keys)
        .match_requests(|request| request.marker().is_none())
        .then_output(|| {
            let page = ListAccessKeysOutput::builder()
                .is_truncated(true)
                .marker("k");
            let page = page.access_key_metadata(key(A, StatusType::Active));
            let page = page.access_key_metadata(key(B, StatusType::Inactive));
            page.build().unwrap()
        });
    let second = mock!(Client::list_access_keys)
        .match_requests(|request| request.marker() == Some("k"))
        .then_output(|| {
            let page = ListAccessKeysOutput::builder().is_truncated(false);
            let page = page.access_key_metadata(key(C, StatusType::Active));
            page.build().unwrap()
        });
    let keys = keys(&[&users, &more, &first, &second]);
    let keys = keys.path(&orders(), "/apis/orders/").unwrap();
    let listed = keys
        .credentials(&keys.issuer_id().unwrap(), &orders())
        .await;
    let mut expected = Vec::new();
    for user in ["one", "two"] {
        expected.extend([A, B, C].map(|id| keys.key_id(user, id).unwrap()));
    }
    assert_eq!(known(listed.unwrap()).unwrap(), expected);
    // One page of users and one of keys more, and nothing else.
    assert_eq!(users.num_calls() + more.num_calls(), 2);
    assert_eq!(first.num_calls() + second.num_calls(), 4);
}

#[tokio::test]
async fn a_page_without_its_marker_or_with_the_same_again_is_an_error_and_no_end() {
    for marker in [None, Some("again")] {
        let users = mock!(Client::list_users).then_output(move || {
            let page = ListUsersOutput::builder().is_truncated(true);
            let page = page.set_marker(marker.map(str::to_owned));
            page.users(user("one")).build().unwrap()
        });
        let keys = keys(&[&users]).path(&orders(), "/apis/orders/").unwrap();
        let listed = keys
            .credentials(&keys.issuer_id().unwrap(), &orders())
            .await;
        assert_eq!(*listed.unwrap_err().kind(), ErrorKind::Transient);
        assert!(users.num_calls() <= 2);
    }
}

#[tokio::test]
async fn a_key_that_was_never_used_and_one_with_a_date_are_told_apart() {
    let listed = mock!(Client::list_access_keys).then_output(|| {
        let page = ListAccessKeysOutput::builder().is_truncated(false);
        let page = page.access_key_metadata(key(A, StatusType::Active));
        let page = page.access_key_metadata(key(B, StatusType::Inactive));
        page.build().unwrap()
    });
    let used = |date: Option<DateTime>| {
        let used = AccessKeyLastUsed::builder()
            .service_name("N/A")
            .region("N/A");
        let used = used.set_last_used_date(date).build().unwrap();
        GetAccessKeyLastUsedOutput::builder()
            .access_key_last_used(used)
            .build()
    };
    let never = mock!(Client::get_access_key_last_used)
        .match_requests(|request| request.access_key_id() == Some(A))
        .then_output(move || used(None));
    let once = mock!(Client::get_access_key_last_used)
        .match_requests(|request| request.access_key_id() == Some(B))
        .then_output(move || used(Some(DateTime::from_secs(86_400))));
    let keys = keys(&[&listed, &never, &once]);
    let state = async |id| {
        known(
            keys.credential(&keys.key_id("ci", id).unwrap())
                .await
                .unwrap(),
        )
    };
    assert_eq!(
        state(A).await.unwrap(),
        CredentialState::Active { last_used: None }
    );
    let at = Period::days(1).after(Timestamp::UNIX_EPOCH);
    assert_eq!(
        state(B).await.unwrap(),
        CredentialState::Disabled {
            last_used: Some(at)
        }
    );
}

#[tokio::test]
async fn a_state_that_iam_may_invent_is_unknown() {
    let listed = mock!(Client::list_access_keys).then_output(|| {
        let page = ListAccessKeysOutput::builder().is_truncated(false);
        let page = page.access_key_metadata(key(A, StatusType::from("Suspended")));
        page.build().unwrap()
    });
    let used = mock!(Client::get_access_key_last_used)
        .then_output(|| GetAccessKeyLastUsedOutput::builder().build());
    let keys = keys(&[&listed, &used]);
    let seen = keys
        .credential(&keys.key_id("ci", A).unwrap())
        .await
        .unwrap();
    assert!(seen.doubt().unwrap().contains("Suspended"), "{seen:?}");
}

#[tokio::test]
async fn i_9_absent_needs_something_of_the_same_account_that_is_still_seen() {
    let nobody =
        mock!(Client::list_access_keys).then_http_response(|| http(404, "NoSuchEntity", ""));
    let none = mock!(Client::list_users).then_output(|| {
        ListUsersOutput::builder()
            .is_truncated(false)
            .set_users(Some(vec![]))
            .build()
            .unwrap()
    });
    let blind = keys(&[&nobody, &none]);
    let id = blind.key_id("ci", A).unwrap();
    let seen = blind.credential(&id).await.unwrap();
    assert!(seen.doubt().is_some(), "{seen:?}");
    let permits = Permits::new();
    let warrant = permits
        .warrant(&orders(), [id.clone().into()])
        .await
        .unwrap();
    let outcome = blind.delete(&id, &warrant).await.unwrap();
    assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
    // A list that is empty because of a lost permission is an error.
    let denied = mock!(Client::list_users).then_http_response(|| http(403, "AccessDenied", ""));
    let denied = keys(&[&nobody, &denied]);
    assert_eq!(
        *denied.credential(&id).await.unwrap_err().kind(),
        ErrorKind::Denied
    );
}

#[tokio::test]
async fn throttled_requests_of_bulk_work_are_sent_again_and_single_ones_are_not() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let update = mock!(Client::update_access_key)
        .match_requests(move |_| counted.fetch_add(1, Ordering::Relaxed) % 3 < 2)
        .then_http_response(|| http(400, "Throttling", "Rate exceeded"));
    let served =
        mock!(Client::update_access_key).then_output(|| UpdateAccessKeyOutput::builder().build());
    let keys = keys(&[&update, &served]);
    let permit = Permits::new().permit().await.unwrap();
    let ids: Vec<_> = [A, B, C].map(|id| keys.key_id("ci", id).unwrap()).into();
    for (id, outcome) in keys.disable_each(&ids, &permit).await {
        assert!(
            matches!(outcome, Ok(Outcome::Done { .. })),
            "{id}: {outcome:?}"
        );
    }
    assert_eq!((update.num_calls(), served.num_calls()), (6, 3));
    let error = keys.disable(&ids[0], &permit).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Throttled { .. }),
        "{error:?}"
    );
    assert_eq!(update.num_calls(), 7);
}

#[tokio::test]
async fn a_request_that_is_throttled_for_ever_ends_after_its_tries() {
    let update = mock!(Client::update_access_key)
        .then_http_response(|| http(400, "Throttling", "Rate exceeded"));
    let keys = keys(&[&update]).pace(Pace::at(1e6, 1000).unwrap().tries(3).unwrap());
    let permit = Permits::new().permit().await.unwrap();
    let id = keys.key_id("ci", A).unwrap();
    let mut outcomes = keys.disable_each(std::slice::from_ref(&id), &permit).await;
    let error = outcomes.remove(&id).unwrap().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Throttled { .. }),
        "{error:?}"
    );
    assert_eq!(update.num_calls(), 3);
}

#[tokio::test]
async fn i_12_a_denied_canary_stops_all_others_before_anything_is_sent_for_them() {
    let update =
        mock!(Client::update_access_key).then_http_response(|| http(403, "AccessDenied", ""));
    let keys = keys(&[&update]);
    let permit = Permits::new().permit().await.unwrap();
    let ids: Vec<_> = [A, B, C].map(|id| keys.key_id("ci", id).unwrap()).into();
    let outcomes = keys.disable_each(&ids, &permit).await;
    assert_eq!(update.num_calls(), 1);
    assert_eq!(
        *outcomes[&ids[0]].as_ref().unwrap_err().kind(),
        ErrorKind::Denied
    );
    for id in &ids[1..] {
        assert!(
            matches!(outcomes[id], Ok(Outcome::NotDone { .. })),
            "{outcomes:?}"
        );
    }
    assert!(keys.disable_each(&[], &permit).await.is_empty(), "[I-11]");
    assert_eq!(update.num_calls(), 1);
}

#[tokio::test]
async fn a_write_that_iam_failed_in_is_unknown_and_a_queue_of_replication_is_no_quota() {
    let broken =
        mock!(Client::update_access_key).then_http_response(|| http(500, "InternalFailure", ""));
    let permit = Permits::new().permit().await.unwrap();
    let adapter = keys(&[&broken]);
    let id = adapter.key_id("ci", A).unwrap();
    let outcome = adapter.disable(&id, &permit).await.unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    let queue = mock!(Client::update_access_key).then_http_response(|| {
        http(
            409,
            "LimitExceeded",
            "large number of updates awaiting replication",
        )
    });
    let error = keys(&[&queue]).disable(&id, &permit).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transient);
    // A proxy that answers 200 with an error must not look like a user without keys.
    let garbled =
        mock!(Client::list_access_keys).then_http_response(|| http(200, "ServiceUnavailable", ""));
    let error = keys(&[&garbled]).credential(&id).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transient);
}

#[tokio::test]
async fn i_20_no_debug_shows_a_secret() {
    assert!(!format!("{:?}", keys(&[])).contains("secret"));
}

#[test]
fn a_path_without_its_last_slash_would_bind_another_api_too_and_is_refused() {
    let keys = keys(&[]);
    for bad in ["", "/apis/orders", "apis/orders/", "/apis/ orders/"] {
        assert!(keys.clone().path(&orders(), bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn i_9_users_by_name_have_their_keys_and_those_that_are_gone_need_a_control() {
    let there = mock!(Client::list_access_keys)
        .match_requests(|input| input.user_name() == Some("ci"))
        .then_output(|| {
            ListAccessKeysOutput::builder()
                .is_truncated(false)
                .set_access_key_metadata(Some(vec![key(A, StatusType::Active)]))
                .build()
                .unwrap()
        });
    let gone = mock!(Client::list_access_keys)
        .match_requests(|input| input.user_name() == Some("gone"))
        .then_http_response(|| http(404, "NoSuchEntity", ""));
    for (seen, complete) in [(vec![user("admin")], true), (vec![], false)] {
        let any = mock!(Client::list_users).then_output(move || {
            ListUsersOutput::builder()
                .is_truncated(false)
                .set_users(Some(seen.clone()))
                .build()
                .unwrap()
        });
        let keys = keys(&[&there, &gone, &any])
            .users(&orders(), ["ci", "gone"])
            .unwrap();
        let issuer = keys.issuer_id().unwrap();
        let listed = keys.credentials(&issuer, &orders()).await.unwrap();
        let ids = complete.then(|| vec![keys.key_id("ci", A).unwrap()]);
        assert_eq!(listed.known_completely(), ids.as_ref());
    }
}
