//! Whether an API is used: evidence from one source, with its coverage, and the
//! verdict over all of them.

mod evidence;
mod report;
mod verdict;

pub use evidence::{CallerUse, UsageEvidence};
pub use report::{
    ApiUse, AskedReport, CallerCount, CallerCounts, CallerCountsIter, Days, Demand, Endpoint,
    Input, Malformed, MalformedSample, MergeError, Operation, ReportFileError, Shard,
    SourceCoverage, StatusCounts, Stretches, Traffic, Unmatched, UsageReport,
};
pub use verdict::{Verdict, VerdictRule, verdict};
