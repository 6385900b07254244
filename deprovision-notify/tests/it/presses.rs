//! Buttons in Slack: from the post that holds them to the answer in the log.

use std::sync::Arc;

use deprovision_core::answer::{AnswerDesk, AnswerKey};
use deprovision_core::catalog::{Api, Contact};
use deprovision_core::digest::Digest;
use deprovision_core::engine::{Engine, Status};
use deprovision_core::id::{PersonId, RetirementId};
use deprovision_core::journal::MemoryJournal;
use deprovision_core::pipeline::{Erasure, Pipeline};
use deprovision_core::policy::Policy;
use deprovision_core::provider::{AnswerLinks, Notice, NoticeFacts, NoticeStage};
use deprovision_core::resource::NoticeId;
use deprovision_core::retirement::Proposal;
use deprovision_core::secret::Secret;
use deprovision_core::steps::{Providers, standard_steps};
use deprovision_core::time::{Clock, ManualClock, Period};
use deprovision_notify::{
    Answers, Channel, Interactivity, Letter, MemoryThreads, Sent, SlackAnswers, SlackBot,
    SlackReply, SlackVerifier, SlackWebhook,
};
use serde_json::{Value, json};

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, at, client, url};
use crate::inbound::slack as signed;
use crate::shapes::pretty;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

struct World {
    engine: Engine,
    clock: Arc<ManualClock>,
    id: RetirementId,
    desk: Arc<AnswerDesk>,
    answers: SlackAnswers,
    server: Server,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(at("2027-01-04T09:00:00Z")));
        let engine = Engine::builder()
            .journal(Arc::new(MemoryJournal::new(clock.clone())))
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
        let desk = Arc::new(AnswerDesk::new("https://apis.example.com/answer", key).unwrap());
        let verifier = SlackVerifier::new([Secret::new(SECRET)], clock.clone());
        let answers = SlackAnswers::new(engine.clone(), desk.clone(), verifier, clock.clone());
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
        }
    }

    fn notice(&self) -> NoticeId {
        let id = "slack:shop:local:orders-v1/announcement/wes";
        id.parse().unwrap()
    }

    fn links(&self) -> AnswerLinks {
        let wes = PersonId::parse("wes").unwrap();
        let (notice, now) = (self.notice(), self.clock.now());
        let mut links = self.desk.links(&self.id, &wes, &notice, now);
        let plan = (Digest::of_bytes(b"another plan"), None);
        let approve = self.desk.approval(&self.id, &wes, &notice, plan, now);
        links.approve = Some(approve);
        links
    }

    /// What a channel posts about the retirement.
    async fn posted(&self, channel: &dyn Channel) -> Value {
        let api = "orders-v1".parse().unwrap();
        let mut facts = NoticeFacts::new(api, "Orders");
        facts.retirement = Some(self.id.clone());
        facts.links = Some(self.links());
        let email = "wes@example.com".parse().unwrap();
        let wes = Contact::new(PersonId::parse("wes").unwrap(), email);
        let notice = Notice::new(self.notice(), NoticeStage::Announcement, wes, facts);
        let sent = channel.send(&Letter::of(vec![notice]).unwrap(), LONG).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
        self.server.received().last().unwrap().json()
    }

    /// The buttons of a bot's post, in their order.
    async fn buttons(&self, interactivity: Interactivity) -> Vec<Value> {
        let threads = Arc::new(MemoryThreads::new());
        let (token, client) = (Secret::new("xoxb-1"), client(&self.server));
        let bot = SlackBot::new(client, token, "C1", threads, self.clock.clone())
            .unwrap()
            .with_method_at(&url(&self.server, "/api/chat.postMessage"))
            .unwrap()
            .with_answers(Answers::Shown)
            .with_interactivity(interactivity);
        elements(&self.posted(&bot).await)
    }

    /// What Slack sends when a button is pressed.
    fn pressed(&self, button: &Value) -> String {
        let mut action = button.clone();
        action["action_ts"] = json!("1800000000.1");
        let payload = json!({
            "type": "block_actions",
            "team": { "id": "T1", "domain": "shop" },
            "user": { "id": "U1", "username": "wes" },
            "api_app_id": "A1",
            "response_url": url(&self.server, "/actions/T1/1/x"),
            "trigger_id": "1.2.3",
            "actions": [action],
        });
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("payload", &payload.to_string()).finish()
    }

    async fn take(&self, body: &str) -> SlackReply {
        let headers = signed(SECRET, self.clock.now().as_second(), body.as_bytes());
        self.answers.take(headers, body.as_bytes()).await
    }

    async fn status(&self) -> Status {
        self.engine.status(&self.id).await.unwrap()
    }
}

fn elements(message: &Value) -> Vec<Value> {
    let blocks = message["blocks"].as_array().unwrap();
    let actions = blocks.iter().find(|block| block["type"] == "actions");
    actions.unwrap()["elements"].as_array().unwrap().clone()
}

