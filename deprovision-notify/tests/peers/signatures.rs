//! Signatures: theirs and ours are the same.

use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deprovision_core::secret::Secret;
use deprovision_core::time::{Clock, ManualClock, SystemClock, Timestamp};
use deprovision_notify::{
    Channel, InboundError, Sent, SigningSecret, SlackVerifier, Webhook, WebhookVerifier,
};
use serde_json::{Value, json};

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, STAGES, client, facts, letter, url};
use crate::program::{given, run, script};

/// Each request answered by other people's libraries.
pub(crate) fn asked(requests: &[Value]) -> Vec<Value> {
    let lines: String = requests.iter().map(|r| format!("{r}\n")).collect();
    let mut command = Command::new(given("DEPROVISION_WEBHOOKS_PYTHON"));
    let printed = run(command.arg(script("webhooks.py")), &lines);
    let answers: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), requests.len());
    answers
}

fn secret(number: usize) -> String {
    let bytes: Vec<u8> = (0..24 + number % 41)
        .map(|n| (n * 7 + number) as u8)
        .collect();
    format!("whsec_{}", STANDARD.encode(bytes))
}

fn signing(text: &str) -> SigningSecret {
    SigningSecret::parse(&Secret::new(text)).unwrap()
}

fn bodies() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "{}",
        "\"\"",
        "[1, 2]",
        "{\"ключ\":\"🦀\\u0000\"}",
        "\n{ }\r\n",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    bodies.push(format!("\"{}\"", "x".repeat(100 * 1024)));
    bodies
}

#[tokio::test]
async fn their_library_verifies_every_webhook_that_was_sent() {
    let server = Server::tls(&[HOST], Manner::answer(200, "", "")).await;
    let address = Secret::new(url(&server, "/"));
    let clock = Arc::new(SystemClock::new());
    let (old, new) = (secret(1), secret(2));
    let webhook = Webhook::new(client(&server), &address, "/", signing(&old), clock)
        .unwrap()
        .and_secret(signing(&new));
    for stage in STAGES {
        let letter = letter(stage, vec![facts("orders-v1", "Orders 🦀 \u{202e}\0")]);
        let sent = webhook.send(&letter, LONG).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    }
    let mut requests = Vec::new();
    let mut wanted = Vec::new();
    for request in server.received() {
        let body = String::from_utf8(request.body.clone()).unwrap();
        let headers: serde_json::Map<String, Value> = request
            .headers()
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.into()))
            .collect();
        let changed = body.replacen("Orders", "orders", 1);
        for (secret, body, genuine) in [
            (&old, &body, true),
            (&new, &body, true),
            (&secret(3), &body, false),
            (&new, &changed, false),
        ] {
            requests.push(json!({
                "by": "standard", "do": "verify", "secret": secret, "body": body,
                "headers": headers,
            }));
            wanted.push(json!({ "genuine": genuine }));
        }
    }
    assert_eq!(requests.len(), 4 * STAGES.len());
    assert_eq!(asked(&requests), wanted);
}

#[test]
fn what_their_library_signs_is_genuine() {
    let now = SystemClock::new().now().as_second();
    let mut requests = Vec::new();
    for (number, body) in bodies().iter().enumerate() {
        requests.push(json!({
            "by": "standard", "do": "sign", "secret": secret(number), "body": body,
            "id": format!("msg_{number}"), "at": now,
        }));
    }
    for (request, answer) in requests.iter().zip(asked(&requests)) {
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        let signature = answer["signature"].as_str().unwrap().to_owned();
        let signing = signing(&text("secret"));
        assert_eq!(
            signing.sign(&text("id"), now, text("body").as_bytes()),
            signature
        );
        let verifier = WebhookVerifier::new([signing], Arc::new(SystemClock::new()));
        let headers = [
            ("webhook-id", text("id")),
            ("webhook-timestamp", now.to_string()),
            ("webhook-signature", signature),
        ];
        verifier
            .verify(headers.clone(), text("body").as_bytes())
            .unwrap()
            .handled();
        let again = verifier
            .verify(headers, text("body").as_bytes())
            .unwrap_err();
        assert_eq!(again, InboundError::Replayed);
    }
}

#[test]
fn what_slacks_library_signs_is_genuine() {
    let now = 1_531_420_618;
    let mut requests = Vec::new();
    for (number, body) in bodies().iter().enumerate() {
        requests.push(json!({
            "by": "slack", "secret": format!("8f742231b10e8888abcd99yyyzzz85a{number}"),
            "body": body, "at": now,
        }));
    }
    let at = Timestamp::from_second(now).unwrap();
    for (request, answer) in requests.iter().zip(asked(&requests)) {
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        let clock = Arc::new(ManualClock::starting_at(at));
        let verifier = SlackVerifier::new([Secret::new(text("secret"))], clock);
        let headers = [
            ("x-slack-request-timestamp", now.to_string()),
            (
                "x-slack-signature",
                answer["signature"].as_str().unwrap().to_owned(),
            ),
        ];
        let body = text("body");
        verifier
            .verify(headers.clone(), body.as_bytes())
            .unwrap()
            .handled();
        let forged = verifier
            .verify(headers, format!("{body} ").as_bytes())
            .unwrap_err();
        assert_eq!(forged, InboundError::Forged);
    }
}
