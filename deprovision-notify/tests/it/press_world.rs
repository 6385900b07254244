//! Posts with buttons, an engine behind them, and what Slack sends of a press.

use std::sync::Arc;

use deprovision_core::answer::{AnswerDesk, AnswerKey};
use deprovision_core::catalog::{Api, Contact};
use deprovision_core::digest::Digest;
use deprovision_core::engine::{Engine, Status};
use deprovision_core::id::{PersonId, ProviderId, RetirementId};
use deprovision_core::journal::{Journal, MemoryJournal};
use deprovision_core::pipeline::{Erasure, Pipeline};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{AnswerLinks, ApprovalFacts, Notice, NoticeFacts, NoticeStage};
use deprovision_core::resource::NoticeId;
use deprovision_core::retirement::{Proposal, WaitRule};
use deprovision_core::secret::Secret;
use deprovision_core::steps::{Providers, standard_steps};
use deprovision_core::time::{Clock, ManualClock, Period};
use deprovision_notify::{
    Answers, Channel, Interactivity, Letter, MemoryThreads, Outbox, Sent, SlackAnswers, SlackBot,
    SlackPeople, SlackReply, SlackVerifier,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, at, client, url};
use crate::inbound::slack as signed;
use crate::world::config;

pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) id: RetirementId,
    pub(crate) desk: Arc<AnswerDesk>,
    pub(crate) answers: SlackAnswers,
    pub(crate) server: Server,
    /// What is asked for: the plan, and who presses.
    pub(crate) plan: Digest,
    pub(crate) approval: ApprovalFacts,
    pub(crate) user: &'static str,
    _directory: TempDir,
}

/// Wes is U1, Erin, who proposes, is U2; U9 is nobody that is known.
pub(crate) fn people(team: Option<&str>, user: &str) -> Option<PersonId> {
    match (team, user) {
        (Some("T1"), "U1") => PersonId::parse("wes").ok(),
        (Some("T1"), "U2") => PersonId::parse("erin").ok(),
        _ => None,
    }
}

