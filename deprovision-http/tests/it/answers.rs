//! The page behind the links in notices.

use std::sync::Arc;

use deprovision_core::answer::{AnswerDesk, AnswerKey};
use deprovision_core::catalog::Api;
use deprovision_core::digest::Digest;
use deprovision_core::engine::{Engine, Status};
use deprovision_core::id::{PersonId, RetirementId, StepId};
use deprovision_core::journal::{Journal, MemoryJournal};
use deprovision_core::pipeline::{Erasure, Pipeline};
use deprovision_core::policy::Policy;
use deprovision_core::provider::AnswerLinks;
use deprovision_core::resource::NoticeId;
use deprovision_core::retirement::{Phase, Proposal};
use deprovision_core::secret::Secret;
use deprovision_core::steps::{Providers, standard_steps};
use deprovision_core::time::{Clock, ManualClock, Period};
use deprovision_http::AnswerPage;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

const ADDRESS: &str = "https://apis.example.com/answer";

pub(crate) struct World {
    engine: Engine,
    clock: Arc<ManualClock>,
    id: RetirementId,
    page: AnswerPage,
    pub(crate) links: AnswerLinks,
    desk: Arc<AnswerDesk>,
}

/// Who is asked, in which notice.
fn asked() -> (PersonId, NoticeId) {
    let notice = "outbox:shop:local:orders-v1/announcement/wes";
    (PersonId::parse("wes").unwrap(), notice.parse().unwrap())
}

impl World {
    async fn new() -> Self {
        Self::over(|journal| journal).await
    }

    /// Over a journal that is made of one in memory.
    pub(crate) async fn over(journal: impl FnOnce(Arc<dyn Journal>) -> Arc<dyn Journal>) -> Self {
        let clock = Arc::new(ManualClock::starting_at(
            "2027-01-04T09:00:00Z".parse().unwrap(),
        ));
        let engine = Engine::builder()
            .journal(journal(Arc::new(MemoryJournal::new(clock.clone()))))
            .clock(clock.clone())
            .steps(standard_steps(&Providers::new()).unwrap())
            .build()
            .unwrap();
        let policy = Policy::default();
        let pipeline = Pipeline::standard(&policy, Erasure::Never).unwrap();
        let api = Api::new("orders-v1".parse().unwrap(), "Orders");
        let by = PersonId::parse("erin").unwrap();
        let proposal = Proposal::new(api, by, "idle", policy, pipeline);
        let id = engine.propose(proposal).await.unwrap();
        let key = AnswerKey::new(Secret::new("k".repeat(32))).unwrap();
        let desk = Arc::new(AnswerDesk::new(ADDRESS, key).unwrap());
        let (wes, notice) = asked();
        let links = desk.links(&id, &wes, &notice, clock.now());
        let page = AnswerPage::new(engine.clone(), desk.clone(), clock.clone());
        Self {
            engine,
            clock,
            id,
            page,
            links,
            desk,
        }
    }

    /// The links of another retirement.
    pub(crate) fn links_of(&self, retirement: &RetirementId) -> AnswerLinks {
        let (wes, notice) = asked();
        let now = self.clock.now();
        self.desk.links(retirement, &wes, &notice, now)
    }

    /// A link that approves a plan, or a step of it.
    pub(crate) fn approval(&self, step: Option<StepId>) -> String {
        let (wes, notice) = asked();
        let (plan, now) = (Digest::of_bytes(b"plan"), self.clock.now());
        self.desk
            .approval(&self.id, &wes, &notice, (plan, step), now)
    }

    async fn send(&self, method: Method, path: &str, body: String) -> (Response<()>, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Full::<bytes::Bytes>::from(body))
            .unwrap();
        let response = self.page.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            Response::from_parts(head, ()),
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    pub(crate) async fn open(&self, link: &str) -> (StatusCode, String) {
        let path = link.strip_prefix("https://apis.example.com").unwrap();
        let (response, html) = self.send(Method::GET, path, String::new()).await;
        (response.status(), html)
    }

    pub(crate) async fn submit(&self, link: &str, fields: &str) -> (StatusCode, String) {
        let (_, token) = link.split_once("?token=").unwrap();
        let body = format!("token={token}&{fields}");
        let (response, html) = self.send(Method::POST, "/answer", body).await;
        (response.status(), html)
    }

    async fn status(&self) -> Status {
        self.engine.status(&self.id).await.unwrap()
    }
}

#[tokio::test]
async fn opening_a_link_answers_nothing_and_its_form_once() {
    let world = World::new().await;
    let before = world.status().await.version;
    for _ in 0..3 {
        let (status, html) = world.open(&world.links.object).await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            html.contains("Object to the retirement of orders-v1"),
            "{html}"
        );
        assert!(html.contains("You answer as wes"), "{html}");
    }
    assert_eq!(world.status().await.version, before);
    let (status, html) = world.submit(&world.links.object, "reason=").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(html.contains("Please say why"), "{html}");
    assert_eq!(world.status().await.version, before);

    let (status, _) = world
        .submit(&world.links.object, "reason=the+shop+breaks")
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.status().await.phase, Phase::OnHold);
    let (status, html) = world.submit(&world.links.object, "reason=again").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(html.contains("counts once"), "{html}");
    // Another link of the same notice is another answer.
    let (status, _) = world.submit(&world.links.acknowledge, "").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn more_time_needs_a_day_and_holds_until_it_is_over() {
    let world = World::new().await;
    let (status, html) = world
        .submit(&world.links.more_time, "reason=a+release&until=soon")
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // What was written is not lost.
    assert!(
        html.contains("a release") && html.contains("value=\"soon\""),
        "{html}"
    );
    let fields = "reason=a+release&until=2027-02-01";
    let (status, _) = world.submit(&world.links.more_time, fields).await;
    assert_eq!(status, StatusCode::OK);
    world
        .clock
        .advance_to("2027-02-01T23:59:59Z".parse().unwrap());
    assert_eq!(world.status().await.phase, Phase::OnHold);
    world
        .clock
        .advance_to("2027-02-02T00:00:00Z".parse().unwrap());
    assert_ne!(world.status().await.phase, Phase::OnHold);
}

#[tokio::test]
async fn what_is_no_whole_link_of_ours_is_refused_and_old_ones_are_gone() {
    let world = World::new().await;
    let (status, html) = world.open(&format!("{ADDRESS}?token=x.y")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!html.contains("<form"), "{html}");
    let cut = &world.links.object[..world.links.object.len() - 4];
    assert_eq!(world.submit(cut, "reason=x").await.0, StatusCode::FORBIDDEN);
    let (response, _) = world.send(Method::PUT, "/answer", String::new()).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let (response, _) = world
        .send(Method::POST, "/answer", "x".repeat(40_000))
        .await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    world.clock.advance(Period::days(31));
    assert_eq!(world.open(&world.links.object).await.0, StatusCode::GONE);
    assert_eq!(
        world.submit(&world.links.object, "reason=x").await.0,
        StatusCode::GONE
    );
    assert_eq!(world.status().await.phase, Phase::Proposed);
}

#[tokio::test]
async fn no_text_becomes_markup_and_no_page_is_kept_framed_or_told_of() {
    let world = World::new().await;
    let hostile = "reason=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E&until=%22%3E%3Cscript%3E";
    let (_, html) = world.submit(&world.links.more_time, hostile).await;
    assert!(!html.contains("<script"), "{html}");
    let path = world
        .links
        .object
        .strip_prefix("https://apis.example.com")
        .unwrap();
    let (response, _) = world.send(Method::GET, path, String::new()).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
