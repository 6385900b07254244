//! The mail server, as either side is told of it.

use std::str::FromStr;

use deprovision_core::secret::Secret;
use deprovision_notify::{Login, Security, SmtpConfig};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, Tls, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use tokio::net::TcpStream;

use crate::{CONNECTIONS, Failure};

/// What the server of `xtask/peers/smtp.py` wants.
const USER: &str = "apis";
const PASSWORD: &str = "correct horse";
/// The name to introduce ourselves with.
const HELLO: &str = "example.com";

pub(crate) type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Where it is, and the certificate of the CA to trust; none without TLS.
pub(crate) struct Server {
    host: String,
    port: u16,
    trusted_pem: Option<String>,
}

impl FromStr for Server {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parts: Vec<&str> = text.splitn(4, ':').collect();
        let (host, port, trusted_pem) = match parts.as_slice() {
            ["plain", host, port] => (host, port, None),
            ["starttls", host, port, ca] => (host, port, Some(std::fs::read_to_string(ca)?)),
            _ => return Err("a server is plain:HOST:PORT or starttls:HOST:PORT:CA".into()),
        };
        Ok(Self {
            host: (*host).to_owned(),
            port: port.parse()?,
            trusted_pem,
        })
    }
}

impl Server {
    /// For ours.
    pub(crate) fn config(&self) -> (SmtpConfig, Option<Login>) {
        let mut config = SmtpConfig::new(&self.host);
        config.port = Some(self.port);
        config.trusted_pem.clone_from(&self.trusted_pem);
        config.hello_name = Some(HELLO.to_owned());
        config.connections = CONNECTIONS;
        if self.trusted_pem.is_none() {
            config.security = Security::DangerousPlain;
            return (config, None);
        }
        (config, Some(Login::new(USER, Secret::new(PASSWORD))))
    }

    /// For the mail library alone.
    pub(crate) fn transport(&self) -> Result<Transport, Failure> {
        let most = u32::try_from(CONNECTIONS)?;
        let builder = Transport::builder_dangerous(&self.host)
            .port(self.port)
            .hello_name(ClientId::Domain(HELLO.to_owned()))
            .pool_config(PoolConfig::new().max_size(most));
        let Some(trusted) = self.trusted()? else {
            return Ok(builder.build());
        };
        Ok(builder
            .tls(Tls::Required(trusted))
            .credentials(credentials())
            .build())
    }

    /// A connection of the library's over a socket that does not wait.
    pub(crate) async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let hello = ClientId::Domain(HELLO.to_owned());
        let stream = Box::new(stream);
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
        if let Some(trusted) = self.trusted()? {
            connection.starttls(trusted, &hello).await?;
            connection.auth(&[Mechanism::Plain], &credentials()).await?;
        }
        Ok(connection)
    }

    fn trusted(&self) -> Result<Option<TlsParameters>, Failure> {
        let Some(pem) = &self.trusted_pem else {
            return Ok(None);
        };
        let trusted = TlsParameters::builder(self.host.clone())
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(pem.as_bytes())?)
            .build()?;
        Ok(Some(trusted))
    }
}

fn credentials() -> Credentials {
    Credentials::new(USER.to_owned(), PASSWORD.to_owned())
}
