//! A connection to a target: resolved once, checked, pinned.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::error::FetchError;
use super::reach::Reach;
use super::resolve::Resolve;
use super::target::{Target, TargetError};

/// How many addresses of a name are tried.
const MAX_ADDRESSES: usize = 4;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to the target at an address that was checked. The name is asked for once, and
/// what is connected to is an address of that answer, so that a name that leads elsewhere
/// a moment later (DNS rebinding) leads nowhere. When one of its addresses may not be
/// reached, none is: a public service has no private address, so such a name is an
/// attack or a mistake.
pub(crate) async fn connect(
    target: &Target,
    reach: &Reach,
    resolver: &dyn Resolve,
    tls: &Arc<ClientConfig>,
    within: Duration,
) -> Result<Box<dyn Stream>, FetchError> {
    let addresses = checked(target, reach, resolver).await?;
    let tcp = tcp(target, &addresses, within).await?;
    if !target.tls {
        return Ok(Box::new(tcp));
    }
    let name = match target.literal {
        Some(address) => ServerName::IpAddress(address.into()),
        None => ServerName::try_from(target.host.clone()).map_err(|_| TargetError::NotUrl)?,
    };
    match TlsConnector::from(tls.clone()).connect(name, tcp).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(tls_error(target, error)),
    }
}

/// The addresses of the target, all of which may be reached.
async fn checked(
    target: &Target,
    reach: &Reach,
    resolver: &dyn Resolve,
) -> Result<Vec<IpAddr>, FetchError> {
    let host = || target.host.clone();
    let mut addresses = match target.literal {
        Some(address) => vec![address],
        None => match resolver.resolve(&target.host).await {
            Ok(addresses) => addresses,
            Err(source) => {
                return Err(FetchError::Resolve {
                    host: host(),
                    source: Some(source),
                });
            }
        },
    };
    for address in &addresses {
        if let Some(why) = reach.refuses(&target.host, *address) {
            return Err(FetchError::Target(TargetError::Address {
                host: host(),
                address: *address,
                why,
            }));
        }
    }
    addresses.truncate(MAX_ADDRESSES);
    Ok(addresses)
}

/// The first address that can be connected to; each has its share of the time.
async fn tcp(
    target: &Target,
    addresses: &[IpAddr],
    within: Duration,
) -> Result<TcpStream, FetchError> {
    let host = || target.host.clone();
    let share = within / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    let mut last = None;
    for address in addresses {
        let connecting = TcpStream::connect(SocketAddr::new(*address, target.port));
        match tokio::time::timeout(share, connecting).await {
            Ok(Ok(stream)) => {
                // A request is written at once: waiting to fill a packet only delays it.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(error),
            Err(_elapsed) => last = Some(io::ErrorKind::TimedOut.into()),
        }
    }
    Err(match last {
        Some(source) => FetchError::Connect {
            host: host(),
            source,
        },
        None => FetchError::Resolve {
            host: host(),
            source: None,
        },
    })
}

/// A certificate that is not trusted is for a person to mend. What else goes wrong in a
/// handshake may be over the next time.
fn tls_error(target: &Target, error: io::Error) -> FetchError {
    let host = target.host.clone();
    match error.downcast::<rustls::Error>() {
        Ok(
            source
            @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented),
        ) => FetchError::Certificate { host, source },
        Ok(other) => FetchError::Connect {
            host,
            source: io::Error::other(other),
        },
        Err(source) => FetchError::Connect { host, source },
    }
}
