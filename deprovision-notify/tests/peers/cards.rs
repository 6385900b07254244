//! Cards: Microsoft's own reader finds nothing wrong in them.

use std::process::Command;

use deprovision_core::secret::Secret;
use deprovision_notify::{Answers, Channel, Sent, Teams};
use serde_json::{Value, json};

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, STAGES, client, clock, facts, letter, url, with_links};
use crate::program::{given, run, script};

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
