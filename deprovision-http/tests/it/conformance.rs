//! The suites of core, against a real service over TCP.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use deprovision_core::conformance::{
    AccessPathFixture, FaceAnswer, PathProbeFixture, Permits, Reply, access_path, path_probe,
};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{PathProbe, ProbeAnswer};
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::{Clock, Period, Timestamp};
use deprovision_http::{Face, Gateway, HttpProbe};
use http_body_util::Empty;

use crate::world::{HttpClient, Result, Server, World, client, clock, closed, id};

struct Shop {
    world: World,
    server: Server,
}

#[async_trait]
impl AccessPathFixture for Shop {
    type Paths = Gateway;

    fn paths(&self) -> &Gateway {
        &self.world.gateway
    }

    fn one(&self) -> AccessPathId {
        id("v1")
    }

    fn other(&self) -> AccessPathId {
        id("v2")
    }

    fn missing(&self) -> AccessPathId {
        id("v3")
    }

    fn tells_notices(&self) -> bool {
        true
    }

    fn browns_out(&self) -> bool {
        true
    }

    fn credentials(&self) -> Vec<Option<String>> {
        vec![None, Some("live".into()), Some("revoked".into())]
    }

    async fn call(&self, id: &AccessPathId, credential: Option<&str>) -> Result<Reply> {
        let path = format!("/{}/orders", id.name());
        self.server.try_call("GET", &path, credential).await
    }

    async fn permit(&self) -> Result<WritePermit> {
        self.world.permits.permit().await
    }

    fn now(&self) -> Timestamp {
        self.world.permits.clock().now()
    }

    async fn advance(&self, by: Period) {
        self.world.permits.clock().advance(by);
    }
}

#[tokio::test]
async fn i_5_the_gateway_keeps_every_promise_of_the_port() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    let cases = access_path(&Shop { world, server }).await.unwrap();
    assert_eq!(cases, 12);
}

type Answers = Arc<Mutex<Vec<FaceAnswer>>>;

pub(crate) struct Faces {
    probe: HttpProbe<HttpClient, Empty<Bytes>>,
    answers: Answers,
    _server: Server,
}

impl Faces {
    pub(crate) async fn new() -> Self {
        let answers = Answers::new(Mutex::new(vec![FaceAnswer::Silence; 3]));
        let app = Router::new()
            .route("/face/{number}", any(face))
            .route("/gone", any(|| async { problem(410) }))
            .with_state(answers.clone());
        let server = Server::of(app).await;
        let faces = (0..3).map(|number| {
            let url = format!("http://{}/face/{number}", server.address);
            (id("v1"), Face::get(&url).unwrap())
        });
        let probe = HttpProbe::new(client(), clock(&Permits::new()), faces)
            .with_timeout(Duration::from_millis(300));
        Self {
            probe,
            answers,
            _server: server,
        }
    }
}

async fn face(State(answers): State<Answers>, Path(number): Path<usize>) -> Response {
    let answer = answers.lock().unwrap()[number];
    let status = |status| StatusCode::from_u16(status).unwrap();
    match answer {
        FaceAnswer::Problem(code) => problem(code),
        FaceAnswer::Bare(code) => (status(code), "something").into_response(),
        FaceAnswer::BrokenProblem => (
            StatusCode::GONE,
            [(header::CONTENT_TYPE, "application/problem+json")],
            "{\"status\":4",
        )
            .into_response(),
        FaceAnswer::RedirectToGone(code) => {
            (status(code), [(header::LOCATION, "/gone")], "").into_response()
        }
        FaceAnswer::Silence => std::future::pending().await,
    }
}

fn problem(status: u16) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        [(header::CONTENT_TYPE, "application/problem+json")],
        "{\"title\":\"x\"}",
    )
        .into_response()
}

#[async_trait]
impl PathProbeFixture for Faces {
    type Probe = HttpProbe<HttpClient, Empty<Bytes>>;

    fn probe(&self) -> &Self::Probe {
        &self.probe
    }

    fn path(&self) -> AccessPathId {
        id("v1")
    }

    fn faces(&self) -> usize {
        3
    }

    fn faceless(&self) -> AccessPathId {
        id("v2")
    }

    async fn answer(&self, face: usize, with: FaceAnswer) {
        self.answers.lock().unwrap()[face] = with;
    }
}

#[tokio::test]
async fn i_5_the_probe_keeps_every_promise_of_the_port() {
    let cases = path_probe(&Faces::new().await).await.unwrap();
    assert_eq!(cases, 27);
}

#[tokio::test]
async fn i_5_a_refused_connection_and_an_endless_body_say_nothing() {
    let free = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let endless = any(|| async {
        let chunks = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
        });
        (
            StatusCode::GONE,
            [(header::CONTENT_TYPE, "application/problem+json")],
            axum::body::Body::from_stream(chunks),
        )
    });
    let huge = any(|| async {
        (
            StatusCode::GONE,
            [(header::CONTENT_TYPE, "application/problem+json")],
            format!("{{\"title\":\"{}\"}}", "x".repeat(70_000)),
        )
    });
    let app = Router::new()
        .route("/endless", endless)
        .route("/huge", huge);
    let server = Server::of(app).await;
    let faces = [
        format!("http://{free}/"),
        format!("http://{}/endless", server.address),
        format!("http://{}/huge", server.address),
    ]
    .map(|url| (id("v1"), Face::get(&url).unwrap()));
    let probe = HttpProbe::new(client(), clock(&Permits::new()), faces)
        .with_timeout(Duration::from_millis(300));
    let seen = probe.probe(&id("v1")).await.unwrap();
    let probes = seen.known_completely().unwrap();
    assert!(
        matches!(probes[0].answer, ProbeAnswer::None { .. }),
        "{probes:?}"
    );
    assert!(
        matches!(probes[1].answer, ProbeAnswer::None { .. }),
        "{probes:?}"
    );
    assert_eq!(probes[2].answer, ProbeAnswer::Other { status: 410 });
}

#[tokio::test]
async fn i_5_the_probe_sees_the_gateway_closed_and_open() {
    let world = World::new();
    let server = Server::of_shop(&world.gateway).await;
    let faces = ["/v1", "/v1/orders"].map(|path| {
        let url = format!("http://{}{path}", server.address);
        (id("v1"), Face::get(&url).unwrap())
    });
    let probe = HttpProbe::new(client(), clock(&world.permits), faces);
    let answers = async || match probe.probe(&id("v1")).await.unwrap() {
        Observation::Known { value, .. } => value.into_iter().map(|p| p.answer).collect::<Vec<_>>(),
        Observation::Unknown { why } => panic!("{why}"),
    };
    // A stranger is refused by an open path too: that does not count as closed.
    let refused = ProbeAnswer::Other { status: 401 };
    assert_eq!(answers().await, [refused.clone(), refused]);
    world.set("v1", closed()).await;
    assert_eq!(answers().await, [ProbeAnswer::Gone, ProbeAnswer::Gone]);
}
