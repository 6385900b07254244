//! The access log of a real service.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use deprovision_core::id::CallerId;
use deprovision_core::time::ManualClock;
use deprovision_http::{AccessLog, AccessLogLayer, GatewayLayer};

use crate::world::{Server, World, at, closed, eventually, shop};

async fn logged_shop(world: &World, log: &AccessLog) -> Server {
    let clock = Arc::new(ManualClock::starting_at(at("2026-10-10T13:55:36Z")));
    let layer = AccessLogLayer::new(log.clone(), clock)
        .client_by(|request| {
            let info = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
            Some(info.0.ip())
        })
        .caller_by(|request| {
            let key = request.headers.get("authorization")?.to_str().ok()?;
            (key == "live").then(|| CallerId::parse("key-7").ok())?
        });
    let app = shop()
        .layer(GatewayLayer::new(world.gateway.clone()))
        .layer(layer);
    Server::of(app).await
}

async fn lines(path: &Path, count: usize) -> Vec<String> {
    let read = || std::fs::read_to_string(path).unwrap();
    eventually("the line", || async { read().lines().count() >= count }).await;
    read().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_request_is_a_line_also_when_it_is_refused() {
    let world = World::new();
    let path = world.directory.path().join("access.log");
    let log = AccessLog::append_to(&path).unwrap();
    let server = logged_shop(&world, &log).await;
    let get = "GET /v1/orders?api_key=secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    server
        .raw(&format!(
            "{get}User-Agent: agent\r\nAuthorization: live\r\n\r\n"
        ))
        .await;
    lines(&path, 1).await;
    server.raw(&format!("{get}\r\n")).await;
    lines(&path, 2).await;
    world.set("v1", closed()).await;
    let gone = server
        .raw(&format!("{get}Authorization: live\r\n\r\n"))
        .await;
    let body = gone.split_once("\r\n\r\n").unwrap().1.len();
    lines(&path, 3).await;
    server
        .raw("HEAD /v1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    let when = "[10/Oct/2026:13:55:36 +0000]";
    assert_eq!(
        lines(&path, 4).await,
        [
            // The service's own answer names the caller better than the layer does.
            format!("127.0.0.1 - key-42 {when} \"GET /v1/orders HTTP/1.1\" 200 17 \"-\" \"agent\""),
            format!("127.0.0.1 - - {when} \"GET /v1/orders HTTP/1.1\" 401 0 \"-\" \"-\""),
            format!("127.0.0.1 - key-7 {when} \"GET /v1/orders HTTP/1.1\" 410 {body} \"-\" \"-\""),
            format!("127.0.0.1 - - {when} \"HEAD /v1 HTTP/1.1\" 410 0 \"-\" \"-\""),
        ]
    );
    assert_eq!(log.lost(), 0);
}

#[tokio::test]
async fn a_hostile_path_and_agent_stay_inside_their_fields() {
    let world = World::new();
    let path = world.directory.path().join("access.log");
    let server = logged_shop(&world, &AccessLog::append_to(&path).unwrap()).await;
    server
        .raw("GET /v1/\"x HTTP/1.1\r\nHost: a\r\nUser-Agent: \" 200 1 \"\\\r\nConnection: close\r\n\r\n")
        .await;
    let lines = lines(&path, 1).await;
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].contains("\"GET /v1/\\x22x HTTP/1.1\""),
        "{lines:?}"
    );
    assert!(
        lines[0].ends_with("\"\\x22 200 1 \\x22\\x5C\""),
        "{lines:?}"
    );
}

#[tokio::test]
async fn two_logs_on_one_file_mix_no_lines_and_a_torn_line_is_ended() {
    let world = World::new();
    let path = world.directory.path().join("access.log");
    std::fs::write(&path, "half a li").unwrap();
    let one = logged_shop(&world, &AccessLog::append_to(&path).unwrap()).await;
    one.call("GET", "/v1", None).await;
    lines(&path, 2).await;
    let two = logged_shop(&world, &AccessLog::append_to(&path).unwrap()).await;
    let calls = (0..40).map(|number| {
        let server = if number % 2 == 0 { &one } else { &two };
        server.call("GET", "/v1/orders", Some("live"))
    });
    futures_util::future::join_all(calls).await;
    let lines = lines(&path, 42).await;
    assert_eq!(lines.len(), 42);
    assert_eq!(lines[0], "half a li");
    for line in &lines[2..] {
        assert!(line.starts_with("127.0.0.1 - key-42 ["), "{line}");
        assert!(line.ends_with(" 200 17 \"-\" \"-\""), "{line}");
    }
}
