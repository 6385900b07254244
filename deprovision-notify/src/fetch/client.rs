//! The client.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};

use super::answer::{Answer, AnswerBody};
use super::connect::connect;
use super::error::FetchError;
use super::reach::Reach;
use super::resolve::{Resolve, SystemResolver};
use super::roots::{self, RootsError};
use super::target::Target;

/// The longest header of an answer that is read, in bytes.
const MAX_HEADER: usize = 64 * 1024;

/// Sends POSTs, each on a connection of its own, and nowhere where they could do harm
/// (see [`Reach`]).
///
/// # Behaviour
/// - HTTPS only, unless [`Reach::dangerous_plain_http`] says otherwise. TLS 1.2 or 1.3; the
///   certificate has to be the name's, whichever address was connected to.
/// - A name is resolved once, every address of the answer is checked, and the connection
///   goes to one of them.
/// - No redirect is followed, no proxy is taken from the environment, nothing is sent
///   twice, no cookie is kept.
/// - The deadline is around everything: resolving, connecting, sending, and reading the
///   answer. Of the answer at most as much is read as is asked for.
///
/// ```no_run
/// // Asks for a host that is not there.
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use deprovision_notify::{HttpClient, Outgoing, Reach, Target};
///
/// let client = HttpClient::with_system_roots(Reach::public())?;
/// let target = Target::parse("https://hooks.example.com/notices", client.reach())?;
/// let answer = client
///     .post(&target, Outgoing::json(b"{}".to_vec()), Duration::from_secs(10))
///     .await?;
/// println!("{}", answer.status);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpClient {
    reach: Reach,
    resolver: Arc<dyn Resolve>,
    tls: Arc<ClientConfig>,
}

/// What is sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct Outgoing {
    /// The header, without `Host` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How much of the answer's body is read, in bytes; none unless told.
    pub max_answer: usize,
}

impl Outgoing {
    /// A JSON text.
    #[must_use]
    pub fn json(body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        Self {
            headers,
            body: body.into(),
            max_answer: 0,
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").finish_non_exhaustive()
    }
}

impl HttpClient {
    /// A client that trusts the system's root certificates.
    ///
    /// # Errors
    /// [`RootsError`] when there are none.
    pub fn with_system_roots(reach: Reach) -> Result<Self, RootsError> {
        Self::of(reach, roots::of_system()?)
    }

    /// A client that trusts these root certificates and no other: for an intranet whose
    /// authority is its own.
    ///
    /// # Errors
    /// [`RootsError`] when one can not be read, or when there is none.
    pub fn with_roots(reach: Reach, pem: &[u8]) -> Result<Self, RootsError> {
        Self::of(reach, roots::of_pem(pem)?)
    }

    fn of(reach: Reach, roots: RootCertStore) -> Result<Self, RootsError> {
        Ok(Self {
            reach,
            resolver: Arc::new(SystemResolver),
            tls: roots::client(roots, &[b"http/1.1"])?,
        })
    }

    /// Changes who finds the addresses of names.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = resolver;
        self
    }

    /// What it may reach.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Sends a POST, once.
    ///
    /// # Errors
    /// [`FetchError`], which tells whether it may have arrived. A body that could not be
    /// read is no error: the answer's status is known by then.
    pub async fn post(
        &self,
        target: &Target,
        outgoing: Outgoing,
        deadline: Duration,
    ) -> Result<Answer, FetchError> {
        let end = tokio::time::Instant::now() + deadline;
        let sent = AtomicBool::new(false);
        let max_answer = outgoing.max_answer;
        let head = tokio::time::timeout_at(end, self.exchange(target, outgoing, deadline, &sent));
        let (response, connection) = match head.await {
            Ok(result) => result?,
            Err(_elapsed) => {
                let host = target.host.clone();
                return Err(if sent.load(Ordering::Relaxed) {
                    FetchError::LateAfter { host }
                } else {
                    FetchError::LateBefore { host }
                });
            }
        };
        let (parts, body) = response.into_parts();
        let body = read(body, max_answer, end).await;
        drop(connection);
        Ok(Answer::new(parts.status, parts.headers, body))
    }

    /// Sends, and returns when the header of the answer is there.
    async fn exchange(
        &self,
        target: &Target,
        outgoing: Outgoing,
        within: Duration,
        sent: &AtomicBool,
    ) -> Result<(http::Response<Incoming>, Connection), FetchError> {
        // Before anything else: a request that can not be written reaches nobody.
        let request = request(target, outgoing).map_err(FetchError::Request)?;
        let stream = connect(target, &self.reach, &*self.resolver, &self.tls, within).await?;
        let dropped = |source| FetchError::Dropped {
            host: target.host.clone(),
            source,
        };
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEADER)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(dropped)?;
        let connection = Connection(tokio::spawn(async move {
            // Why it ended is told to whoever waits for the answer.
            let _ = connection.await;
        }));
        sent.store(true, Ordering::Relaxed);
        let response = sender.send_request(request).await.map_err(dropped)?;
        Ok((response, connection))
    }
}

/// A connection that ends when nobody waits for it any more.
struct Connection(tokio::task::JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn request(target: &Target, outgoing: Outgoing) -> Result<Request<Full<Bytes>>, http::Error> {
    let path: Uri = target.path.expose().parse()?;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .body(Full::new(outgoing.body))?;
    let headers = request.headers_mut();
    *headers = outgoing.headers;
    headers.insert(HOST, HeaderValue::from_str(&target.authority())?);
    headers.insert(USER_AGENT, HeaderValue::from_static("deprovision-notify"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

async fn read(body: Incoming, max: usize, end: tokio::time::Instant) -> AnswerBody {
    if max == 0 {
        return AnswerBody::Cut;
    }
    let reading = Limited::new(body, max).collect();
    match tokio::time::timeout_at(end, reading).await {
        Ok(Ok(body)) => AnswerBody::Whole(body.to_bytes()),
        Ok(Err(_)) | Err(_) => AnswerBody::Cut,
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}
