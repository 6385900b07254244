//! CloudWatch as moto keeps it: sums over periods. What moto does not show is how
//! late CloudWatch is.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use deprovision_aws::{CloudWatchMetric, CloudWatchUsage};
use deprovision_core::catalog::Api;
use deprovision_core::conformance::{Memory, Records, UsageFixture, usage};
use deprovision_core::id::{ApiId, CallerId};
use deprovision_core::observation::Observation;
use deprovision_core::provider::UsageSource;
use deprovision_core::time::{Clock, ManualClock, Period, Timestamp, Window};

use super::current::Current;
use crate::world::{account, cloudwatch};

const PAUSE: Period = Period::hours(1);

struct Fixture {
    api: Api,
    current: Current<CloudWatchUsage>,
}

fn source(client: &Client, clock: &Arc<ManualClock>, api: &Api) -> CloudWatchUsage {
    CloudWatchUsage::new(client, "metrics", clock.clone())
        .with_api(
            api.id.clone(),
            ["prod", "beta"].map(|stage| CloudWatchMetric::rest_stage("orders", stage)),
        )
        .with_control(CloudWatchMetric::rest_api("canary"), PAUSE)
}

impl Fixture {
    async fn new() -> Self {
        let hour = Timestamp::now().as_second() / 3600 * 3600;
        let clock = Arc::new(ManualClock::starting_at(
            Timestamp::from_second(hour).unwrap(),
        ));
        let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        let client = cloudwatch(&account().await);
        let source = source(&client, &clock, &api);
        Self {
            api,
            current: Current::new(clock, source),
        }
    }
}

fn datum(at: Timestamp, api: &str, stage: Option<&str>) -> MetricDatum {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    MetricDatum::builder()
        .metric_name("Count")
        .timestamp(DateTime::from_secs(at.as_second()))
        .value(1.0)
        .dimensions(dimension("ApiName", api))
        .set_dimensions(Some(
            std::iter::once(dimension("ApiName", api))
                .chain(stage.map(|stage| dimension("Stage", stage)))
                .collect(),
        ))
        .build()
}

#[async_trait]
impl UsageFixture for Fixture {
    fn source(&self) -> &dyn UsageSource {
        &self.current
    }

    fn api(&self) -> &Api {
        &self.api
    }

    fn now(&self) -> Timestamp {
        self.current.clock.now()
    }

    fn resolution(&self) -> Period {
        Period::hours(1)
    }

    fn tells_callers(&self) -> bool {
        false
    }

    fn memory(&self) -> Memory {
        Memory::Stretches
    }

    fn told_as(&self, caller: &CallerId) -> CallerId {
        caller.clone()
    }

    async fn record(&self, records: Records) -> Result<(), Box<dyn Error + Send + Sync>> {
        let client = cloudwatch(&account().await);
        let mut data = Vec::new();
        for kept in &records.kept {
            let mut at = kept.from;
            while at < kept.to {
                data.push(datum(at, "canary", None));
                at = PAUSE.after(at);
            }
        }
        for (number, call) in records.calls.iter().enumerate() {
            let stage = if number % 2 == 0 { "prod" } else { "beta" };
            let api = if call.ours { "orders" } else { "invoices" };
            data.push(datum(call.at, api, Some(stage)));
        }
        for some in data.chunks(500) {
            client
                .put_metric_data()
                .namespace("AWS/ApiGateway")
                .set_metric_data(Some(some.to_vec()))
                .send()
                .await?;
        }
        self.current
            .replace(source(&client, &self.current.clock, &self.api));
        Ok(())
    }
}

#[tokio::test]
async fn metrics_with_a_control_keep_all_promises_of_a_usage_source() {
    let fixture = Fixture::new().await;
    assert_eq!(usage(&fixture).await.unwrap(), 18);
}

#[tokio::test]
async fn i_9_without_a_control_a_quiet_metric_is_unknown_and_not_zero() {
    let fixture = Fixture::new().await;
    let client = cloudwatch(&account().await);
    let alone = CloudWatchUsage::new(&client, "metrics", fixture.current.clock.clone()).with_api(
        fixture.api.id.clone(),
        [CloudWatchMetric::rest_api("orders")],
    );
    let window = Window::ending_at(fixture.now(), Period::days(14));
    let quiet = alone.usage(&fixture.api, window).await.unwrap();
    assert!(matches!(quiet, Observation::Unknown { .. }), "{quiet:?}");
    let call = datum(Period::days(3).before(fixture.now()), "orders", None);
    client
        .put_metric_data()
        .namespace("AWS/ApiGateway")
        .metric_data(call)
        .send()
        .await
        .unwrap();
    let called = alone.usage(&fixture.api, window).await.unwrap();
    assert!(
        called.doubt().unwrap().contains("nothing shows"),
        "{called:?}"
    );
    assert!(matches!(called, Observation::Known { value, .. } if value.requests == 1));
}

#[tokio::test]
async fn an_api_without_metrics_is_an_error_that_says_what_to_name() {
    let fixture = Fixture::new().await;
    let other = Api::new(ApiId::parse("other").unwrap(), "Other");
    let window = Window::ending_at(fixture.now(), Period::days(1));
    let error = fixture.current.usage(&other, window).await.unwrap_err();
    assert!(error.to_string().contains("with_api"), "{error}");
}
