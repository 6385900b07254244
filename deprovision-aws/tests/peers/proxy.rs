//! A server between us and a peer that counts, loses and lies.
//!
//! Requests are passed on as they are, with the `Host` that the client signed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// How many came before it.
    pub(crate) number: u64,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// An error as S3 writes it.
    pub(crate) fn error(status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>lie</Message></Error>"
        );
        Self {
            status,
            headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
            body: body.into_bytes(),
        }
    }

    pub(crate) fn remove_header(&mut self, begins: &str) {
        self.headers
            .retain(|(name, _)| !name.to_ascii_lowercase().starts_with(begins));
    }
}

/// What becomes of a request before it is passed on.
#[derive(Debug)]
pub(crate) enum Before {
    Pass,
    /// It is never passed on.
    Answer(Answer),
    /// Another one is passed on instead.
    Instead(Request),
    /// It is on its way for so long, and arrives even when nobody waits any more.
    Late(Duration),
}

/// What becomes of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Pass,
    /// The connection is closed instead.
    Lose,
}

/// How it lies.
pub(crate) trait Lie: Send + Sync + 'static {
    fn before(&self, _request: &Request) -> Before {
        Before::Pass
    }

    fn after(&self, _request: &Request, _answer: &mut Answer) -> After {
        After::Pass
    }
}

/// It does not lie.
pub(crate) struct Honest;

impl Lie for Honest {}

/// A running proxy; it ends with the runtime of its test.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    pub(crate) requests: Arc<AtomicU64>,
}

impl Proxy {
    /// One that somebody else runs.
    pub(crate) fn none(endpoint: String) -> Self {
        Self {
            endpoint,
            requests: Arc::default(),
        }
    }

    pub(crate) async fn start(upstream: &str, lie: impl Lie) -> Self {
        let upstream: SocketAddr = upstream
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .parse()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (requests, lie) = (Arc::new(AtomicU64::new(0)), Arc::new(lie));
        let counter = requests.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (lie, counter) = (lie.clone(), counter.clone());
                tokio::spawn(async move {
                    // A client that goes away is none of our troubles.
                    let _ = serve(client, upstream, lie.as_ref(), &counter).await;
                });
            }
        });
        Self { endpoint, requests }
    }
}

async fn serve(
    mut client: TcpStream,
    upstream: SocketAddr,
    lie: &dyn Lie,
    counter: &AtomicU64,
) -> std::io::Result<()> {
    // Or head and body of an answer come 40 ms apart.
    client.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut client, &mut buffer).await? {
        request.number = counter.fetch_add(1, Ordering::SeqCst);
        let mut answer = match lie.before(&request) {
            Before::Pass => forward(upstream, &request).await?,
            Before::Answer(answer) => answer,
            Before::Instead(other) => forward(upstream, &other).await?,
            Before::Late(pause) => {
                tokio::time::sleep(pause).await;
                forward(upstream, &request).await?
            }
        };
        if lie.after(&request, &mut answer) == After::Lose {
            return Ok(());
        }
        write_answer(&mut client, &request, &answer).await?;
    }
    Ok(())
}

async fn read_request(
    client: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = find_end(buffer) {
            break end;
        }
        if client.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let (first, headers) = parse_head(&buffer[..end]);
    buffer.drain(..end + 4);
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    if find(&headers, "expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    assert!(
        find(&headers, "transfer-encoding").is_none(),
        "bodies come with their length"
    );
    let length: usize = find(&headers, "content-length").map_or(0, |n| n.parse().unwrap());
    while buffer.len() < length {
        if client.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Request {
        number: 0,
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body: buffer.drain(..length).collect(),
    }))
}

/// HTTP/1.0, so that the answer comes in one piece and ends with the connection.
async fn forward(upstream: SocketAddr, request: &Request) -> std::io::Result<Answer> {
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        if !["connection", "expect"].contains(&name.to_ascii_lowercase().as_str()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str("\r\n");
    server.write_all(head.as_bytes()).await?;
    server.write_all(&request.body).await?;
    let mut bytes = Vec::new();
    server.read_to_end(&mut bytes).await?;
    let end = find_end(&bytes).ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let (first, headers) = parse_head(&bytes[..end]);
    Ok(Answer {
        status: first.split(' ').nth(1).unwrap().parse().unwrap(),
        headers,
        body: bytes.split_off(end + 4),
    })
}

async fn write_answer(
    client: &mut TcpStream,
    request: &Request,
    answer: &Answer,
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Said\r\n", answer.status);
    let is_head = request.method == "HEAD";
    for (name, value) in &answer.headers {
        let name_is = |other: &str| name.eq_ignore_ascii_case(other);
        if name_is("connection")
            || name_is("transfer-encoding")
            || (name_is("content-length") && !is_head)
        {
            continue;
        }
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !is_head && answer.status != 204 {
        head.push_str(&format!("content-length: {}\r\n", answer.body.len()));
    }
    head.push_str("\r\n");
    client.write_all(head.as_bytes()).await?;
    client.write_all(&answer.body).await
}

fn find_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n")
}

fn parse_head(bytes: &[u8]) -> (String, Vec<(String, String)>) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    (first, headers)
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
