//! Why there is no answer.

use std::io;

use super::roots::RootsError;
use super::target::TargetError;

/// Why a request has no answer, and with that whether it may have arrived.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nothing was sent: the target may not be reached.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nothing was sent: the request can not be written as HTTP.
    #[error("the request can not be written as HTTP; look for control characters in it")]
    Request(#[source] http::Error),
    /// Nothing was sent: the name has no address now.
    #[error("{host} has no address; check its spelling and the resolver")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said, where it did.
        #[source]
        source: Option<io::Error>,
    },
    /// Nothing was sent: nobody answers at its addresses.
    #[error("{host} can not be connected to; check that it runs and that no firewall is between")]
    Connect {
        /// The name.
        host: String,
        /// What the last attempt said.
        #[source]
        source: io::Error,
    },
    /// Nothing was sent: it could not show that it is the host it is called.
    #[error(
        "{host} has no certificate that is trusted for it; check the certificate, or give its root"
    )]
    Certificate {
        /// The name.
        host: String,
        /// What TLS said.
        #[source]
        source: rustls::Error,
    },
    /// Nothing was sent: time ran out before.
    #[error("{host} was not reached in time")]
    LateBefore {
        /// The name.
        host: String,
    },
    /// The request may have arrived: time ran out after it, or a part of it, was sent.
    #[error("{host} did not answer in time, though the request was sent")]
    LateAfter {
        /// The name.
        host: String,
    },
    /// The request may have arrived: the connection ended, or the answer was no HTTP.
    #[error("{host} gave no answer after the request was sent")]
    Dropped {
        /// The name.
        host: String,
        /// What HTTP said.
        #[source]
        source: hyper::Error,
    },
    /// Nothing was sent: TLS can not be set up.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// The error and what is beneath it, in one line.
pub(crate) fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    text
}
