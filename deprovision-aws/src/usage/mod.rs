//! Usage as AWS records it.

#[cfg(feature = "cloudwatch")]
mod cloudwatch;
#[cfg(feature = "iam")]
mod last_used;
#[cfg(feature = "cloudwatch")]
mod metric;
#[cfg(feature = "cloudwatch")]
mod series;

#[cfg(feature = "cloudwatch")]
pub use cloudwatch::CloudWatchUsage;
#[cfg(feature = "iam")]
pub use last_used::LastUsedKeys;
#[cfg(feature = "cloudwatch")]
pub use metric::CloudWatchMetric;
