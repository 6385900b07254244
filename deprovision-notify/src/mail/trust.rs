//! Whom to trust to be the mail server: the CAs of the system, or those given.

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rustls::pki_types::ServerName;

use super::config::SmtpError;
use super::connect::Encryption;
use crate::fetch::roots::{self, RootsError};

/// For TLS that begins in the middle: the library does that.
pub(super) fn after_hello(host: &str, pem: Option<&str>) -> Result<TlsParameters, SmtpError> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(pem) = pem {
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(SmtpError::Trusted(None));
        }
        let certificate = Certificate::from_pem(pem.as_bytes())
            .map_err(|error| SmtpError::Trusted(Some(error.into())))?;
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    parameters
        .build()
        .map_err(|error| SmtpError::Tls(host.to_owned(), error.into()))
}

/// For TLS from the first byte.
pub(super) fn at_once(host: &str, pem: Option<&str>) -> Result<Encryption, SmtpError> {
    let fail = |error: RootsError| SmtpError::Tls(host.to_owned(), error.into());
    let roots = match pem {
        Some(pem) => roots::of_pem(pem.as_bytes()).map_err(|error| match error {
            RootsError::Unreadable => SmtpError::Trusted(None),
            other => fail(other),
        })?,
        None => roots::of_system().map_err(fail)?,
    };
    let config = roots::client(roots, &[]).map_err(fail)?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| SmtpError::Tls(host.to_owned(), error.into()))?;
    Ok(Encryption::Tls(config, name))
}
