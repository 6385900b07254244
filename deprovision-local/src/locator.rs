//! Which references are ours.

use deprovision_core::provider::ProviderError;
use deprovision_core::resource::Locator;

use crate::error::invalid;

/// The region of everything on this machine.
pub(crate) const REGION: &str = "local";

/// The name inside a reference, when it is one of this provider and account.
pub(crate) fn ours<'a>(
    operation: &str,
    provider: &str,
    account: &str,
    locator: &'a Locator,
) -> Result<&'a str, ProviderError> {
    if locator.provider().as_str() != provider
        || locator.account() != account
        || locator.region() != REGION
    {
        return Err(invalid(
            operation,
            format!(
                "{locator} lives elsewhere; this provider serves {provider}:{account}:{REGION}:…"
            ),
        ));
    }
    Ok(locator.name())
}
