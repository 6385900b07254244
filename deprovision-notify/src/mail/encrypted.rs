//! A stream of TLS that the library takes for one of bytes.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// TLS, and what is to be read before anything that came over it.
#[derive(Debug)]
pub(super) struct Encrypted {
    before: &'static [u8],
    stream: TlsStream<TcpStream>,
}

impl Encrypted {
    /// TLS from the first byte: the server greets.
    pub(super) fn at_once(stream: TlsStream<TcpStream>) -> Self {
        let before = b"";
        Self { before, stream }
    }

    /// TLS after the server greeted: the library wants to hear a greeting, and there is none
    /// under TLS.
    pub(super) fn after_greeting(stream: TlsStream<TcpStream>) -> Self {
        let before = b"220 TLS\r\n";
        Self { before, stream }
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let (now, later) = self
            .before
            .split_at(self.before.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.before = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
