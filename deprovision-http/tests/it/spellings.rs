//! No spelling of a closed path gets through, and no other path is caught.

use deprovision_core::time::SystemClock;
use deprovision_http::{Gateway, GatewayLayer, Route};
use std::sync::Arc;

use crate::world::{Server, World, closed, id, shop};

#[tokio::test]
async fn i_5_no_spelling_of_a_closed_path_reaches_the_service() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    world.set("v1", closed()).await;
    for target in [
        "/v1",
        "/v1/",
        "/v1?x=1",
        "/v1/orders",
        "//v1/orders",
        "/./v1",
        "/%761/orders",
        "/%2576%2531",
        "/v2/../v1",
        "/v2/%2e%2E/v1/orders",
        "/v1/../v2",
        "/V1/orders",
        "/v1;a=b/orders",
        "/..;/v1",
        "/v1%2Forders",
        "/v1%00",
        "http://elsewhere.example/v1",
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: live\r\nConnection: close\r\n\r\n"
        );
        let answer = server.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 410 "), "{target}: {answer}");
    }
}

#[tokio::test]
async fn other_paths_are_served_while_one_is_closed() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    world.set("v1", closed()).await;
    for path in [
        "/v10", "/v", "/", "/v2", "/v2/v1", "/v1x", "/x?/v1", "/health",
    ] {
        let reply = server.call("GET", path, Some("live")).await;
        assert_eq!(reply.status, 200, "{path}");
    }
}

struct Hosts {
    world: World,
    gateway: Gateway,
    server: Server,
}

impl Hosts {
    async fn new(routes: Vec<Route>) -> Self {
        let world = World::new();
        let path = world.directory.path().join("hosts.json");
        let gateway = Gateway::open(path, Arc::new(SystemClock::new()), routes).unwrap();
        let app = shop().layer(GatewayLayer::new(gateway.clone()));
        let server = Server::of(app).await;
        Self {
            world,
            gateway,
            server,
        }
    }

    async fn close(&self, name: &str) {
        use deprovision_core::provider::AccessPath;
        let permit = self.world.permits.permit().await.unwrap();
        let set = self.gateway.set(&id(name), &closed(), &permit).await;
        set.unwrap();
    }

    async fn status(&self, target: &str, host: &str) -> u16 {
        let request = format!(
            "GET {target} HTTP/1.1\r\n{host}Authorization: live\r\nConnection: close\r\n\r\n"
        );
        let answer = self.server.raw(&request).await;
        answer[9..12].parse().unwrap()
    }
}

#[tokio::test]
async fn a_path_on_a_host_is_closed_on_that_host_alone() {
    let route = |name, prefix, host| Route::new(id(name), prefix).unwrap().on_host(host).unwrap();
    let hosts = Hosts::new(vec![
        route("old", "/v1", "old.example.com"),
        route("new", "/v1", "new.example.com"),
    ])
    .await;
    hosts.close("old").await;
    for (target, host, status) in [
        ("/v1", "Host: old.example.com\r\n", 410),
        ("/v1", "Host: OLD.example.com.:8080\r\n", 410),
        ("/v1", "Host: u@old.example.com\r\n", 410),
        ("/v1", "Host: new.example.com\r\n", 200),
        ("/v1", "Host: other.example.com\r\n", 200),
        ("/v2", "Host: old.example.com\r\n", 200),
        (
            "http://old.example.com/v1",
            "Host: new.example.com\r\n",
            410,
        ),
        (
            "http://new.example.com/v1",
            "Host: old.example.com\r\n",
            410,
        ),
        ("/v1", "", 410),
    ] {
        assert_eq!(hosts.status(target, host).await, status, "{target} {host}");
    }
}

#[tokio::test]
async fn a_path_inside_another_one_is_a_path_of_its_own() {
    let route = |name, prefix| Route::new(id(name), prefix).unwrap();
    let hosts = Hosts::new(vec![
        route("all", "/"),
        route("v1", "/v1").or_under("/api/v1").unwrap(),
        route("named", "/").on_host("old.example.com").unwrap(),
    ])
    .await;
    hosts.close("all").await;
    let (plain, old) = ("Host: a\r\n", "Host: old.example.com\r\n");
    assert_eq!(hosts.status("/v2", plain).await, 410);
    assert_eq!(hosts.status("/v1/orders", plain).await, 200);
    assert_eq!(hosts.status("/api/v1", plain).await, 200);
    assert_eq!(hosts.status("/api", plain).await, 410);
    assert_eq!(hosts.status("/v2", old).await, 200);
    hosts.close("named").await;
    assert_eq!(hosts.status("/v2", old).await, 410);
    // Neither of `named` and `v1` lies inside the other: the stricter answers.
    assert_eq!(hosts.status("/v1", old).await, 410);
    assert_eq!(hosts.status("/v1", plain).await, 200);
}
