//! The service: orders, version 1 and 2, behind keys, a gateway and an access log.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use deprovision_core::id::{ApiId, CallerId};
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;
use deprovision_http::{AccessLog, AccessLogLayer, Caller, Gateway, GatewayLayer};
use deprovision_local::{Authorization, KeyFile};
use serde_json::json;
use tokio::net::TcpListener;

/// What the handlers know.
#[derive(Clone)]
struct Service {
    keys: KeyFile,
    data: PathBuf,
}

/// Serves until the process ends.
pub(super) fn serve(listener: TcpListener, service: Router) {
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
}

/// Orders, version 1 and 2, of the files below `data`, to whoever has a key. Serve it
/// with the addresses of clients as [`ConnectInfo`]: the log shows them.
pub fn orders(
    keys: KeyFile,
    data: PathBuf,
    gateway: Gateway,
    log: AccessLog,
    clock: Arc<dyn Clock>,
) -> Router {
    let log = AccessLogLayer::new(log, clock).client_by(|request| -> Option<IpAddr> {
        let client = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(client.0.ip())
    });
    Router::new()
        .route("/v1/orders", get(list))
        .route("/v1/orders/{id}", get(one))
        .route("/v2/orders", get(list))
        .route("/v2/orders/{id}", get(one))
        .route("/keys/check", get(check_key))
        .with_state(Service { keys, data })
        // The last layer is the outermost: log, then gateway, then keys and routes.
        .layer(GatewayLayer::new(gateway))
        .layer(log)
}

/// The API of a path, and who calls it: the key decides. A caller whose key is
/// refused is named in the access log all the same.
fn authorize(service: &Service, path: &str, headers: &HeaderMap) -> Result<CallerId, Refused> {
    let version = path.trim_start_matches('/').split('/').next();
    let api = version.and_then(|version| ApiId::parse(format!("orders-{version}")).ok());
    let api = api.ok_or(Refused(StatusCode::NOT_FOUND, None))?;
    let secret = bearer(headers).ok_or(Refused(StatusCode::UNAUTHORIZED, None))?;
    let (status, key) = match service.keys.authorize(&secret, &api) {
        Authorization::Allowed { key, .. } => (StatusCode::OK, Some(key)),
        Authorization::NotGranted { key, .. } => (StatusCode::FORBIDDEN, Some(key)),
        Authorization::Disabled { key } | Authorization::OtherApi { key, .. } => {
            (StatusCode::UNAUTHORIZED, Some(key))
        }
        Authorization::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, None),
        _unknown => (StatusCode::UNAUTHORIZED, None),
    };
    let caller = key.and_then(|key| CallerId::parse(key.name()).ok());
    match caller {
        Some(caller) if status == StatusCode::OK => Ok(caller),
        caller => Err(Refused(status, caller)),
    }
}

/// Why not, and who it was.
struct Refused(StatusCode, Option<CallerId>);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        if let Some(caller) = self.1 {
            response.extensions_mut().insert(Caller::new(caller));
        }
        response
    }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(Secret::new)
}

async fn list(
    State(service): State<Service>,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = authorize(&service, uri.path(), &headers)?;
    let orders = numbers(&service, uri.path());
    Ok(answer(caller, json!({ "orders": orders })))
}

async fn one(
    State(service): State<Service>,
    Path(id): Path<String>,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = authorize(&service, uri.path(), &headers)?;
    if !numbers(&service, uri.path()).contains(&id) {
        return Err(Refused(StatusCode::NOT_FOUND, Some(caller)));
    }
    Ok(answer(caller, json!({ "id": id })))
}

/// Whether a key is good for an API, as other services ask.
async fn check_key(
    State(service): State<Service>,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<serde_json::Value>, Refused> {
    let api = query
        .get("api")
        .ok_or(Refused(StatusCode::BAD_REQUEST, None))?;
    let caller = authorize(&service, api.trim_start_matches("orders-"), &headers)?;
    Ok(Json(json!({ "key": caller.as_str(), "api": api })))
}

fn numbers(service: &Service, path: &str) -> Vec<String> {
    let version = path.trim_start_matches('/').split('/').next().unwrap_or("");
    let folder = service.data.join(format!("orders-{version}"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| name.trim_end_matches(".json").to_owned())
        .collect();
    names.sort();
    names
}

fn answer(caller: CallerId, body: serde_json::Value) -> Response {
    let mut response = Json(body).into_response();
    response.extensions_mut().insert(Caller::new(caller));
    response
}
