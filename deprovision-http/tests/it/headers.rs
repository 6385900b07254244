//! What callers are told, byte by byte.

use deprovision_core::provider::{GoneNotice, PathState};
use deprovision_core::time::{Clock, Period};
use deprovision_http::{GatewayLayer, PROBLEM_BROWN_OUT, PROBLEM_GONE};
use serde_json::json;

use crate::world::{Server, World, announced, at, closed, open, shop, values};

#[tokio::test]
async fn an_open_path_with_a_notice_says_what_the_rfcs_say() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    let notice = Some(announced());
    world.set("v1", PathState::Open { notice }).await;
    let reply = server.call("GET", "/v1/orders", Some("live")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, b"served /v1/orders");
    assert_eq!(values(&reply, "deprecation"), ["@1688169599"]);
    assert_eq!(values(&reply, "sunset"), ["Sun, 30 Jun 2024 23:59:59 GMT"]);
    assert_eq!(
        values(&reply, "link"),
        [
            "</orders?page=2>; rel=\"next\"",
            "<https://api.example.com/v2>; rel=\"successor-version\"",
            "<https://developer.example.com/deprecation>; rel=\"deprecation\"",
            "<https://developer.example.com/deprecation>; rel=\"sunset\"",
        ]
    );
    let refused = server.call("GET", "/v1/orders", None).await;
    assert_eq!(refused.status, 401);
    assert_eq!(values(&refused, "deprecation"), ["@1688169599"]);
}

#[tokio::test]
async fn a_closed_path_says_gone_and_keeps_the_announced_dates() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    let notice = Some(announced());
    world.set("v1", PathState::Open { notice }).await;
    let mut notice = GoneNotice::new("Orders v1");
    notice.successor = Some("https://api.example.com/v3".into());
    world.set("v1", PathState::Closed { notice }).await;
    let reply = server.call("GET", "/v1/orders", Some("live")).await;
    assert_eq!(reply.status, 410);
    assert_eq!(values(&reply, "content-type"), ["application/problem+json"]);
    assert_eq!(values(&reply, "cache-control"), ["no-store"]);
    assert_eq!(values(&reply, "deprecation"), ["@1688169599"]);
    assert_eq!(values(&reply, "sunset"), ["Sun, 30 Jun 2024 23:59:59 GMT"]);
    assert!(values(&reply, "retry-after").is_empty());
    assert_eq!(
        values(&reply, "link"),
        [
            "<https://api.example.com/v3>; rel=\"successor-version\"",
            "<https://developer.example.com/deprecation>; rel=\"deprecation\"",
            "<https://developer.example.com/deprecation>; rel=\"sunset\"",
        ]
    );
    let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        problem,
        json!({
            "type": PROBLEM_GONE,
            "title": "This API has been retired",
            "status": 410,
            "detail": "Orders v1 has been retired. Use https://api.example.com/v3 instead. Read more at https://developer.example.com/deprecation.",
            "successor": "https://api.example.com/v3",
            "documentation": "https://developer.example.com/deprecation",
        })
    );
    world.set("v1", open()).await;
    world.set("v1", closed()).await;
    let reply = server.call("GET", "/v1/orders", None).await;
    assert!(
        values(&reply, "sunset").is_empty(),
        "a withdrawn notice is still told"
    );
}

#[tokio::test]
async fn a_brown_out_says_when_it_ends_and_ends_by_itself() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    world.permits.clock().advance_to(at("2100-01-01T00:00:00Z"));
    let until = Period::minutes(90).after(world.permits.clock().now());
    let notice = Some(announced());
    world.set("v1", PathState::BrownOut { until, notice }).await;
    let reply = server.call("POST", "/v1/orders", Some("live")).await;
    assert_eq!(reply.status, 410);
    assert_eq!(values(&reply, "retry-after"), ["5400"]);
    assert_eq!(values(&reply, "deprecation"), ["@1688169599"]);
    assert_eq!(values(&reply, "cache-control"), ["no-store"]);
    let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(problem["type"], PROBLEM_BROWN_OUT);
    assert_eq!(problem["until"], "2100-01-01T01:30:00Z");
    assert_eq!(problem["successor"], "https://api.example.com/v2");
    world.permits.clock().advance(Period::minutes(90));
    let reply = server.call("POST", "/v1/orders", Some("live")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(values(&reply, "deprecation"), ["@1688169599"]);
    assert!(values(&reply, "retry-after").is_empty());
}

#[tokio::test]
async fn i_5_a_closed_path_is_closed_to_every_method_and_preflight() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    world.set("v1", closed()).await;
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE",
    ] {
        for credential in [None, Some("live"), Some("revoked")] {
            let reply = server.call(method, "/v1/orders", credential).await;
            assert_eq!(reply.status, 410, "{method}");
            assert_eq!(reply.body.is_empty(), method == "HEAD", "{method}");
        }
    }
    let preflight = server
        .raw("OPTIONS /v1/orders HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nAccess-Control-Request-Method: GET\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        preflight.starts_with("HTTP/1.1 410 Gone\r\n"),
        "{preflight}"
    );
    let head = server
        .raw("HEAD /v1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        head.contains("content-type: application/problem+json\r\n"),
        "{head}"
    );
    assert!(head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn a_service_is_never_called_while_its_path_is_closed() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    let world = World::new();
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let app = shop()
        .layer(axum::middleware::map_request(
            move |request: axum::extract::Request| {
                counted.fetch_add(1, Ordering::SeqCst);
                async { request }
            },
        ))
        .layer(GatewayLayer::new(world.gateway.clone()));
    let server = Server::of(app).await;
    assert_eq!(server.call("GET", "/v1", Some("live")).await.status, 200);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    world.set("v1", closed()).await;
    assert_eq!(server.call("GET", "/v1", Some("live")).await.status, 410);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
