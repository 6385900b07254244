//! What suites expect of answers.

use crate::conformance::Trouble;
use crate::observation::Observation;
use crate::provider::Outcome;

/// The value of a complete observation.
///
/// # Errors
/// When it is partial or unknown.
pub fn known<T>(observation: Observation<T>) -> Result<T, Trouble> {
    match (observation.doubt(), observation) {
        (None, Observation::Known { value, .. }) => Ok(value),
        (doubt, Observation::Known { .. } | Observation::Unknown { .. }) => {
            Err(format!("the answer is not complete: {}", doubt.unwrap_or_default()).into())
        }
    }
}

/// The receipt of what is done.
///
/// # Errors
/// When it is not, or nobody knows.
pub fn done(outcome: Outcome) -> Result<String, Trouble> {
    match outcome {
        Outcome::Done { receipt } => Ok(receipt),
        Outcome::NotDone { why } => Err(format!("not done: {why}").into()),
        Outcome::Unknown { why } => Err(format!("perhaps not done: {why}").into()),
    }
}

/// Expects that it certainly did not happen.
///
/// # Panics
/// When it did, or nobody knows.
pub fn not_done(outcome: Outcome, what: &str) {
    match outcome {
        Outcome::NotDone { .. } => {}
        Outcome::Done { .. } | Outcome::Unknown { .. } => {
            panic!("{what} must be NotDone, and is {outcome:?}")
        }
    }
}
