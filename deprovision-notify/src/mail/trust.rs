//! Whom to trust to be the mail server: the CAs of the system, or those given.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::SmtpError;
use crate::fetch::roots;

/// The name that a certificate has to be for, and who may have signed it.
pub(super) struct Trust {
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl Trust {
    pub(super) fn new(name: ServerName<'static>, pem: Option<&str>) -> Result<Self, SmtpError> {
        let roots = match pem {
            Some(pem) => roots::of_pem(pem.as_bytes()).map_err(SmtpError::Trusted)?,
            None => roots::of_system().map_err(SmtpError::Tls)?,
        };
        let config = roots::client(roots, &[]).map_err(SmtpError::Tls)?;
        Ok(Self { name, config })
    }

    /// TLS over a connection, with whoever has such a certificate.
    pub(super) async fn encrypt(&self, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(self.config.clone());
        connector.connect(self.name.clone(), tcp).await
    }
}
