//! An answer that came.

use deprovision_core::provider::{ErrorKind, ProviderError};
use serde::de::DeserializeOwned;

use crate::call::Call;

/// An answer with a status of success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) next: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// What it says. octocrab's models want all of an object; ours want what we use, so
    /// that a member more or less breaks nothing.
    pub(crate) fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The error of serde names types and members, and a value only when it is a
            // scalar of the wrong type: it stays out.
            let (line, column) = (error.line(), error.column());
            ProviderError::new(
                ErrorKind::Transient,
                call.to_string(),
                format!(
                    "the answer can not be read (at {line}:{column}); check that the server is GitHub's"
                ),
            )
        })
    }
}
