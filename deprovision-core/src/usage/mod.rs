//! Whether an API is used: evidence from one source, with its coverage.

mod evidence;

pub use evidence::{CallerUse, UsageEvidence};
