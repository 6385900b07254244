//! No text of a notice adds a header, a recipient, a link, a mention or markup: as a
//! server on the other side saw it.

use std::sync::Arc;

use deprovision_core::secret::Secret;
use deprovision_notify::{
    Answers, Channel, MemoryThreads, Sent, SigningSecret, SlackBot, SlackWebhook, Teams, Webhook,
};
use serde_json::Value;

use crate::http_server::{Manner, Received, Server};
use crate::http_world::{HOST, LONG, STAGES, client, clock, facts, letter, url};

fn corpus() -> Vec<String> {
    let mut corpus: Vec<String> = [
        "a\r\nBcc: evil@example.com",
        "a\nX-Evil: 1\n\nbody",
        "a\rb",
        "a\0b",
        "a%0d%0aX-Evil: 1",
        "\u{202e}gnp.exe\u{202c}",
        "\u{2066}\u{2067}x\u{2069}",
        "a\u{2028}b\u{2029}c",
        "<!channel>",
        "<!here> <!everyone>",
        "<@U0123456789>",
        "<#C0123456789>",
        "<!subteam^S0123456789>",
        "<http://evil.example|https://good.example>",
        "<mailto:evil@evil.example|x>",
        "&lt;!channel&gt;",
        "&amp;lt;!channel&amp;gt;",
        "@channel @here #general",
        "*bold* _italic_ ~strike~ `code` ```pre```",
        "> quoted",
        ":smile: :rotating_light:",
        "[x](http://evil.example)",
        "![x](http://evil.example/x.png)",
        "[x]: http://evil.example",
        "# heading\n- item\n1. item",
        "<at>Dana</at>",
        "</at><at>everyone</at>",
        "<a href=\"http://evil.example\">x</a><script>x</script>",
        "\",\"type\":\"mrkdwn\",\"x\":\"",
        "\"}],\"channel\":\"C_EVIL\",\"x\":[{\"y\":\"",
        "\\\",\\u0022",
        "javascript:alert(1)",
        "https://good.example@evil.example/",
        "{{DATE(2027-01-01)}} ${x} {{x}} %s",
        "",
        " ",
        "日本語 заказы 🦀",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    corpus.push("x".repeat(100 * 1024));
    corpus.push("<!channel>&".repeat(10 * 1024));
    corpus.push("\u{202e}\"\\\n".repeat(20 * 1024));
    corpus.push("🦀".repeat(25 * 1024));
    corpus
}

/// Every string in a JSON value, with the key it stands under.
fn strings<'a>(value: &'a Value, key: &str, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::String(text) => found.push((key.to_owned(), text)),
        Value::Array(all) => all.iter().for_each(|one| strings(one, key, found)),
        Value::Object(all) => all.iter().for_each(|(key, one)| strings(one, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every object in a JSON value.
fn objects<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| objects(one, found)),
        Value::Object(all) => {
            found.push(value);
            all.values().for_each(|one| objects(one, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn looks_the_same(request: &Received, more: &[&str]) {
    let mut wanted = vec![
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ];
    wanted.extend(more);
    wanted.sort_unstable();
    assert_eq!(request.names(), wanted);
    assert!(request.lines[0].starts_with("POST /hook/ HTTP/1.1"));
}

fn no_disguise(body: &Value) {
    let mut found = Vec::new();
    strings(body, "", &mut found);
    for (key, text) in found {
        let strange = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        };
        assert!(!text.contains(strange), "{key}: {text:?}");
    }
}

/// Block Kit: markup only in our own words, and within the limits.
fn slack_is_safe(body: &Value) {
    no_disguise(body);
    let blocks = body["blocks"].as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()));
    assert_eq!(body["mrkdwn"], false);
    assert_eq!(body["parse"], "none");
    assert_eq!(body["link_names"], false);
    assert!(!body["text"].as_str().unwrap().contains(['<', '>']));
    let mut all = Vec::new();
    objects(body, &mut all);
    for object in all {
        let text = object["text"].as_str().unwrap_or_default();
        match object["type"].as_str() {
            Some("mrkdwn") => {
                assert_eq!(object["verbatim"], true);
                let inner = text.strip_prefix('*').and_then(|t| t.strip_suffix('*'));
                let label = inner.unwrap_or_default();
                assert!(
                    !label.is_empty()
                        && label.chars().all(|c| c.is_alphabetic() || " ,".contains(c)),
                    "{text}"
                );
            }
            Some("plain_text") => {
                assert_eq!(object["emoji"], false);
                assert!(!text.contains(['<', '>']), "{text}");
                assert!((1..=3_000).contains(&text.chars().count()));
            }
            Some("header") => {
                assert!(object["text"]["text"].as_str().unwrap().chars().count() <= 150)
            }
            Some("section") => {
                let fields = object["fields"].as_array().map_or(0, Vec::len);
                assert!(fields <= 10);
                for field in object["fields"].as_array().into_iter().flatten() {
                    assert!(field["text"].as_str().unwrap().chars().count() <= 2_000);
                }
            }
            Some("divider" | "actions" | "button") | None => {}
            Some(other) => panic!("a block of type {other}"),
        }
    }
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    let known = [
        "blocks",
        "channel",
        "link_names",
        "metadata",
        "mrkdwn",
        "parse",
        "text",
        "unfurl_links",
        "unfurl_media",
    ];
    assert!(
        keys.iter().all(|key| known.contains(&key.as_str())),
        "{keys:?}"
    );
}

/// Adaptive Cards: text only where no Markdown is read, no mention, no link.
fn teams_is_safe(body: &Value) {
    no_disguise(body);
    assert!(body.to_string().len() <= 28 * 1024);
    let mut all = Vec::new();
    objects(body, &mut all);
    for object in all {
        match object["type"].as_str() {
            Some("message" | "AdaptiveCard" | "Container" | "RichTextBlock") | None => {}
            Some("TextRun") => assert!(object.get("selectAction").is_none()),
            Some(other) => panic!("an element of type {other}"),
        }
        assert!(object.get("entities").is_none() && object.get("msteams").is_none());
        assert!(object.get("url").is_none());
    }
}

#[tokio::test]
async fn no_text_of_a_notice_adds_anything() {
    let ok = Manner::answer(200, "", r#"{"ok":true,"ts":"1503435956.000247"}"#);
    let server = Server::tls(&[HOST], ok).await;
    let address = Secret::new(url(&server, "/hook/"));
    let secret = SigningSecret::parse(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let hook = SlackWebhook::new(client(&server), &address, clock())
        .unwrap()
        .with_answers(Answers::Shown);
    let threads = Arc::new(MemoryThreads::new());
    let token = Secret::new("xoxb-1");
    let teams = Teams::new(client(&server), &address, clock())
        .unwrap()
        .with_answers(Answers::Shown);
    let webhook = Webhook::new(
        client(&server),
        &address,
        "/deprovision",
        secret.unwrap(),
        clock(),
    )
    .unwrap();

    let corpus = corpus();
    assert!(corpus.len() > STAGES.len());
    for (number, text) in corpus.iter().enumerate() {
        let stage = STAGES[number % STAGES.len()];
        // Every other letter is on many APIs.
        let apis = if number % 2 == 0 { 1 } else { 12 };
        let facts: Vec<_> = (0..apis)
            .map(|n| facts(&format!("api-{n}"), text))
            .collect();
        let letter = letter(stage, facts.clone());
        // A bot that is new begins a thread each time.
        let bot = SlackBot::new(
            client(&server),
            token.clone(),
            "C1",
            threads.clone(),
            clock(),
        )
        .unwrap()
        .with_method_at(address.expose())
        .unwrap();
        let before = server.received().len();
        for channel in [&hook as &dyn Channel, &bot, &teams, &webhook] {
            let sent = channel.send(&letter, LONG).await;
            assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
        }
        let received = server.received();
        let [by_hook, by_bot, by_teams, by_webhook] = &received[before..] else {
            panic!("{} requests", received.len() - before);
        };
        looks_the_same(by_hook, &[]);
        slack_is_safe(&by_hook.json());
        looks_the_same(by_bot, &["authorization"]);
        let mut body = by_bot.json();
        assert_eq!(body["channel"], "C1");
        body.as_object_mut().unwrap().remove("thread_ts");
        slack_is_safe(&body);
        looks_the_same(by_teams, &["webhook-id"]);
        teams_is_safe(&by_teams.json());
        let signed = ["webhook-id", "webhook-signature", "webhook-timestamp"];
        looks_the_same(by_webhook, &signed);
        let event = by_webhook.json();
        for (told, facts) in event["data"]["notices"]
            .as_array()
            .unwrap()
            .iter()
            .zip(&facts)
        {
            let mut facts = facts.clone();
            facts.links = None;
            let api = told["facts"]["api"].as_str().unwrap();
            facts.api = api.parse().unwrap();
            assert_eq!(told["facts"], serde_json::to_value(&facts).unwrap());
        }
    }
}
