//! Reaching a mail server.
//!
//! The library can do it, too, but with sockets whose last small packet waits until the
//! other side acknowledged the ones before (Nagle's algorithm). Most systems delay that
//! acknowledgement by 40 ms, and the line that ends a letter is such a packet: a letter
//! would take as long, whatever the server does.

use std::fmt;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::encrypted::Encrypted;
use super::starttls;
use super::trust::Trust;
use super::verdict::Failure;

/// How long one address of the server may take to be reached, so that the next is tried.
const ONE_ADDRESS: Duration = Duration::from_secs(10);

/// How a connection is encrypted, with whom to trust.
pub(super) enum Encryption {
    /// After the server agreed to it.
    StartTls(Trust),
    /// From the first byte.
    Tls(Trust),
    /// Never.
    None,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartTls(_) => "StartTls",
            Self::Tls(_) => "Tls",
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
        Encryption::StartTls(trust) => {
            let tcp = starttls::agree(tcp, hello).await?;
            let stream = trust.encrypt(tcp).await.map_err(Failure::Network)?;
            Box::new(Encrypted::after_greeting(stream))
        }
        Encryption::Tls(trust) => {
            let stream = trust.encrypt(tcp).await.map_err(Failure::Network)?;
            Box::new(Encrypted::at_once(stream))
        }
        Encryption::None => Box::new(tcp),
    };
    say_hello(stream, hello.clone()).await
}

/// The library reads what the server can do, and panics at some of it (at a line of blanks):
/// in a task of its own, which ends with us, that is an error like others.
async fn say_hello(
    stream: Box<dyn AsyncTokioStream>,
    hello: ClientId,
) -> Result<AsyncSmtpConnection, Failure> {
    let mut task = JoinSet::new();
    task.spawn(async move { AsyncSmtpConnection::connect_with_transport(stream, &hello).await });
    match task.join_next().await {
        Some(Ok(connection)) => Ok(connection?),
        Some(Err(_)) | None => Err(Failure::Network(io::Error::new(
            io::ErrorKind::InvalidData,
            "what the server says that it can do is no answer to EHLO",
        ))),
    }
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
