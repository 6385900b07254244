//! Pages of IAM's answers.

use deprovision_core::provider::ProviderError;

use crate::error::invalid;

/// The marker of the next page. A page that is cut off and has no marker is not the last.
pub(crate) fn next(
    operation: &str,
    truncated: bool,
    marker: Option<String>,
) -> Result<Option<String>, ProviderError> {
    match (truncated, marker) {
        (false, _) => Ok(None),
        (true, Some(marker)) if !marker.is_empty() => Ok(Some(marker)),
        (true, _) => Err(invalid(
            operation,
            "a page is cut off and does not say how to go on",
        )),
    }
}
