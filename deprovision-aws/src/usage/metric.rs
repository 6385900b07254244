//! Which metric counts the calls of an API.

use aws_sdk_cloudwatch::types::{Dimension, Metric};

/// A metric of CloudWatch whose sum is a number of calls.
///
/// ```
/// use deprovision_aws::CloudWatchMetric;
/// let stage = CloudWatchMetric::rest_stage("orders", "prod");
/// assert_eq!(stage.to_string(), "AWS/ApiGateway Count{ApiName=orders, Stage=prod}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CloudWatchMetric {
    namespace: String,
    name: String,
    dimensions: Vec<(String, String)>,
}

impl CloudWatchMetric {
    /// A metric by its namespace and name, without dimensions.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            dimensions: Vec::new(),
        }
    }

    /// The same metric with one dimension more. All have to be given, as they were
    /// published: CloudWatch takes metrics with other dimensions for other metrics.
    #[must_use]
    pub fn with_dimension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.dimensions.push((name.into(), value.into()));
        self
    }

    /// All calls of a REST API, by its *name*
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html>).
    /// Two APIs of one name share it.
    #[must_use]
    pub fn rest_api(name: impl Into<String>) -> Self {
        Self::new("AWS/ApiGateway", "Count").with_dimension("ApiName", name)
    }

    /// The calls of one stage of a REST API, by the API's name.
    #[must_use]
    pub fn rest_stage(name: impl Into<String>, stage: impl Into<String>) -> Self {
        Self::rest_api(name).with_dimension("Stage", stage)
    }

    /// All calls of an HTTP API, by its id
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>).
    #[must_use]
    pub fn http_api(id: impl Into<String>) -> Self {
        Self::new("AWS/ApiGateway", "Count").with_dimension("ApiId", id)
    }

    /// The invocations of a Lambda function.
    #[must_use]
    pub fn lambda_function(name: impl Into<String>) -> Self {
        Self::new("AWS/Lambda", "Invocations").with_dimension("FunctionName", name)
    }

    pub(crate) fn to_sdk(&self) -> Metric {
        let dimensions = self
            .dimensions
            .iter()
            .map(|(name, value)| Dimension::builder().name(name).value(value).build());
        Metric::builder()
            .namespace(&self.namespace)
            .metric_name(&self.name)
            .set_dimensions(Some(dimensions.collect()))
            .build()
    }
}

impl std::fmt::Display for CloudWatchMetric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.namespace, self.name)?;
        if self.dimensions.is_empty() {
            return Ok(());
        }
        let dimensions: Vec<String> = self
            .dimensions
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        write!(f, "{{{}}}", dimensions.join(", "))
    }
}
