//! Cards and blocks: Microsoft's own reader and Slack's find nothing wrong in them.

use std::process::Command;

use deprovision_core::provider::{AnswerLinks, NoticeFacts};
use deprovision_core::secret::Secret;
use deprovision_notify::{Answers, Channel, Interactivity, Sent, SlackWebhook, Teams};
use serde_json::{Value, json};

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, STAGES, client, clock, facts, letter, url, with_links};
use crate::program::{given, run, script};
use crate::signatures::asked;

#[tokio::test]
async fn microsofts_reader_finds_nothing_wrong_in_a_card() {
    let server = Server::tls(&[HOST], Manner::answer(202, "", "")).await;
    let address = Secret::new(url(&server, "/"));
    let teams = Teams::new(client(&server), &address, clock())
        .unwrap()
        .with_answers(Answers::Shown);
    for stage in STAGES {
        for apis in [1, 3, 60] {
            for text in ["Orders", "[x](http://evil.example) <at>x</at>\n\u{202e}"] {
                let all = (0..apis).map(|n| with_links(facts(&format!("api-{n}"), text)));
                let sent = teams.send(&letter(stage, all.collect()), LONG).await;
                assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
            }
        }
    }
    let mut cards: Vec<Value> = server
        .received()
        .iter()
        .map(|request| request.json()["attachments"][0]["content"].clone())
        .collect();
    assert_eq!(cards.len(), STAGES.len() * 6);
    // What is wrong is found.
    for wrong in [
        json!({ "type": "Nonsense" }),
        json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": "x", "weight": "heavy" }] }),
    ] {
        cards.push(json!({ "type": "AdaptiveCard", "version": "1.4", "body": [wrong] }));
    }
    let mut command = Command::new("node");
    command
        .arg(script("cards.cjs"))
        .arg(given("DEPROVISION_CARDS"));
    let printed = run(&mut command, &Value::from(cards).to_string());
    let mut found: Vec<Vec<String>> = serde_json::from_str(&printed).unwrap();
    let wrong = found.split_off(found.len() - 2);
    assert!(wrong.iter().all(|events| !events.is_empty()), "{wrong:?}");
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
}

#[tokio::test]
async fn slacks_own_models_find_nothing_wrong_in_a_post() {
    let server = Server::tls(&[HOST], Manner::answer(200, "", "ok")).await;
    let address = Secret::new(url(&server, "/"));
    for interactivity in [Interactivity::Links, Interactivity::Buttons] {
        let slack = SlackWebhook::new(client(&server), &address, clock())
            .unwrap()
            .with_answers(Answers::Shown)
            .with_interactivity(interactivity);
        for stage in STAGES {
            for apis in [1, 3, 60] {
                for text in [
                    "Orders",
                    "<!channel> &amp; *x* <http://evil.example|x>\n\u{202e}",
                ] {
                    let all = (0..apis).map(|n| with_tickets(facts(&format!("api-{n}"), text)));
                    let sent = slack.send(&letter(stage, all.collect()), LONG).await;
                    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
                }
            }
        }
    }
    let posts = server.received();
    assert_eq!(posts.len(), 2 * STAGES.len() * 6);
    let mut requests: Vec<Value> = posts
        .iter()
        .map(|post| json!({ "by": "blocks", "blocks": post.json()["blocks"] }))
        .collect();
    let pressed = requests
        .iter()
        .filter(|r| r.to_string().contains("deprovision:approve"));
    assert_eq!(pressed.count(), STAGES.len() * 6);
    // What is wrong is found.
    let text = json!({ "type": "plain_text", "text": "x", "emoji": false });
    let button = |more: Value| {
        let mut button = json!({ "type": "button", "text": text, "action_id": "a" });
        let fields = button.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        json!({ "type": "actions", "elements": [button] })
    };
    let wrong = [
        json!({ "type": "nonsense" }),
        json!({ "type": "section", "text": text, "colour": "red" }),
        button(json!({ "value": "v".repeat(2_001) })),
        button(json!({ "action_id": "a".repeat(256) })),
        button(json!({ "url": format!("https://a.example/{}", "u".repeat(3_000)) })),
    ];
    requests.extend(
        wrong
            .iter()
            .map(|block| json!({ "by": "blocks", "blocks": [block] })),
    );
    let mut found = asked(&requests);
    let wrong = found.split_off(found.len() - wrong.len());
    assert!(
        wrong.iter().all(|one| one["wrong"].is_string()),
        "{wrong:?}"
    );
    assert!(found.iter().all(|one| one["wrong"].is_null()), "{found:?}");
}

/// With addresses that hold tickets.
fn with_tickets(facts: NoticeFacts) -> NoticeFacts {
    let mut facts = with_links(facts);
    let address = |what: &str| {
        format!(
            "https://answer.example.com/?token={what}.{}",
            "s".repeat(43)
        )
    };
    let mut links = AnswerLinks::new(address("read"), address("object"), address("time"));
    links.approve = Some(address("approve"));
    facts.links = Some(links);
    facts
}
