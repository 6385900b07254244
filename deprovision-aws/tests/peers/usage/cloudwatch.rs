//! CloudWatch as moto keeps it: sums over periods. What moto does not show is how
//! late CloudWatch is.

use std::error::Error;
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use deprovision_aws::{CloudWatchMetric, CloudWatchUsage};
use deprovision_core::catalog::Api;
use deprovision_core::conformance::{Records, UsageFixture, usage};
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ProviderError, UsageSource};
use deprovision_core::time::{Clock, ManualClock, Period, Timestamp, Window};
use deprovision_core::usage::UsageEvidence;

use crate::world::{account, cloudwatch};

const PAUSE: Period = Period::hours(1);

/// A source over an account that is a new one for each set of records.
struct Current {
    clock: Arc<ManualClock>,
    source: RwLock<Arc<CloudWatchUsage>>,
}

#[async_trait]
impl UsageSource for Current {
    fn name(&self) -> &str {
        "metrics"
    }

    fn lag(&self) -> Period {
        self.source.read().unwrap().lag()
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let source = self.source.read().unwrap().clone();
        source.usage(api, window).await
    }
}

struct Fixture {
    api: Api,
    current: Current,
}

fn source(client: &Client, clock: &Arc<ManualClock>, api: &Api) -> Arc<CloudWatchUsage> {
    Arc::new(
        CloudWatchUsage::new(client, "metrics", clock.clone())
            .with_api(
                api.id.clone(),
                ["prod", "beta"].map(|stage| CloudWatchMetric::rest_stage("orders", stage)),
            )
            .with_control(CloudWatchMetric::rest_api("canary"), PAUSE),
    )
}

impl Fixture {
    async fn new() -> Self {
        let hour = Timestamp::now().as_second() / 3600 * 3600;
        let clock = Arc::new(ManualClock::starting_at(
            Timestamp::from_second(hour).unwrap(),
        ));
        let api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        let client = cloudwatch(&account().await);
        let source = RwLock::new(source(&client, &clock, &api));
        Self {
            api,
            current: Current { clock, source },
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
        *self.current.source.write().unwrap() = source(&client, &self.current.clock, &self.api);
        Ok(())
    }
}

#[tokio::test]
async fn metrics_with_a_control_keep_all_promises_of_a_usage_source() {
    let fixture = Fixture::new().await;
    assert_eq!(usage(&fixture).await.unwrap(), 17);
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
