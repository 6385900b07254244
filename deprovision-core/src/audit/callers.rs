//! Whom a directory knows behind the callers that were counted.

use crate::catalog::{Catalog, Directory};
use crate::usage::UsageReport;

/// The catalog with those whom a directory knows behind the callers of a report, as
/// consumers of what they called: an audit of it does not find them unreachable. Whom the
/// catalog names itself stays.
///
/// ```
/// use deprovision_core::audit::with_callers;
/// use deprovision_core::catalog::{Catalog, Directory, Source};
/// use deprovision_core::usage::UsageReport;
///
/// let catalog = Catalog::read(&[Source::new("catalog.yaml", "
/// apis: [{id: orders-v1, title: Orders}]
/// ")])?;
/// let directory = Directory::read(&Source::new("directory.yaml", "
/// callers:
///   billing-*: {person: dana, email: dana@example.com}
/// "))?;
/// // Nothing was counted, so that nobody is added.
/// let known = with_callers(&catalog, &UsageReport::default(), &directory);
/// assert_eq!(known, catalog);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn with_callers(catalog: &Catalog, report: &UsageReport, directory: &Directory) -> Catalog {
    let mut catalog = catalog.clone();
    for api in catalog.apis.values_mut() {
        for caller in report.api(&api.id).callers.into_keys() {
            if let Some(contact) = directory.behind(&caller) {
                let known = api.consumers.entry(caller);
                known.or_insert_with(|| contact.clone());
            }
        }
    }
    catalog
}
