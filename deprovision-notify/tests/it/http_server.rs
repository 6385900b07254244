//! An HTTP server of a few lines, so that every byte that was sent can be looked at, and
//! every way to answer badly can be had.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What it does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// Answers this, as it stands.
    Say(String),
    /// Ends the connection before anything was read.
    HangUp,
    /// Ends the connection when all was read.
    ReadAndHangUp,
    /// Reads all and never answers.
    Silent,
    /// Answers 200 and a body that never ends.
    Endless,
    /// Answers 200 and a body that comes too slowly to ever end.
    Trickle,
    /// Answers 200 and a header that never ends.
    EndlessHeader,
    /// Answers 200 and half of a body.
    Half,
}

impl Manner {
    /// An answer with a header and a body.
    pub(crate) fn answer(status: u16, header: &str, body: &str) -> Self {
        let length = body.len();
        Self::Say(format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{header}\r\n{body}"
        ))
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Request line and header, each line without its end.
    pub(crate) lines: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// The names of the header's fields, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let fields = self.lines.iter().skip(1);
        let mut names: Vec<String> = fields
            .map(|line| line.split_once(':').unwrap().0.to_ascii_lowercase())
            .collect();
        names.sort();
        names
    }

    /// The fields of the header.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let fields = self.lines.iter().skip(1);
        fields
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_owned(), value.trim().to_owned())
            })
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut found = self.headers().into_iter();
        found
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The certificate to trust, in PEM; empty without TLS.
    pub(crate) pem: String,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    /// A server with a certificate for these names.
    pub(crate) async fn tls(names: &[&str], manner: Manner) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), 0, Some(names), manner).await
    }

    /// A server without TLS.
    pub(crate) async fn plain(manner: Manner) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), 0, None, manner).await
    }

    pub(crate) async fn start(
        ip: IpAddr,
        port: u16,
        names: Option<&[&str]>,
        manner: Manner,
    ) -> Self {
        let listener = TcpListener::bind((ip, port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, pem) = match names {
            Some(names) => {
                let (acceptor, pem) = acceptor(names);
                (Some(acceptor), pem)
            }
            None => (None, String::new()),
        };
        let server = Self {
            address,
            pem,
            received: Arc::default(),
            connections: Arc::default(),
        };
        let (received, connections) = (server.received.clone(), server.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (acceptor, manner) = (acceptor.clone(), manner.clone());
                let received = received.clone();
                tokio::spawn(async move {
                    match acceptor {
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, manner, &received).await;
                            }
                        }
                        None => serve(stream, manner, &received).await,
                    }
                });
            }
        });
        server
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn one(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.into_iter().next().unwrap()
    }

    /// How many connections there were, whatever came over them.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// TLS with a certificate for these names, and the certificate in PEM.
pub(crate) fn acceptor(names: &[&str]) -> (TlsAcceptor, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}

async fn serve<S>(mut stream: S, manner: Manner, received: &Mutex<Vec<Received>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if matches!(manner, Manner::HangUp) {
        return;
    }
    let Some(request) = read(&mut stream).await else {
        return;
    };
    received.lock().unwrap().push(request);
    match manner {
        Manner::Say(answer) => {
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Manner::HangUp | Manner::ReadAndHangUp => {}
        Manner::Silent => tokio::time::sleep(Duration::from_secs(60)).await,
        Manner::Endless => {
            let head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n";
            let mut going = stream.write_all(head).await.is_ok();
            while going {
                going = stream.write_all(b"4\r\nabcd\r\n").await.is_ok();
            }
        }
        Manner::Trickle => {
            let head = b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n";
            let mut going = stream.write_all(head).await.is_ok();
            while going {
                tokio::time::sleep(Duration::from_millis(100)).await;
                going = stream.write_all(b"{").await.is_ok();
            }
        }
        Manner::EndlessHeader => {
            let mut going = stream.write_all(b"HTTP/1.1 200 X\r\n").await.is_ok();
            while going {
                going = stream.write_all(b"X-More: and more\r\n").await.is_ok();
            }
        }
        Manner::Half => {
            let half = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"ok\":true";
            let _ = stream.write_all(half).await;
            let _ = stream.shutdown().await;
        }
    }
}

/// Reads a request strictly: lines end with CR LF, and the body is as long as
/// `Content-Length` says.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 * 1024];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&part[..n]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
    for line in &lines {
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
    }
    let length: usize = lines
        .iter()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse().unwrap())
        })
        .unwrap();
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => body.extend_from_slice(&part[..n]),
        }
    }
    assert_eq!(body.len(), length, "something follows the body");
    Some(Received { lines, body })
}
