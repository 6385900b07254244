//! The time of the demonstration: it is moved, while a canary calls version 2.

use std::sync::Arc;

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_smithy_types::DateTime;
use deprovision_core::time::{Clock, ManualClock, Period, Timestamp};
use deprovision_examples::{Files, Problem};

use crate::peers::made::STAGE;

/// How often the canary calls: a little more often than the file wants. (moto goes through
/// all sums for each period that it is asked for: many of them make it slow.)
const CANARY: Period = Period::hours(10);

/// How much there was before the story begins, and for how much of it version 1 was
/// still called.
const HISTORY: Period = Period::days(95);
const USED: Period = Period::days(4);

/// As many sums as CloudWatch takes at once.
const AT_ONCE: usize = 1000;

/// A clock that is moved, and what CloudWatch records meanwhile.
#[derive(Debug)]
pub(crate) struct Time {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) start: Timestamp,
    files: Files,
    cloudwatch: aws_sdk_cloudwatch::Client,
}

impl Time {
    /// Where it was left; the first time, after months of calls.
    pub(crate) async fn open(
        files: &Files,
        cloudwatch: aws_sdk_cloudwatch::Client,
    ) -> Result<Self, Problem> {
        let time = |now, start| Self {
            clock: Arc::new(ManualClock::starting_at(now)),
            start,
            files: files.clone(),
            cloudwatch,
        };
        if let (Some(now), Some(start)) = (files.read("clock")?, files.read("start")?) {
            return Ok(time(now.trim().parse()?, start.trim().parse()?));
        }
        let hour = Timestamp::now().as_second() / 3600 * 3600;
        let start = Timestamp::from_second(hour)?;
        let begin = HISTORY.before(start);
        let time = time(start, start);
        time.record("orders-v2", begin, start).await?;
        time.record("orders-v1", begin, USED.after(begin)).await?;
        files.write("start", start.to_string())?;
        files.write("clock", start.to_string())?;
        Ok(time)
    }

    /// Lets time pass until that moment.
    pub(crate) async fn pass(&self, until: Timestamp) -> Result<(), Problem> {
        let now = self.clock.now();
        if until <= now {
            return Ok(());
        }
        self.record("orders-v2", now, until).await?;
        // Written first: whoever opens it again is never back in time.
        self.files.write("clock", until.to_string())?;
        self.clock.advance_to(until);
        Ok(())
    }

    /// Calls of an API, one every ten hours, in CloudWatch.
    async fn record(&self, api: &str, from: Timestamp, to: Timestamp) -> Result<(), Problem> {
        let step = i64::try_from(CANARY.as_seconds())?;
        let first = from.as_second().div_euclid(step).saturating_add(1);
        let last = to.as_second().div_euclid(step);
        let calls: Vec<MetricDatum> = (first..=last)
            .map(|number| {
                let dimension =
                    |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
                MetricDatum::builder()
                    .metric_name("Count")
                    .timestamp(DateTime::from_secs(number.saturating_mul(step)))
                    .value(1.0)
                    .dimensions(dimension("ApiName", api))
                    .dimensions(dimension("Stage", STAGE))
                    .build()
            })
            .collect();
        for some in calls.chunks(AT_ONCE) {
            self.cloudwatch
                .put_metric_data()
                .namespace("AWS/ApiGateway")
                .set_metric_data(Some(some.to_vec()))
                .send()
                .await?;
        }
        Ok(())
    }
}
