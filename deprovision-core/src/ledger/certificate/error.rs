//! Why a certificate is not made or not believed.

use crate::digest::{CanonicalError, Digest};
use crate::ledger::Tampering;

/// Why a certificate is not made or not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The text is no DSSE envelope.
    #[error("the certificate is no DSSE envelope; give the file as it was made")]
    Envelope(#[source] serde_json::Error),
    /// A field of the envelope is not base64.
    #[error("the certificate's {field} is not base64; give the file as it was made")]
    Base64 {
        /// Which field.
        field: &'static str,
    },
    /// There are more signatures than anybody needs.
    #[error("the certificate has {found} signatures; at most {limit} are checked")]
    TooManySignatures {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// No key that was given signed it, or it was changed since.
    #[error(
        "no key that was given signed this certificate: it was changed, or is of another signer (it names {claimed})"
    )]
    NotSigned {
        /// Whose signatures it claims to carry. Not to be believed.
        claimed: String,
    },
    /// It is signed, but is no in-toto statement.
    #[error("the certificate holds {found:?}, and not an in-toto statement")]
    PayloadType {
        /// What it holds.
        found: String,
    },
    /// It is signed, but its statement can not be read.
    #[error("the certificate is signed, but its statement can not be read; ask the signer")]
    Statement(#[source] serde_json::Error),
    /// It is signed, but states something else than a retirement.
    #[error("the certificate states {found:?}, and not {expected:?}")]
    Type {
        /// What was expected.
        expected: &'static str,
        /// What there is.
        found: String,
    },
    /// It is signed, but its subject is not the log that its facts are about.
    #[error("the certificate's subject is not the log that it describes; ask the signer")]
    Subject,
    /// The facts hold a number without a canonical form.
    #[error("the facts can not be written down exactly")]
    Canonical(#[from] CanonicalError),
    /// The log is not the one that was certified.
    #[error("the certificate is good, but not for this log")]
    Log(#[from] LogMismatch),
}

/// Why a log is not the one that was certified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogMismatch {
    /// The log's own chain is broken.
    #[error("the log's chain is broken")]
    Tampered(#[from] Tampering),
    /// The log is shorter than the certified one.
    #[error("the log has {found} entries, and {certified} were certified: its end was cut off")]
    Shorter {
        /// How many it has.
        found: u64,
        /// How many were certified.
        certified: u64,
    },
    /// The log's chain is whole, and another one than was certified.
    #[error("the log's {what} is {found}, and {certified} was certified: it was rewritten")]
    Rewritten {
        /// What differs.
        what: &'static str,
        /// What the log has.
        found: Digest,
        /// What was certified.
        certified: Digest,
    },
}
