//! Pages of API Gateway's answers, and answers that are none.

use deprovision_core::provider::{ErrorKind, ProviderError};

/// Where the next page begins. A server that gives the same page for ever is not
/// followed.
pub(super) fn next(
    now: Option<String>,
    given: Option<&str>,
) -> Result<Option<String>, ProviderError> {
    let given = given.filter(|given| !given.is_empty()).map(str::to_owned);
    if given.is_some() && given == now {
        return Err(garbled("apigateway:page", "the same page twice"));
    }
    Ok(given)
}

/// An answer that lacks what AWS's always have.
pub(super) fn garbled(operation: &str, what: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        operation,
        format!("AWS answered {what}; ask again"),
    )
}
