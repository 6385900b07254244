//! What a report is made from.

use crate::journal::{Entry, Version};
use crate::ledger::certificate::{Certificate, CertificateError};
use crate::ledger::{Tampering, VerifierKey};
use crate::time::Timestamp;

/// Why there is no report. None is made of what can not be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// There are no entries.
    #[error("the log is empty; give all entries of one retirement, from the first")]
    Empty,
    /// The log does not begin with a proposal.
    #[error("the log does not begin with a proposal; give all entries of one retirement")]
    NotProposed,
    /// The log, or the checkpoint, is not what it was.
    #[error("the log can not be reported on; find out who changed it")]
    Tampered(#[from] Tampering),
    /// An entry holds no event that this version knows.
    #[error("entry {version} holds no event that this version knows; use a newer one")]
    UnknownEvent {
        /// Which entry.
        version: Version,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The certificate is not of one of the trusted keys, or not of this log.
    #[error(
        "the certificate does not hold; give the key that signed it, or find out who changed it"
    )]
    Certificate(#[from] CertificateError),
    /// The page can not be made: a mistake of this library.
    #[error("the page can not be made; please report this")]
    Page(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a report is made from: all entries of one retirement, and what there is to
/// check them with.
///
/// ```no_run
/// use deprovision_core::report::{ReportSource, html};
/// # use deprovision_core::{engine::Engine, id::RetirementId, ledger::VerifierKey, time::Timestamp};
/// # async fn example(engine: &Engine, id: RetirementId, key: VerifierKey, note: String)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let entries = engine.entries(&id).await?;
/// let keys = [key];
/// let source = ReportSource::new(&entries, Timestamp::now())
///     .trusting(&keys)
///     .with_checkpoint(&note);
/// std::fs::write("orders-v1.html", html(&source)?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ReportSource<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) as_of: Timestamp,
    pub(super) keys: &'a [VerifierKey],
    pub(super) checkpoint: Option<&'a str>,
    pub(super) certificate: Option<&'a Certificate>,
}

impl<'a> ReportSource<'a> {
    /// All entries of one retirement, from the first; and the moment that the
    /// report is of: it decides whether an objection is still open.
    #[must_use]
    pub fn new(entries: &'a [Entry], as_of: Timestamp) -> Self {
        Self {
            entries,
            as_of,
            keys: &[],
            checkpoint: None,
            certificate: None,
        }
    }

    /// The public keys whose signatures count. With them the certificate is
    /// checked; without them the page says that it was not.
    #[must_use]
    pub fn trusting(mut self, keys: &'a [VerifierKey]) -> Self {
        self.keys = keys;
        self
    }

    /// A checkpoint that was kept elsewhere, as signed note. Needs the keys.
    #[must_use]
    pub fn with_checkpoint(mut self, note: &'a str) -> Self {
        self.checkpoint = Some(note);
        self
    }

    /// Another certificate than the one in the log: for example one that was
    /// signed by more people since.
    #[must_use]
    pub fn with_certificate(mut self, certificate: &'a Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }
}
