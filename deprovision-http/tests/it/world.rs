//! A real service on a loopback port, and a real client.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use deprovision_core::conformance::{Permits, Reply};
use deprovision_core::id::CallerId;
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, GoneNotice, Outcome, PathState, SunsetNotice,
};
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::Timestamp;
use deprovision_http::{Caller, Gateway, GatewayLayer, Route};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
pub(crate) type HttpClient = Client<HttpConnector, Empty<Bytes>>;

pub(crate) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

pub(crate) fn id(name: &str) -> AccessPathId {
    format!("gateway:shop:local:{name}").parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn open() -> PathState {
    PathState::Open { notice: None }
}

pub(crate) fn closed() -> PathState {
    PathState::Closed {
        notice: GoneNotice::new("Orders, version 1"),
    }
}

/// The dates of the example in RFC 9745, section 4.
pub(crate) fn announced() -> SunsetNotice {
    let mut notice = SunsetNotice::new(at("2023-06-30T23:59:59Z"));
    notice.sunset = Some(at("2024-06-30T23:59:59Z"));
    notice.successor = Some("https://api.example.com/v2".into());
    notice.documentation = Some("https://developer.example.com/deprecation".into());
    notice
}

/// A gateway in a directory of its own, with `/v1` as `v1` and `/v2` as `v2`.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) permits: Permits,
    pub(crate) directory: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let permits = Permits::new();
        let gateway = Gateway::open(
            directory.path().join("gateway.json"),
            permits.clock().clone(),
            routes(),
        )
        .unwrap();
        Self {
            gateway,
            permits,
            directory,
        }
    }

    pub(crate) async fn set(&self, name: &str, state: PathState) {
        let permit = self.permits.permit().await.unwrap();
        let outcome = self.gateway.set(&id(name), &state, &permit).await.unwrap();
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }

    pub(crate) async fn state(&self, name: &str) -> PathState {
        let seen = self.gateway.path(&id(name)).await.unwrap();
        seen.known_completely().unwrap().clone()
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("gateway.json")
    }
}

pub(crate) fn routes() -> Vec<Route> {
    ["v1", "v2"]
        .map(|name| Route::new(id(name), &format!("/{name}")).unwrap())
        .into()
}

/// The service behind the gateway: it knows its callers and has links of its own.
pub(crate) fn shop() -> Router {
    Router::new()
        .route("/v1", any(orders))
        .route("/v1/{*rest}", any(orders))
        .route("/v2", any(orders))
        .route("/v2/{*rest}", any(orders))
        .fallback(any(elsewhere))
}

async fn orders(headers: HeaderMap, request: Request) -> Response {
    let key = headers.get("authorization").and_then(|v| v.to_str().ok());
    match key {
        Some("live") => {
            let text = format!("served {}", request.uri().path());
            let mut response = ([("link", "</orders?page=2>; rel=\"next\"")], text).into_response();
            let caller = Caller::new(CallerId::parse("key-42").unwrap());
            response.extensions_mut().insert(caller);
            response
        }
        Some(_) => StatusCode::FORBIDDEN.into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn elsewhere() -> &'static str {
    "elsewhere"
}

/// A service that listens until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn of(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, task }
    }

    /// The shop behind a gateway.
    pub(crate) async fn of_shop(gateway: &Gateway) -> Self {
        Self::of(shop().layer(GatewayLayer::new(gateway.clone()))).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, credential: Option<&str>) -> Reply {
        self.try_call(method, path, credential).await.unwrap()
    }

    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        credential: Option<&str>,
    ) -> Result<Reply> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        if let Some(credential) = credential {
            request = request.header("authorization", credential);
        }
        let response = client().request(request.body(Empty::new())?).await?;
        let (parts, body) = response.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        });
        let headers: Vec<_> = headers.collect();
        let body = body.collect().await?.to_bytes();
        Ok(Reply::new(parts.status.as_u16(), headers, body))
    }

    /// Sends bytes as they are and gives everything that comes back.
    pub(crate) async fn raw(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The first value of each header, for comparing.
pub(crate) fn values(reply: &Reply, name: &str) -> Vec<String> {
    let by_name: &BTreeMap<_, _> = &reply.headers;
    by_name.get(name).cloned().unwrap_or_default()
}

/// Waits until something holds, at most ten seconds.
pub(crate) async fn eventually<F, T>(what: &str, mut holds: F)
where
    F: FnMut() -> T,
    T: Future<Output = bool>,
{
    for _ in 0..1000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen within ten seconds");
}

/// The clock of the permits, for whoever needs one.
pub(crate) fn clock(permits: &Permits) -> Arc<dyn deprovision_core::time::Clock> {
    permits.clock().clone()
}
