//! Usage from CloudWatch's metrics.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult, MetricStat, StatusCode};
use aws_smithy_types::DateTime;
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, ProviderError, UsageSource};
use deprovision_core::time::{Clock, Period, Timestamp, Window};
use deprovision_core::usage::UsageEvidence;

use crate::call::Call;
use crate::error::{invalid, read};
use crate::policy::NeededPolicy;
use crate::usage::CloudWatchMetric;
use crate::usage::series::{Sum, judge};

const GET: Call = Call::same(&["cloudwatch:GetMetricData"]);

/// The periods of the window's sums: CloudWatch keeps sums over 5 minutes for 63 days
/// and over an hour for 455
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>).
const FINE: Period = Period::minutes(5);
const COARSE: Period = Period::hours(1);

/// For how long they are there; a day less than AWS says, since a question takes time.
const FINE_KEPT: Period = Period::days(62);
const COARSE_KEPT: Period = Period::days(454);

/// How long after its end a sum may still change.
const SETTLE: Period = Period::minutes(5);

/// The metrics of CloudWatch that count the calls of APIs, as a [`UsageSource`].
///
/// # What the answer covers
/// API Gateway, as most services, publishes nothing while nobody calls. A period
/// without a sum is therefore *unknown*, and not zero: metrics alone never show that
/// an API is quiet. With a control ([`with_control`](Self::with_control)) they do: a
/// metric of the same account and region that is known to be published without a
/// pause, such as the calls of a canary. Where the control has sums, CloudWatch was
/// recording, and a missing sum of ours is zero.
///
/// The answer is partial
/// - where neither metric has a sum for longer than the control's pause, with the
///   first gap named,
/// - where the window begins before what CloudWatch keeps (455 days),
/// - when somebody called: a metric does not say who.
///
/// Without any sum in the window it is unknown.
///
/// # How exact it is
/// Sums are over 5 minutes, and over an hour for what is older than 62 days and for
/// what lies before the window. A period that touches the window counts whole, and a
/// last call is told at the end of its period: late rather than early.
///
/// A metric counts what reaches the service, also refused calls. What the metric does
/// not count (another stage, a domain in front of another API) is not seen: name
/// every metric of the API.
pub struct CloudWatchUsage {
    client: Client,
    name: String,
    clock: Arc<dyn Clock>,
    metrics: BTreeMap<ApiId, Vec<CloudWatchMetric>>,
    control: Option<(CloudWatchMetric, Period)>,
}

impl fmt::Debug for CloudWatchUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudWatchUsage")
            .field("name", &self.name)
            .field("metrics", &self.metrics)
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl CloudWatchUsage {
    /// A source of that name over a client of one account and region.
    #[must_use]
    pub fn new(client: &Client, name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let config = client.config().to_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
            clock,
            metrics: BTreeMap::new(),
            control: None,
        }
    }

    /// The calls of the API are what these metrics sum up to. Metrics that count the
    /// same call must not both be named: an API's and its stages'.
    #[must_use]
    pub fn with_api(
        mut self,
        api: ApiId,
        metrics: impl IntoIterator<Item = CloudWatchMetric>,
    ) -> Self {
        self.metrics.entry(api).or_default().extend(metrics);
        self
    }

    /// A metric that is published at least every `pause`, whatever happens to the API:
    /// it shows that CloudWatch was recording.
    #[must_use]
    pub fn with_control(mut self, metric: CloudWatchMetric, pause: Period) -> Self {
        self.control = Some((metric, pause));
        self
    }

    /// The IAM policy that reading takes. CloudWatch has no permissions on single metrics.
    #[must_use]
    pub fn permissions(&self) -> NeededPolicy {
        NeededPolicy::allowing([(vec![GET], vec!["*"])])
    }

    /// How long nothing may be published without being a gap.
    fn pause(&self) -> Period {
        self.control
            .as_ref()
            .map_or(Period::ZERO, |(_, pause)| *pause)
    }

    /// The sums of the metrics in a stretch, ours and the control's.
    async fn sums(
        &self,
        metrics: &[CloudWatchMetric],
        window: Window,
        length: Period,
    ) -> Result<Sums, ProviderError> {
        let mut sums = Sums::default();
        if window.from >= window.to {
            return Ok(sums);
        }
        let seconds = i32::try_from(length.as_seconds()).unwrap_or(i32::MAX);
        let control = self
            .control
            .iter()
            .map(|(metric, _)| ("control".to_owned(), metric));
        let queries: Vec<MetricDataQuery> = metrics
            .iter()
            .enumerate()
            .map(|(number, metric)| (format!("m{number}"), metric))
            .chain(control)
            .map(|(id, metric)| {
                let stat = MetricStat::builder()
                    .metric(metric.to_sdk())
                    .period(seconds)
                    .stat("Sum")
                    .build();
                MetricDataQuery::builder().id(id).metric_stat(stat).build()
            })
            .collect();
        let mut next = None;
        loop {
            let answer = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(window.from.as_second()))
                .end_time(DateTime::from_secs(window.to.as_second()))
                .set_next_token(next)
                .send()
                .await;
            let page = read(GET, answer)?;
            for result in page.metric_data_results() {
                sums.add(result, length)?;
            }
            next = page
                .next_token()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
            if next.is_none() {
                return sums.whole();
            }
        }
    }
}