fn contact(name: &str) -> Contact {
    let email = format!("{name}@example.com").parse().unwrap();
    Contact::new(PersonId::parse(name).unwrap(), email)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Some(Arc::new(people))).await
    }

    /// Where who is who is said by this, or by nobody.
    pub(crate) async fn with(people: Option<Arc<dyn SlackPeople>>) -> Self {
        Self::over(people, |journal| journal).await
    }

    /// Over a journal that is made of one in memory.
    pub(crate) async fn over(
        people: Option<Arc<dyn SlackPeople>>,
        journal: impl FnOnce(Arc<dyn Journal>) -> Arc<dyn Journal>,
    ) -> Self {
        let clock = Arc::new(ManualClock::starting_at(at("2027-01-04T09:00:00Z")));
        let key = AnswerKey::new(Secret::new("k".repeat(32))).unwrap();
        let desk = Arc::new(AnswerDesk::new("https://apis.example.com/answer", key).unwrap());
        // What is planned is that Wes is told.
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(config(&directory), clock.clone()).unwrap();
        let provider = ProviderId::parse("outbox").unwrap();
        let providers = Providers::new()
            .with_notices(provider, "shop", "local", Arc::new(outbox))
            .with_answers(desk.clone());
        let engine = Engine::builder()
            .journal(journal(Arc::new(MemoryJournal::new(clock.clone()))))
            .clock(clock.clone())
            .steps(standard_steps(&providers).unwrap())
            .build()
            .unwrap();
        let policy = Policy::default();
        let pipeline = Pipeline::standard(&policy, Erasure::Never).unwrap();
        let mut api = Api::new("orders-v1".parse().unwrap(), "Orders");
        api.owner = Some(contact("wes"));
        let by = PersonId::parse("erin").unwrap();
        let proposal = Proposal::new(api, by, "idle", policy, pipeline);
        let id = engine.propose(proposal).await.unwrap();
        let verifier = SlackVerifier::new([Secret::new(SECRET)], clock.clone());
        let mut answers = SlackAnswers::new(engine.clone(), desk.clone(), verifier, clock.clone());
        if let Some(people) = people {
            answers = answers.with_people(people);
        }
        let server = Server::tls(
            &[HOST],
            Manner::answer(200, "", r#"{"ok":true,"ts":"1.1"}"#),
        );
        Self {
            engine,
            clock,
            id,
            desk,
            answers,
            server: server.await,
            plan: Digest::of_bytes(b"another plan"),
            approval: ApprovalFacts::new("sha256:0a1b", Period::days(3)),
            user: "U1",
            _directory: directory,
        }
    }

    /// The same once there is a plan to approve.
    pub(crate) async fn planned(mut self) -> Self {
        self.plan = self.engine.plan(&self.id).await.unwrap().digest;
        self.engine.run_until_idle().await.unwrap();
        assert!(!self.approved().await);
        self
    }

    /// Whether the approval of the plan is in the state: nothing waits for one.
    pub(crate) async fn approved(&self) -> bool {
        !self.status().await.waits_for(WaitRule::Approval)
    }

    pub(crate) fn notice(&self) -> NoticeId {
        let id = "slack:shop:local:orders-v1/announcement/wes";
        id.parse().unwrap()
    }

    pub(crate) fn links(&self, to: &str) -> AnswerLinks {
        let to = PersonId::parse(to).unwrap();
        let (notice, now) = (self.notice(), self.clock.now());
        let mut links = self.desk.links(&self.id, &to, &notice, now);
        let plan = (self.plan, None);
        let approve = self.desk.approval(&self.id, &to, &notice, plan, now);
        links.approve = Some(approve);
        links
    }

    /// What a channel posts about the retirement.
    pub(crate) async fn posted(&self, channel: &dyn Channel) -> Value {
        self.posted_to("wes", channel).await
    }

    pub(crate) async fn posted_to(&self, to: &str, channel: &dyn Channel) -> Value {
        let api = "orders-v1".parse().unwrap();
        let mut facts = NoticeFacts::new(api, "Orders");
        facts.retirement = Some(self.id.clone());
        facts.links = Some(self.links(to));
        facts.approval = Some(self.approval.clone());
        let stage = NoticeStage::Approval { number: 0 };
        let notice = Notice::new(self.notice(), stage, contact(to), facts);
        let sent = channel.send(&Letter::of(vec![notice]).unwrap(), LONG).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
        self.server.received().last().unwrap().json()
    }

    /// The buttons of a bot's post, in their order.
    pub(crate) async fn buttons(&self, interactivity: Interactivity) -> Vec<Value> {
        self.buttons_of("wes", interactivity).await
    }

    pub(crate) async fn buttons_of(&self, to: &str, interactivity: Interactivity) -> Vec<Value> {
        let threads = Arc::new(MemoryThreads::new());
        let (token, client) = (Secret::new("xoxb-1"), client(&self.server));
        let bot = SlackBot::new(client, token, "C1", threads, self.clock.clone())
            .unwrap()
            .with_method_at(&url(&self.server, "/api/chat.postMessage"))
            .unwrap()
            .with_answers(Answers::Shown)
            .with_interactivity(interactivity);
        elements(&self.posted_to(to, &bot).await)
    }

    /// What Slack sends when a button is pressed.
    pub(crate) fn pressed(&self, button: &Value) -> String {
        let mut action = button.clone();
        action["action_ts"] = json!("1800000000.1");
        let payload = json!({
            "type": "block_actions",
            "team": { "id": "T1", "domain": "shop" },
            "user": { "id": self.user, "username": "wes" },
            "api_app_id": "A1",
            "response_url": url(&self.server, "/actions/T1/1/x"),
            "trigger_id": "1.2.3",
            "actions": [action],
        });
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("payload", &payload.to_string()).finish()
    }

    pub(crate) async fn take(&self, body: &str) -> SlackReply {
        let headers = signed(SECRET, self.clock.now().as_second(), body.as_bytes());
        self.answers.take(headers, body.as_bytes()).await
    }

    pub(crate) async fn status(&self) -> Status {
        self.engine.status(&self.id).await.unwrap()
    }
}

fn elements(message: &Value) -> Vec<Value> {
    let blocks = message["blocks"].as_array().unwrap();
    let actions = blocks.iter().find(|block| block["type"] == "actions");
    actions.unwrap()["elements"].as_array().unwrap().clone()
}

pub(crate) fn said(reply: &SlackReply) -> &str {
    reply.said.as_deref().unwrap_or_default()
}
