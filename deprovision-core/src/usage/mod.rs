//! Whether an API is used: evidence from one source, with its coverage, and the
//! verdict over all of them.

mod evidence;
mod verdict;

pub use evidence::{CallerUse, UsageEvidence};
pub use verdict::{Verdict, VerdictRule, verdict};
