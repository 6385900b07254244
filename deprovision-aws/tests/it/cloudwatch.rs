//! Answers of CloudWatch that moto does not give.

use std::sync::Arc;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_cloudwatch::error::ErrorMetadata;
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MetricDataResult, StatusCode};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use deprovision_aws::{CloudWatchMetric, CloudWatchUsage};
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, ProviderError, UsageSource};
use deprovision_core::time::{ManualClock, Period, Timestamp, Window};
use deprovision_core::usage::UsageEvidence;

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn client(rules: &[&Rule]) -> Client {
    let mocks = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential);
    let mocks = rules
        .iter()
        .fold(mocks, |mocks, rule| mocks.with_rule(rule));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
        .http_client(create_mock_http_client())
        .interceptor(mocks);
    Client::from_conf(config.build())
}

async fn ask(client: &Client, days: u64) -> Result<Observation<UsageEvidence>, ProviderError> {
    let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
    let clock = Arc::new(ManualClock::starting_at(now()));
    CloudWatchUsage::new(client, "metrics", clock)
        .with_api(api.id.clone(), [CloudWatchMetric::http_api("a1b2c3")])
        .with_control(CloudWatchMetric::http_api("canary"), Period::days(1))
        .usage(&api, Window::ending_at(now(), Period::days(days)))
        .await
}

fn result(id: &str, status: StatusCode, hours_ago: &[u64], value: f64) -> MetricDataResult {
    let at = |hours: &u64| DateTime::from_secs(Period::hours(*hours).before(now()).as_second());
    MetricDataResult::builder()
        .id(id)
        .status_code(status)
        .set_timestamps(Some(hours_ago.iter().map(at).collect()))
        .set_values(Some(hours_ago.iter().map(|_| value).collect()))
        .build()
}

fn page(results: Vec<MetricDataResult>, next: Option<&str>) -> GetMetricDataOutput {
    GetMetricDataOutput::builder()
        .set_metric_data_results(Some(results))
        .set_next_token(next.map(str::to_owned))
        .build()
}

/// The answer to the question about what lies before the window.
fn no_history() -> Rule {
    mock!(Client::get_metric_data)
        .match_requests(|input| {
            input
                .metric_data_queries()
                .iter()
                .all(|query| query.metric_stat().and_then(|stat| stat.period()) == Some(3600))
        })
        .then_output(|| {
            page(
                vec![
                    result("m0", StatusCode::Complete, &[], 0.0),
                    result("control", StatusCode::Complete, &[], 0.0),
                ],
                None,
            )
        })
}

#[tokio::test]
async fn all_pages_are_read_and_a_metric_that_goes_on_is_whole_at_its_last_page() {
    let first = mock!(Client::get_metric_data)
        .match_requests(|input| input.next_token().is_none())
        .then_output(|| {
            let ours = result("m0", StatusCode::PartialData, &[30], 2.0);
            page(vec![ours], Some("more"))
        });
    let second = mock!(Client::get_metric_data)
        .match_requests(|input| input.next_token() == Some("more"))
        .then_output(|| {
            let beats: Vec<u64> = (1..=48).collect();
            let ours = result("m0", StatusCode::Complete, &[20], 3.0);
            page(
                vec![ours, result("control", StatusCode::Complete, &beats, 1.0)],
                None,
            )
        });
    let seen = ask(&client(&[&no_history(), &first, &second]), 2)
        .await
        .unwrap();
    let Observation::Known {
        value, coverage, ..
    } = seen
    else {
        panic!("it is known");
    };
    assert_eq!(value.requests, 5);
    let last = Period::seconds(299).after(Period::hours(20).before(now()));
    assert_eq!(value.last_seen, Some(last));
    let text = format!("{coverage:?}");
    assert!(
        text.contains("who called") && !text.contains("nothing shows"),
        "{text}"
    );
}

#[tokio::test]
async fn a_part_of_the_sums_is_an_error_that_may_pass_and_forbidden_ones_are_denied() {
    for (status, kind) in [
        (StatusCode::InternalError, ErrorKind::Transient),
        (StatusCode::PartialData, ErrorKind::Transient),
        (StatusCode::Forbidden, ErrorKind::Denied),
    ] {
        let partial = mock!(Client::get_metric_data)
            .then_output(move || page(vec![result("m0", status.clone(), &[3], 1.0)], None));
        let error = ask(&client(&[&no_history(), &partial]), 2)
            .await
            .unwrap_err();
        assert_eq!(*error.kind(), kind);
    }
}

#[tokio::test]
async fn a_sum_that_is_no_number_of_calls_is_an_error() {
    for value in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
        let wrong = mock!(Client::get_metric_data)
            .then_output(move || page(vec![result("m0", StatusCode::Complete, &[3], value)], None));
        let error = ask(&client(&[&no_history(), &wrong]), 2).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Invalid, "{value}");
    }
}

#[tokio::test]
async fn throttling_and_a_refusal_are_told_apart() {
    for (code, kind) in [
        ("Throttling", ErrorKind::Throttled { retry_at: None }),
        ("AccessDenied", ErrorKind::Denied),
    ] {
        let refused = mock!(Client::get_metric_data).then_error(move || {
            GetMetricDataError::generic(ErrorMetadata::builder().code(code).build())
        });
        let error = ask(&client(&[&refused]), 2).await.unwrap_err();
        assert_eq!(*error.kind(), kind);
        assert!(
            refused.num_calls() == 1,
            "the engine tries again, and nobody else"
        );
    }
}

#[tokio::test]
async fn i_9_what_is_older_than_cloudwatch_keeps_is_a_doubt() {
    // One question in sums of an hour, and one in sums of 5 minutes.
    let [all, again] = [(), ()].map(|()| {
        mock!(Client::get_metric_data).then_output(|| {
            let beats: Vec<u64> = (0..460 * 24).collect();
            let ours = result("m0", StatusCode::Complete, &[], 0.0);
            page(
                vec![ours, result("control", StatusCode::Complete, &beats, 1.0)],
                None,
            )
        })
    });
    let seen = ask(&client(&[&all, &again]), 456).await.unwrap();
    assert!(
        seen.doubt().unwrap().contains("keeps nothing from before"),
        "{:?}",
        seen.doubt()
    );
}
