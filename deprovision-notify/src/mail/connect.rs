//! Reaching a mail server.
//!
//! The library can do it, too, but with sockets whose last small packet waits until the
//! other side acknowledged the ones before (Nagle's algorithm). Most systems delay that
//! acknowledgement by 40 ms, and the line that ends a letter is such a packet: a letter
//! would take as long, whatever the server does.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::verdict::Failure;

/// How long one address of the server may take to be reached, so that the next is tried.
const ONE_ADDRESS: Duration = Duration::from_secs(10);

/// How a connection is encrypted, with whom to trust.
pub(super) enum Encryption {
    /// After the server agreed to it.
    StartTls(TlsParameters),
    /// From the first byte.
    Tls(Arc<ClientConfig>, ServerName<'static>),
    /// Never.
    None,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartTls(_) => "StartTls",
            Self::Tls(..) => "Tls",
            Self::None => "None",
        })
    }
}

/// A connection over which both sides said hello.
pub(super) async fn connect(
    host: &str,
    port: u16,
    encryption: &Encryption,
    hello: &ClientId,
) -> Result<AsyncSmtpConnection, Failure> {
    let tcp = tcp(host, port).await.map_err(Failure::Network)?;
    let stream: Box<dyn AsyncTokioStream> = match encryption {
        Encryption::Tls(config, name) => {
            let connector = TlsConnector::from(config.clone());
            let stream = connector.connect(name.clone(), tcp).await;
            Box::new(Encrypted(stream.map_err(Failure::Network)?))
        }
        Encryption::StartTls(_) | Encryption::None => Box::new(tcp),
    };
    let mut connection = AsyncSmtpConnection::connect_with_transport(stream, hello).await?;
    if let Encryption::StartTls(trust) = encryption {
        connection.starttls(trust.clone(), hello).await?;
    }
    Ok(connection)
}

/// A connection to the first address of the host that can be reached.
async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        let connecting = TcpStream::connect(address);
        match tokio::time::timeout(ONE_ADDRESS, connecting).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(error),
            Err(_elapsed) => last = Some(io::ErrorKind::TimedOut.into()),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("its name has no address")))
}

/// A stream of TLS that the library takes for one of bytes.
#[derive(Debug)]
struct Encrypted(TlsStream<TcpStream>);

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_letter_does_not_wait_for_an_acknowledgement() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(tcp("localhost", port).await.unwrap().nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_host_that_is_not_there_is_told_by_the_last_of_its_addresses() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = tcp("127.0.0.1", port).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
