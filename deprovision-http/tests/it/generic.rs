//! The layers in front of a bare tower service, without axum.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use deprovision_core::id::CallerId;
use deprovision_http::{AccessLog, AccessLogLayer, Caller, GatewayLayer};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::world::{World, clock, closed};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The lines from the request on, without client, caller and time.
    fn requests(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| line.split_once("] ").unwrap().1.to_owned())
            .collect()
    }
}

fn request(method: Method, path: &str) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    request
}

#[tokio::test]
async fn any_tower_service_can_stand_behind_the_layers() {
    let world = World::new();
    let lines = Lines::default();
    let log = AccessLog::write_to(lines.clone());
    let service = ServiceBuilder::new()
        .layer(AccessLogLayer::new(log, clock(&world.permits)))
        .layer(GatewayLayer::new(world.gateway.clone()))
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"served"))))
        }));
    let call = async |method, path| {
        let response = service.clone().oneshot(request(method, path)).await;
        let (parts, body) = response.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status.as_u16(), body)
    };
    assert_eq!(call(Method::GET, "/v1").await, (200, "served".into()));
    world.set("v1", closed()).await;
    let (status, problem) = call(Method::GET, "/v1").await;
    assert_eq!(status, 410);
    assert_eq!(call(Method::HEAD, "/v1").await, (410, Bytes::new()));
    assert_eq!(call(Method::GET, "/v2").await, (200, "served".into()));
    assert_eq!(
        lines.requests(),
        [
            "\"GET /v1 HTTP/1.1\" 200 6 \"-\" \"-\"".to_owned(),
            format!("\"GET /v1 HTTP/1.1\" 410 {} \"-\" \"-\"", problem.len()),
            "\"HEAD /v1 HTTP/1.1\" 410 0 \"-\" \"-\"".to_owned(),
            "\"GET /v2 HTTP/1.1\" 200 6 \"-\" \"-\"".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_request_that_gets_no_answer_is_a_line_too() {
    let world = World::new();
    let lines = Lines::default();
    let layer = || {
        let log = AccessLog::write_to(lines.clone());
        ServiceBuilder::new().layer(AccessLogLayer::new(log, clock(&world.permits)))
    };
    let failing = layer().service(service_fn(|_: Request<()>| async {
        Err::<Response<Full<Bytes>>, _>("broken")
    }));
    assert!(failing.oneshot(request(Method::GET, "/a")).await.is_err());
    let slow = layer().service(service_fn(|_: Request<()>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    }));
    drop(slow.oneshot(request(Method::GET, "/never-sent")));
    let waiting = layer().service(service_fn(|_: Request<()>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    }));
    let soon = std::time::Duration::from_millis(5);
    let left = tokio::time::timeout(soon, waiting.oneshot(request(Method::GET, "/b"))).await;
    assert!(left.is_err());
    let unread = layer().service(service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"served"))))
    }));
    drop(unread.oneshot(request(Method::GET, "/c")).await.unwrap());
    assert_eq!(
        lines.requests(),
        [
            "\"GET /a HTTP/1.1\" 500 0 \"-\" \"-\"",
            "\"GET /b HTTP/1.1\" 499 0 \"-\" \"-\"",
            "\"GET /c HTTP/1.1\" 200 0 \"-\" \"-\"",
        ]
    );
}

#[tokio::test]
async fn a_caller_named_in_the_request_is_shown() {
    let world = World::new();
    let lines = Lines::default();
    let log = AccessLog::write_to(lines.clone());
    world.set("v1", closed()).await;
    let service = ServiceBuilder::new()
        .layer(AccessLogLayer::new(log, clock(&world.permits)))
        .layer(GatewayLayer::new(world.gateway.clone()))
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }));
    let mut request = request(Method::GET, "/v1");
    let caller = Caller::new(CallerId::parse("key-9").unwrap());
    request.extensions_mut().insert(caller);
    drop(service.oneshot(request).await.unwrap());
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.starts_with("- - key-9 ["), "{text}");
    assert!(text.contains(" 410 "), "{text}");
}
