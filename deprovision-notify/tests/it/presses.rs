//! Buttons in Slack: from the post that holds them to the answer in the log.

use deprovision_core::id::{PersonId, RetirementId};
use deprovision_core::secret::Secret;
use deprovision_core::time::{Clock, Period};
use deprovision_notify::{Answers, Interactivity, SlackWebhook};
use serde_json::{Value, json};

use crate::http_world::{LONG, client, url};
use crate::inbound::slack as signed;
use crate::press_world::{SECRET, World, said};
use crate::shapes::pretty;

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
    let mut world = World::new().await;
    world.approval.step = Some("delete every credential".to_owned());
    world.approval.actions = vec!["delete the key shop-web".to_owned()];
    world.approval.count = 1;
    let address = Secret::new(url(&world.server, "/"));
    let webhook = SlackWebhook::new(client(&world.server), &address, world.clock.clone())
        .unwrap()
        .with_answers(Answers::Shown)
        .with_interactivity(Interactivity::Buttons);
    insta::assert_snapshot!("slack_buttons", pretty(&world.posted(&webhook).await));
}

#[tokio::test]
async fn what_can_not_be_taken_back_is_called_so_in_the_post_and_in_the_question() {
    let mut world = World::new().await;
    let button = world.buttons(Interactivity::Buttons).await.remove(3);
    assert_eq!(
        button["confirm"]["text"]["text"],
        "The retirement of Orders (orders-v1). You approve what this plan says, and nothing else."
    );
    assert!(!button.to_string().contains("taken back"), "{button}");

    world.approval.step = Some("delete every credential".to_owned());
    let button = world.buttons(Interactivity::Buttons).await.remove(3);
    assert_eq!(
        button["confirm"]["text"]["text"],
        "Of Orders (orders-v1): delete every credential. This can not be taken back. \
         You approve what this plan says, and nothing else."
    );
    assert_eq!(button["confirm"]["style"], "danger");
    let post = world.server.received().last().unwrap().json().to_string();
    let step = "\"delete every credential (can not be taken back)\"";
    assert!(post.contains(step), "{post}");

    // However long its words are.
    world.approval.step = Some("x".repeat(450));
    let button = world.buttons(Interactivity::Buttons).await.remove(3);
    let asked = button["confirm"]["text"]["text"].as_str().unwrap();
    assert!(asked.chars().count() <= 300, "{asked}");
    assert!(
        asked.contains("can not be taken back. You approve"),
        "{asked}"
    );
}

#[tokio::test]
async fn what_a_post_does_not_show_in_full_is_approved_by_the_link_alone() {
    let mut world = World::new().await;
    let prefix = "delete the key arn:aws:iam::123456789012:user/teams/billing/production/";
    let keys = |count| (0..count).map(move |n| format!("{prefix}{n:03}"));
    // As many as fit differ in the post, to their last character.
    world.approval.actions = keys(20).collect();
    world.approval.count = 20;
    let button = world.buttons(Interactivity::Buttons).await.remove(3);
    assert!(button.get("value").is_some(), "{button}");
    let post = world.server.received().last().unwrap().json().to_string();
    for key in keys(20) {
        assert!(post.contains(&key), "{key} {post}");
    }
    // The facts list a hundred of these five hundred.
    world.approval.actions = keys(100).collect();
    world.approval.count = 500;
    let button = world.buttons(Interactivity::Buttons).await.remove(3);
    assert!(button.get("url").is_some(), "{button}");
    assert!(button.get("value").is_none() && button.get("confirm").is_none());
    let post = world.server.received().last().unwrap().json().to_string();
    let shown = keys(100).filter(|key| post.contains(key)).count();
    assert!((15..100).contains(&shown), "{shown}");
    assert!(
        post.contains(&format!("… and {} more", 500 - shown)),
        "{post}"
    );
    // One that does not fit on its own.
    world.approval.actions = vec!["x".repeat(3_000)];
    world.approval.count = 1;
    let button = world.buttons(Interactivity::Buttons).await.remove(3);
    assert!(button.get("url").is_some(), "{button}");
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
async fn a_ticket_of_a_retirement_that_this_log_does_not_have_is_not_one_of_ours() {
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
    let reply = world.take(&body).await;
    assert_eq!(reply.status, 200);
    assert!(said(&reply).contains("not one of ours"), "{reply:?}");
    assert!(!reply.pressed.unwrap().recorded);
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
