//! The server: git below `/OWNER/REPO.git`, the API at `/` and at `/api/v3`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request as HttpRequest, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::description::{Description, decoded};
use crate::fault::{Fault, Faults};
use crate::git_http::{GitRequest, serve};
use crate::reply::Reply;
use crate::routes::{Request, pass, route};
use crate::state::State;

/// What was asked of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// `POST /repos/{owner}/{repo}/pulls`, or what no operation is.
    pub operation: String,
    /// The path and the query as they were sent.
    pub target: String,
    /// Whether the request had an `Authorization`.
    pub authorized: bool,
    /// When it came.
    pub at: std::time::Instant,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) root: PathBuf,
    pub(crate) state: Mutex<State>,
    /// The state before the last write, for stale reads.
    pub(crate) before: Mutex<State>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) recorded: Mutex<Vec<Recorded>>,
    pub(crate) violations: Mutex<Vec<String>>,
    /// How many requests wait for an answer that never comes.
    pub(crate) hanging: AtomicU64,
}

/// The connection is to break.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection breaks, as was asked for")
    }
}

impl std::error::Error for Broken {}

/// Takes a lock that a panic elsewhere may have poisoned.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Accepts connections until it is dropped.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            // A broken connection is what the faults ask for.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: HttpRequest<Incoming>,
) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    if let Some(position) = path.find(".git/") {
        return Ok(git(
            &shared,
            &parts.method,
            &path,
            position,
            &query,
            &parts.headers,
            &body,
        )
        .await);
    }
    let fault = locked(&shared.faults).next();
    match fault {
        Some(Fault::FailsBefore) => return Ok(plain(502, "upstream")),
        Some(Fault::HangsBefore) => hang(&shared).await,
        Some(Fault::Secondary { retry_after }) => {
            let reply = Reply::error(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
                .with("retry-after", retry_after.to_string());
            return Ok(rendered(&reply));
        }
        Some(Fault::Exhausted { reset }) => {
            let reply = Reply::error(403, "API rate limit exceeded for user ID 1.")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", reset.to_string());
            return Ok(rendered(&reply));
        }
        Some(Fault::Refused) => {
            let reply = Reply::error(403, "Resource not accessible by personal access token");
            return Ok(rendered(&reply));
        }
        Some(Fault::FailsAfter | Fault::LosesReply | Fault::Stale | Fault::HangsAfter) | None => {}
    }
    let stale = fault == Some(Fault::Stale);
    let method = parts.method.clone();
    let headers = parts.headers.clone();
    let worker = shared.clone();
    let reply = tokio::task::spawn_blocking(move || {
        api(&worker, &method, &path, &query, &headers, &body, stale)
    })
    .await
    .map_err(|_| Broken)?;
    match fault {
        Some(Fault::FailsAfter) => Ok(plain(502, "upstream")),
        Some(Fault::LosesReply) => Err(Broken),
        Some(Fault::HangsAfter) => hang(&shared).await,
        _ => Ok(rendered(&reply)),
    }
}

async fn hang(shared: &Shared) -> ! {
    shared.hanging.fetch_add(1, Ordering::Relaxed);
    std::future::pending().await
}

fn plain(status: u16, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    if let Ok(status) = http::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    response
}

