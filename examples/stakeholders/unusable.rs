//! That something which was given can not be used.

use std::fmt;

use deprovision_core::provider::error_chain;
use deprovision_examples::Problem;

/// What can not be used, and what to do: the mistake of whoever started the program.
#[derive(Debug)]
pub(crate) struct Unusable(String);

impl Unusable {
    /// An error about an option or a file, with all that it has to say.
    pub(crate) fn from_error(what: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self(format!("{what}: {}", error_chain(error)))
    }
}

/// The same as a problem.
pub(crate) fn unusable(what: impl Into<String>) -> Problem {
    Unusable(what.into()).into()
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}
