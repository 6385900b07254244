//! Whom TLS trusts.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why no certificate could be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The system has no root certificates.
    #[error("the system has no root certificates; install them (ca-certificates) or give your own")]
    NoneInSystem,
    /// What was given holds no certificate.
    #[error("there is no root certificate; give them in PEM, `-----BEGIN CERTIFICATE-----`")]
    NoneGiven,
    /// One of the certificates that were given can not be used.
    #[error("root certificate {number} can not be used; give it whole, in PEM, or leave it out")]
    Unusable {
        /// Which one, from 1.
        number: usize,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The crypto provider offers no TLS version.
    #[error("TLS can not be set up")]
    Tls(#[source] rustls::Error),
}

/// The system's root certificates. Single ones that can not be read are left out, as every
/// system has some.
pub(crate) fn of_system() -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    let (added, _ignored) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(RootsError::NoneInSystem);
    }
    Ok(roots)
}

/// The root certificates of a PEM text; every one of them has to be readable.
pub(crate) fn of_pem(pem: &[u8]) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    for (before, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let unusable = |source| RootsError::Unusable {
            number: before + 1,
            source,
        };
        let certificate = certificate.map_err(|error| unusable(error.into()))?;
        let added = roots.add(certificate);
        added.map_err(|error| unusable(error.into()))?;
    }
    if roots.is_empty() {
        return Err(RootsError::NoneGiven);
    }
    Ok(roots)
}

/// TLS 1.2 and 1.3 with aws-lc-rs, for these protocols (RFC 7301); nothing is installed for
/// the whole process.
pub(crate) fn client(
    roots: RootCertStore,
    protocols: &[&[u8]],
) -> Result<Arc<ClientConfig>, RootsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(RootsError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}