/// What came back.
#[derive(Debug, Default)]
struct Sums {
    ours: Vec<Sum>,
    control: Vec<Sum>,
    /// The results that were announced to go on and have not ended yet.
    open: BTreeMap<String, StatusCode>,
}

impl Sums {
    fn add(&mut self, result: &MetricDataResult, length: Period) -> Result<(), ProviderError> {
        let id = result.id().unwrap_or_default();
        let to = if id == "control" {
            &mut self.control
        } else {
            &mut self.ours
        };
        if result.timestamps().len() != result.values().len() {
            return Err(invalid(GET.operation, "CloudWatch gave times without sums"));
        }
        for (at, value) in result.timestamps().iter().zip(result.values()) {
            let at = Timestamp::from_second(at.secs()).map_err(|error| {
                invalid(GET.operation, "CloudWatch gave a time that is none").with_source(error)
            })?;
            let calls = calls(*value).ok_or_else(|| {
                invalid(GET.operation, "a sum of the metric is no number of calls")
            })?;
            to.push(Sum { at, length, calls });
        }
        match result.status_code() {
            Some(StatusCode::Complete) => self.open.remove(id),
            Some(status) => self.open.insert(id.to_owned(), status.clone()),
            None => self.open.insert(id.to_owned(), StatusCode::PartialData),
        };
        Ok(())
    }

    /// All of it, or an error: a part of the sums looks as quiet as the whole.
    fn whole(self) -> Result<Self, ProviderError> {
        match self.open.values().next() {
            None => Ok(self),
            Some(StatusCode::Forbidden) => Err(ProviderError::new(
                ErrorKind::Denied,
                GET.operation,
                "CloudWatch does not give these metrics to the client; attach the policy that the step prints",
            )),
            Some(_) => Err(ProviderError::new(
                ErrorKind::Transient,
                GET.operation,
                "CloudWatch gave a part of the sums only; it is tried again",
            )),
        }
    }
}

/// A number of calls, if it is one. Sums are floating point numbers that are exact up to 2^53.
fn calls(value: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !(0.0..=EXACT).contains(&value) {
        return None;
    }
    // A sum of parts of a call is a call.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within 0 and 2^53, and whole"
    )]
    Some(value.ceil() as u64)
}

/// The beginning of the period that holds the moment.
fn floor(at: Timestamp, period: Period) -> Timestamp {
    let length = i64::try_from(period.as_seconds())
        .unwrap_or(i64::MAX)
        .max(1);
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(length)).unwrap_or(at)
}

#[async_trait]
impl UsageSource for CloudWatchUsage {
    fn name(&self) -> &str {
        &self.name
    }

    /// The control's pause, the sum that is being made, and what a sum takes to settle.
    fn lag(&self) -> Period {
        self.pause().plus(FINE).plus(SETTLE)
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let Some(metrics) = self
            .metrics
            .get(&api.id)
            .filter(|metrics| !metrics.is_empty())
        else {
            let why = format!(
                "{} has no metric of {}; name them with `with_api`",
                self.name, api.id
            );
            return Err(invalid("read usage from CloudWatch", why));
        };
        let now = self.clock.now();
        // Whole hours, so that no call is in the sums of two lengths.
        let oldest = floor(COARSE_KEPT.before(now), COARSE);
        let from = floor(window.from, COARSE).max(oldest);
        let fine_from = floor(FINE_KEPT.before(now), COARSE).max(from);
        // The period that is going on has no final sum yet.
        let end = floor(now.min(FINE.after(window.to)), FINE);
        let history = self
            .sums(metrics, Window::new(oldest, from), COARSE)
            .await?;
        let old = self
            .sums(metrics, Window::new(from, fine_from.min(end)), COARSE)
            .await?;
        let new = self
            .sums(metrics, Window::new(fine_from, end), FINE)
            .await?;
        let ours: Vec<Sum> = [history.ours, old.ours, new.ours].concat();
        let control: Vec<Sum> = [history.control, old.control, new.control].concat();
        let judged = judge(window, now, &ours, &control, self.pause(), self.lag());
        let Some(watermark) = judged.watermark else {
            return Ok(Observation::unknown(format!(
                "{}: CloudWatch has no sum of {} in the window, and nothing shows that it was recording",
                self.name,
                names(metrics),
            )));
        };
        let evidence = UsageEvidence::new(
            api.id.clone(),
            &self.name,
            window,
            judged.requests,
            judged.last_seen,
            watermark,
        );
        let mut doubts = Vec::new();
        if window.from < oldest {
            doubts.push(format!("CloudWatch keeps nothing from before {oldest}"));
        }
        if let Some(gap) = judged.gap {
            doubts.push(format!(
                "from {} to {} nothing shows that CloudWatch was recording",
                gap.from, gap.to
            ));
        }
        if window.to > now {
            doubts.push("the window is not over".to_owned());
        }
        if judged.requests > 0 {
            doubts.push("a metric does not say who called".to_owned());
        }
        Ok(if doubts.is_empty() {
            Observation::complete(evidence, now)
        } else {
            Observation::partial(evidence, now, doubts.join("; "))
        })
    }
}

fn names(metrics: &[CloudWatchMetric]) -> String {
    let names: Vec<String> = metrics.iter().map(ToString::to_string).collect();
    names.join(", ")
}
