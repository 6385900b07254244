//! The tower layer that writes the access log.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use deprovision_core::id::CallerId;
use deprovision_core::time::Clock;
use http::header::USER_AGENT;
use http::request::Parts;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::access_log::body::LoggedBody;
use crate::access_log::caller::Caller;
use crate::access_log::line::Line;
use crate::access_log::record::{CALLER_LEFT, FAILED, Record};
use crate::access_log::sink::AccessLog;

/// Finds something about a request.
type Finder<T> = Arc<dyn Fn(&Parts) -> Option<T> + Send + Sync>;

/// Writes one line in Combined Log Format for every request, also for those that
/// are refused: put it outside of the [`GatewayLayer`](crate::GatewayLayer) and of
/// authentication.
///
/// ```text
/// 203.0.113.9 - key-42 [10/Oct/2026:13:55:36 +0000] "GET /v1/orders HTTP/1.1" 200 123 "-" "agent"
/// ```
///
/// The time is when the request came (UTC); the bytes are those of the body that
/// were sent. The query and the referrer are left out, since they may hold
/// secrets. The caller is the [`Caller`] that the service put into its answer's
/// extensions, or else what [`AccessLogLayer::caller_by`] says, or else the
/// [`Caller`] in the request's extensions. A request whose caller left before it
/// was answered has the status 499, one that the service failed to answer 500.
#[derive(Clone)]
pub struct AccessLogLayer {
    log: AccessLog,
    clock: Arc<dyn Clock>,
    client: Finder<IpAddr>,
    caller: Finder<CallerId>,
}

impl AccessLogLayer {
    /// A layer that writes to this log with the times of this clock.
    #[must_use]
    pub fn new(log: AccessLog, clock: Arc<dyn Clock>) -> Self {
        Self {
            log,
            clock,
            client: Arc::new(|_| None),
            caller: Arc::new(|_| None),
        }
    }

    /// How the client's address is found; without it the log shows `-`.
    ///
    /// In axum: `|r| r.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip())`.
    #[must_use]
    pub fn client_by(
        mut self,
        find: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.client = Arc::new(find);
        self
    }

    /// How the caller is found in a request that the service never sees, because
    /// it is refused before: by the *id* of its key, never by the key.
    #[must_use]
    pub fn caller_by(
        mut self,
        find: impl Fn(&Parts) -> Option<CallerId> + Send + Sync + 'static,
    ) -> Self {
        self.caller = Arc::new(find);
        self
    }

    fn record(&self, request: &Parts) -> Record {
        let caller = (self.caller)(request).or_else(|| {
            let known = request.extensions.get::<Caller>();
            known.map(|caller| caller.id().clone())
        });
        let line = Line {
            client: (self.client)(request),
            caller,
            at: self.clock.now(),
            method: request.method.clone(),
            path: request.uri.path().to_owned(),
            version: request.version,
            status: CALLER_LEFT,
            bytes: 0,
            agent: request
                .headers
                .get(USER_AGENT)
                .map(|agent| agent.as_bytes().to_vec()),
        };
        Record::new(self.log.clone(), line)
    }
}

impl fmt::Debug for AccessLogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLogLayer")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLogService<S>;

    fn layer(&self, inner: S) -> AccessLogService<S> {
        AccessLogService {
            layer: self.clone(),
            inner,
        }
    }
}

/// A service whose requests are logged; made by [`AccessLogLayer`].
#[derive(Debug, Clone)]
pub struct AccessLogService<S> {
    layer: AccessLogLayer,
    inner: S,
}

impl<S, Q, B> Service<Request<Q>> for AccessLogService<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<LoggedBody<B>>;
    type Error = S::Error;
    type Future = AccessLogFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let record = Some(self.layer.record(&parts));
        let future = self.inner.call(Request::from_parts(parts, body));
        AccessLogFuture { future, record }
    }
}

pin_project! {
    /// The answer to come of an [`AccessLogService`].
    pub struct AccessLogFuture<F> {
        #[pin]
        future: F,
        record: Option<Record>,
    }
}

impl<F> fmt::Debug for AccessLogFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLogFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for AccessLogFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<LoggedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answered = ready!(this.future.poll(cx));
        let mut record = this.record.take();
        if let Some(record) = &mut record {
            match &answered {
                Ok(response) => {
                    record.line.status = response.status().as_u16();
                    if let Some(caller) = response.extensions().get::<Caller>() {
                        record.line.caller = Some(caller.id().clone());
                    }
                }
                Err(_) => record.line.status = FAILED,
            }
        }
        Poll::Ready(answered.map(|response| response.map(|body| LoggedBody::new(body, record))))
    }
}
