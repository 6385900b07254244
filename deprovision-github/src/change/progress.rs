//! What others can see of an operation.

use deprovision_core::provider::{Outcome, ProviderError};

use crate::error::Failed;

/// What others can see of an operation so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    seen: Vec<String>,
}

impl Progress {
    pub(super) fn made(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }

    /// What a failure in the middle means: an error promises that nothing was changed.
    pub(super) fn broken_off(self, failed: Failed) -> Result<Outcome, ProviderError> {
        let done = self.seen.join(", ");
        match failed {
            Failed::Refused(refusal) if self.seen.is_empty() => Err(refusal.error),
            Failed::Refused(refusal) if refusal.error.kind().is_retryable() => {
                Ok(Outcome::unknown(format!("{done}; then {}", refusal.error)))
            }
            Failed::Refused(refusal) => {
                Ok(Outcome::not_done(format!("{done}; then {}", refusal.error)))
            }
            Failed::Unsure(error) => Ok(Outcome::unknown(match done.as_str() {
                "" => error.to_string(),
                done => format!("{done}; then {error}"),
            })),
        }
    }

    pub(super) fn receipt(self, at: &str) -> Outcome {
        let mut receipt = at.to_owned();
        for what in self.seen {
            receipt.push_str("; ");
            receipt.push_str(&what);
        }
        Outcome::done(receipt)
    }
}
