//! What nobody would notice to be missing from a catalog.
//!
//! The rules follow OWASP API9:2023, "Improper Inventory Management"
//! (<https://owasp.org/API-Security/editions/2023/en/0xa9-improper-inventory-management/>):
//! who owns an API, where it runs, who may reach it, which version it is, how it ends.
//! They look at the catalog alone; what the traffic says is for the findings of usage.

mod across;
mod alone;
mod rule;

pub use rule::{Lint, LintRule, Severity};

use crate::catalog::Catalog;

impl Catalog {
    /// Looks for what is missing and what does not fit together: the gravest first,
    /// then by API. Retired APIs are only looked at for what should have gone with them.
    ///
    /// ```
    /// use deprovision_core::catalog::{Catalog, LintRule, Source};
    /// let text = "apis: [{id: orders-v1, title: Orders}]";
    /// let findings = Catalog::read(&[Source::new("catalog.yaml", text)])?.lint();
    /// assert!(findings.iter().any(|f| f.rule == LintRule::NoOwner));
    /// # Ok::<(), deprovision_core::catalog::CatalogErrors>(())
    /// ```
    #[must_use]
    pub fn lint(&self) -> Vec<Lint> {
        let mut findings: Vec<Lint> = self.apis.values().flat_map(alone::look).collect();
        findings.extend(across::look(self));
        findings.sort_by(|a, b| {
            (b.severity, &a.api, a.rule, &a.message).cmp(&(a.severity, &b.api, b.rule, &b.message))
        });
        findings
    }
}