fn rendered(reply: &Reply) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = match &reply.body {
        Some(body) => {
            response = response.header("content-type", "application/json; charset=utf-8");
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    response
        .body(Full::new(body))
        .unwrap_or_else(|_| plain(500, "a header is no header"))
}

/// Who comes with these headers.
enum Caller {
    Nobody,
    Somebody(String),
    App,
    Unknown,
}

fn caller(state: &State, headers: &HeaderMap) -> Caller {
    let Some(value) = headers.get("authorization").and_then(|v| v.to_str().ok()) else {
        return Caller::Nobody;
    };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let token = if scheme.eq_ignore_ascii_case("basic") {
        let decoded = BASE64_STANDARD.decode(rest).unwrap_or_default();
        let decoded = String::from_utf8_lossy(&decoded).into_owned();
        decoded
            .split_once(':')
            .map_or(String::new(), |(_, password)| password.to_owned())
    } else {
        rest.to_owned()
    };
    if token.matches('.').count() == 2 && token.starts_with("ey") {
        return Caller::App;
    }
    match state.tokens.get(&token) {
        Some(login) => Caller::Somebody(login.clone()),
        None => Caller::Unknown,
    }
}

async fn git(
    shared: &Shared,
    method: &Method,
    path: &str,
    position: usize,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Full<Bytes>> {
    let name = path[1..position].to_owned();
    let who = {
        let state = locked(&shared.state);
        let known = name
            .split_once('/')
            .and_then(|(owner, name)| state.repository(owner, name))
            .is_some();
        match caller(&state, headers) {
            Caller::Somebody(login) if known => login,
            Caller::Somebody(_) => return plain(404, "Not Found"),
            Caller::Nobody | Caller::App | Caller::Unknown => {
                let mut refused = plain(401, "Authentication required");
                let challenge = http::HeaderValue::from_static("Basic realm=\"GitHub\"");
                refused.headers_mut().insert("www-authenticate", challenge);
                return refused;
            }
        }
    };
    let request = GitRequest {
        method,
        path,
        query,
        headers,
        body,
        who: &who,
    };
    serve(&shared.root, request)
        .await
        .unwrap_or_else(|_| plain(500, "git failed"))
}

fn api(
    shared: &Shared,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
    stale: bool,
) -> Reply {
    let url = format!("http://{}{path}", shared.address);
    let (enterprise, below) = match path.strip_prefix("/api/v3") {
        Some(rest) => (true, rest),
        None => (false, path),
    };
    let violated = |what: String| {
        locked(&shared.violations).push(format!("{method} {path}: {what}"));
        Reply::error(500, &what)
    };
    let description = match Description::shared() {
        Ok(description) => description,
        Err(why) => return violated(why),
    };
    let found = description.find(method.as_str(), below);
    locked(&shared.recorded).push(Recorded {
        operation: found.as_ref().map_or_else(
            || format!("{method} {below}"),
            |(operation, _)| format!("{} {}", operation.method, operation.path),
        ),
        target: format!("{path}?{query}"),
        authorized: headers.contains_key("authorization"),
        at: std::time::Instant::now(),
    });
    let Some((operation, parameters)) = found else {
        return violated("GitHub describes no such operation that we know of".to_owned());
    };
    let query: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect();
    let json: Option<Value> = match body {
        [] => None,
        body => match serde_json::from_slice(body) {
            Ok(json) => Some(json),
            Err(error) => return violated(format!("the body is no JSON: {error}")),
        },
    };
    if let Err(why) = description.check_request(&operation, &query, json.as_ref()) {
        return violated(format!("the request: {why}"));
    }
    if headers.get("user-agent").is_none() {
        return violated("GitHub refuses requests without a User-Agent".to_owned());
    }
    let mut state = locked(&shared.state);
    let caller = caller(&state, headers);
    let request = Request {
        description,
        operation: operation.clone(),
        parameters,
        query,
        body: json.unwrap_or(Value::Null),
        who: match &caller {
            Caller::Somebody(login) => Some(login.clone()),
            Caller::Nobody | Caller::App | Caller::Unknown => None,
        },
        authorized: !matches!(caller, Caller::Nobody),
        is_app: matches!(caller, Caller::App),
        enterprise,
        url,
    };
    let reads = *method == Method::GET;
    let reply = if reads && stale {
        route(&mut locked(&shared.before), &request)
    } else {
        if !reads {
            locked(&shared.before).clone_from(&state);
        }
        route(&mut state, &request)
    };
    pass(&mut state);
    drop(state);
    // 401 is described nowhere, and given everywhere.
    if reply.status != 401
        && let Err(why) = description.check_reply(&operation, reply.status, reply.body.as_ref())
    {
        return violated(format!("our reply: {why}"));
    }
    reply
}
