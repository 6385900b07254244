//! What the records of one or many machines say about all APIs at once.

mod asked;
mod callers;
mod count;
mod coverage;
mod days;
mod endpoint;
mod evidence;
mod file;
mod merge;
mod shard;
mod source;
mod stretches;
#[cfg(test)]
mod tests;
mod unmatched;

pub use asked::AskedReport;
pub use callers::{CallerCounts, Iter as CallerCountsIter};
pub use count::{StatusCounts, Traffic};
pub use coverage::SourceCoverage;
pub use days::Days;
pub use endpoint::{ApiUse, CallerCount, Demand, Endpoint, Operation};
pub use file::ReportFileError;
pub use merge::{MergeError, UsageReport};
pub use shard::{Input, Malformed, MalformedSample, Shard};
pub use stretches::Stretches;
pub use unmatched::Unmatched;