fn said(reply: &SlackReply) -> &str {
    reply.said.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn buttons_are_made_only_when_the_app_takes_presses_and_only_where_no_word_is_needed() {
    let world = World::new().await;
    for button in world.buttons(Interactivity::Links).await {
        assert!(button.get("url").is_some(), "{button}");
        assert!(button.get("action_id").is_none(), "{button}");
    }
    let buttons = world.buttons(Interactivity::Buttons).await;
    let pressed: Vec<bool> = buttons.iter().map(|b| b.get("value").is_some()).collect();
    assert_eq!(pressed, [true, false, false, true]);
    for button in &buttons {
        assert_ne!(button.get("value").is_some(), button.get("url").is_some());
    }
    // Without answers there are no buttons either.
    let address = Secret::new(url(&world.server, "/"));
    let webhook = SlackWebhook::new(client(&world.server), &address, world.clock.clone())
        .unwrap()
        .with_interactivity(Interactivity::Buttons);
    let text = world.posted(&webhook).await.to_string();
    assert!(!text.contains("deprovision:acknowledge"), "{text}");
}

#[tokio::test]
async fn a_webhooks_post_with_buttons_looks_like_this() {
    let world = World::new().await;
    let address = Secret::new(url(&world.server, "/"));
    let webhook = SlackWebhook::new(client(&world.server), &address, world.clock.clone())
        .unwrap()
        .with_answers(Answers::Shown)
        .with_interactivity(Interactivity::Buttons);
    insta::assert_snapshot!("slack_buttons", pretty(&world.posted(&webhook).await));
}

#[tokio::test]
async fn a_press_is_the_answer_of_the_tickets_person_once() {
    let world = World::new().await;
    let button = world.buttons(Interactivity::Buttons).await.remove(0);
    let before = world.status().await.version;
    let reply = world.take(&world.pressed(&button)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        said(&reply),
        "Thank you. It is recorded under wes: that you have read it."
    );
    let pressed = reply.pressed.clone().unwrap();
    assert_eq!((pressed.user.as_str(), pressed.recorded), ("U1", true));
    assert_eq!(pressed.ticket.person.as_str(), "wes");
    let after = world.status().await.version;
    assert!(after > before);

    // They alone are told, and the post stays.
    reply.tell(&client(&world.server), LONG).await.unwrap();
    let told = world.server.received().last().unwrap().clone();
    assert!(
        told.lines[0].starts_with("POST /actions/T1/1/x "),
        "{}",
        told.lines[0]
    );
    let told = told.json();
    assert_eq!(told["response_type"], "ephemeral");
    assert_eq!(told["replace_original"], false);
    assert_eq!(told["blocks"][0]["text"]["type"], "plain_text");

    // Pressed again, a moment later: another request with the same ticket.
    world.clock.advance(Period::seconds(5));
    let again = world.take(&world.pressed(&button)).await;
    assert_eq!(again.status, 200);
    assert!(said(&again).contains("counts once"), "{again:?}");
    assert!(!again.pressed.unwrap().recorded);
    assert_eq!(world.status().await.version, after);
    // The link of the same ticket is used up, too.
    let ticket = world
        .desk
        .read(button["value"].as_str().unwrap(), world.clock.now());
    let words = deprovision_core::engine::AnswerWords::default();
    assert!(world.engine.answer(ticket.unwrap(), words).await.is_err());
}

#[tokio::test]
async fn an_approval_of_another_plan_is_refused_in_the_words_of_the_rule() {
    let world = World::new().await;
    let button = world.buttons(Interactivity::Buttons).await.remove(3);
    assert_eq!(button["confirm"]["deny"]["text"], "Not now");
    let before = world.status().await.version;
    let reply = world.take(&world.pressed(&button)).await;
    assert_eq!(reply.status, 200);
    assert!(
        said(&reply).starts_with("Nothing was recorded: "),
        "{reply:?}"
    );
    assert!(!reply.pressed.unwrap().recorded);
    assert_eq!(world.status().await.version, before);
}

#[tokio::test]
async fn what_is_not_slacks_of_now_whole_and_new_answers_nothing() {
    let world = World::new().await;
    let button = world.buttons(Interactivity::Buttons).await.remove(0);
    let body = world.pressed(&button);
    let now = world.clock.now().as_second();
    let before = world.status().await.version;
    let mut cut = signed(SECRET, now, body.as_bytes());
    cut.push(("content-length".to_owned(), body.len().to_string()));
    let half = &body.as_bytes()[..body.len() / 2];
    for (headers, bytes, status) in [
        (
            signed("another", now, body.as_bytes()),
            body.as_bytes(),
            401,
        ),
        (signed(SECRET, now, b"payload=1"), body.as_bytes(), 401),
        (
            signed(SECRET, now - 301, body.as_bytes()),
            body.as_bytes(),
            401,
        ),
        (
            signed(SECRET, now + 301, body.as_bytes()),
            body.as_bytes(),
            401,
        ),
        (cut, half, 400),
        (signed(SECRET, now, half), half, 400),
        (signed(SECRET, now, b""), b"", 400),
        (Vec::new(), body.as_bytes(), 400),
    ] {
        let reply = world.answers.take(headers, bytes).await;
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(reply.said.is_none() && reply.pressed.is_none(), "{reply:?}");
    }
    assert_eq!(world.status().await.version, before);

    // The very same request, caught on its way and sent again.
    let headers = signed(SECRET, now, body.as_bytes());
    let first = world.answers.take(headers.clone(), body.as_bytes()).await;
    assert!(first.pressed.unwrap().recorded);
    let after = world.status().await.version;
    let replayed = world.answers.take(headers, body.as_bytes()).await;
    assert_eq!(replayed.status, 200);
    assert!(replayed.said.is_none() && replayed.pressed.is_none());
    assert_eq!(world.status().await.version, after);
}

#[tokio::test]
async fn a_ticket_that_is_forged_cut_old_or_for_another_answer_is_refused() {
    let world = World::new().await;
    let buttons = world.buttons(Interactivity::Buttons).await;
    let before = world.status().await.version;
    let value = |button: &Value| button["value"].as_str().unwrap().to_owned();
    let with = |value: String| {
        let mut button = buttons[0].clone();
        button["value"] = json!(value);
        world.pressed(&button)
    };
    let good = value(&buttons[0]);
    let mut forged = good.clone();
    let last = if forged.ends_with('A') { "B" } else { "A" };
    forged.replace_range(5..6, last);
    for bad in [
        forged,
        good[..good.len() - 4].to_owned(),
        String::new(),
        "x".repeat(9_000),
        // It is good, and not for this button.
        value(&buttons[3]),
    ] {
        let reply = world.take(&with(bad)).await;
        assert_eq!(reply.status, 200);
        assert!(said(&reply).contains("not one of ours"), "{reply:?}");
        assert!(reply.pressed.is_none());
        world.clock.advance(Period::seconds(1));
    }
    world.clock.advance(Period::days(31));
    let old = world.take(&with(good)).await;
    assert!(said(&old).contains("was good until"), "{old:?}");
    assert_eq!(world.status().await.version, before);
}

#[tokio::test]
async fn what_could_not_be_written_down_may_be_pressed_again() {
    let world = World::new().await;
    let mut button = world.buttons(Interactivity::Buttons).await.remove(0);
    // A ticket of ours for a retirement that this log does not have.
    let (wes, notice) = (PersonId::parse("wes").unwrap(), world.notice());
    let elsewhere = RetirementId::parse("elsewhere").unwrap();
    let links = world
        .desk
        .links(&elsewhere, &wes, &notice, world.clock.now());
    let (_, token) = links.acknowledge.split_once("?token=").unwrap();
    button["value"] = json!(token);
    let body = world.pressed(&button);
    for _ in 0..2 {
        // Not even the very same request is taken for a replay.
        let reply = world.take(&body).await;
        assert_eq!(reply.status, 503);
        assert!(said(&reply).contains("press again later"), "{reply:?}");
        assert!(!reply.pressed.unwrap().recorded);
    }
}

#[tokio::test]
async fn a_server_can_take_presses_on_any_thread() {
    let world = World::new().await;
    let button = world.buttons(Interactivity::Buttons).await.remove(0);
    let body = world.pressed(&button);
    let headers: http::HeaderMap = signed(SECRET, world.clock.now().as_second(), body.as_bytes())
        .iter()
        .map(|(name, value)| {
            let name = http::HeaderName::try_from(name).unwrap();
            (name, http::HeaderValue::try_from(value).unwrap())
        })
        .collect();
    let taken = tokio::spawn(async move { world.answers.take(&headers, body.as_bytes()).await });
    assert!(taken.await.unwrap().pressed.unwrap().recorded);
}

#[tokio::test]
async fn what_else_the_same_app_sends_is_taken_and_nothing_is_done() {
    let world = World::new().await;
    let buttons = world.buttons(Interactivity::Buttons).await;
    let before = world.status().await.version;
    // Slack tells of links that are followed, too.
    let link = world
        .pressed(&buttons[1])
        .replace("%22url%22", "%22action_id%22%3A%22a%22%2C%22url%22");
    let mut other = buttons[0].clone();
    other["action_id"] = json!("deprovision:object");
    let dialog = world
        .pressed(&buttons[0])
        .replace("block_actions", "view_submission");
    for body in [link, world.pressed(&other), dialog] {
        let reply = world.take(&body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.said.is_none() && reply.pressed.is_none(), "{reply:?}");
        reply.tell(&client(&world.server), LONG).await.unwrap();
    }
    assert_eq!(world.status().await.version, before);
}

#[tokio::test]
async fn i_20_no_ticket_and_no_address_to_tell_at_is_shown() {
    let world = World::new().await;
    let button = world.buttons(Interactivity::Buttons).await.remove(0);
    let reply = world.take(&world.pressed(&button)).await;
    let shown = format!("{reply:?} {:?}", world.answers);
    assert!(
        !shown.contains(button["value"].as_str().unwrap()),
        "{shown}"
    );
    assert!(!shown.contains("/actions/"), "{shown}");
}
