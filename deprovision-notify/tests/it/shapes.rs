//! What each channel says of each stage.

use deprovision_core::provider::NoticeStage;
use deprovision_core::secret::Secret;
use deprovision_notify::{
    Answers, Channel, Sent, SigningSecret, SlackWebhook, Teams, Webhook, WebhookError,
    WebhookVerifier,
};
use serde_json::Value;

use crate::http_server::{Manner, Received, Server};
use crate::http_world::{
    HOST, LONG, STAGES, client, clock, facts, letter, simple, url, with_links,
};

async fn received(server: &Server, channel: &dyn Channel) -> Received {
    let before = server.received().len();
    let sent = channel.send(&simple(), LONG).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    server.received()[before].clone()
}

fn signing(text: &str) -> SigningSecret {
    SigningSecret::parse(&Secret::new(text)).unwrap()
}

const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TWO: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test]
async fn answers_are_shown_only_when_told_so() {
    let server = Server::tls(&[HOST], Manner::answer(200, "", "ok")).await;
    let address = Secret::new(url(&server, "/"));
    let client = client(&server);
    let slack = |a| {
        SlackWebhook::new(client.clone(), &address, clock())
            .unwrap()
            .with_answers(a)
    };
    let teams = |a| {
        Teams::new(client.clone(), &address, clock())
            .unwrap()
            .with_answers(a)
    };
    let webhook = |a| {
        Webhook::new(client.clone(), &address, "/", signing(ONE), clock())
            .unwrap()
            .with_answers(a)
    };
    let withheld: [&dyn Channel; 3] = [
        &SlackWebhook::new(client.clone(), &address, clock()).unwrap(),
        &Teams::new(client.clone(), &address, clock()).unwrap(),
        &Webhook::new(client.clone(), &address, "/", signing(ONE), clock()).unwrap(),
    ];
    for channel in withheld {
        let body = received(&server, channel).await.body;
        assert!(!String::from_utf8(body).unwrap().contains("t0k3n"));
    }
    let shown: [&dyn Channel; 3] = [
        &slack(Answers::Shown),
        &teams(Answers::Shown),
        &webhook(Answers::Shown),
    ];
    for channel in shown {
        let body = String::from_utf8(received(&server, channel).await.body).unwrap();
        for answer in ["read", "object", "time", "approve"] {
            assert!(body.contains(&format!("https://answer.example.com/t0k3n-{answer}")));
        }
    }
}

#[tokio::test]
async fn slack_says_what_there_is_to_say_at_every_stage() {
    let server = Server::tls(&[HOST], Manner::answer(200, "", "ok")).await;
    let address = Secret::new(url(&server, "/"));
    let slack = SlackWebhook::new(client(&server), &address, clock()).unwrap();
    let mut titles = Vec::new();
    for stage in STAGES {
        for apis in [1, 3] {
            let title = "Orders <v1> & more";
            let all = (0..apis).map(|n| with_links(facts(&format!("orders-v{n}"), title)));
            let sent = slack.send(&letter(stage, all.collect()), LONG).await;
            assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
            let body = server.received().last().unwrap().json();
            titles.push(body["text"].as_str().unwrap().to_owned());
            let text = body["blocks"].to_string();
            for wanted in [
                "Orders &lt;v1&gt; &amp; more",
                "2027-06-30 00:00 UTC",
                "dana",
                "<https://docs.example.com/orders?a=1&amp;b=2|Read more>",
                "billing: 4711 requests",
                "for 15m, not before 2027-05-01 09:00 UTC",
            ] {
                assert!(text.contains(wanted), "{stage} {wanted} {text}");
            }
        }
    }
    let different: std::collections::BTreeSet<&String> = titles.iter().collect();
    assert_eq!(different.len(), titles.len(), "{titles:#?}");
    assert_eq!(
        titles.first().unwrap(),
        "Orders &lt;v1&gt; &amp; more will be retired on 2027-06-30"
    );
}

#[tokio::test]
async fn a_post_on_many_apis_says_how_many_are_left_out() {
    let server = Server::tls(&[HOST], Manner::answer(200, "", "ok")).await;
    let address = Secret::new(url(&server, "/"));
    let slack = SlackWebhook::new(client(&server), &address, clock()).unwrap();
    let teams = Teams::new(client(&server), &address, clock()).unwrap();
    let many = (0..200).map(|n| facts(&format!("api-{n:03}"), &format!("API {n:03}")));
    let letter = letter(NoticeStage::Digest, many.collect());
    for channel in [&slack as &dyn Channel, &teams] {
        let sent = channel.send(&letter, LONG).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
        let text = String::from_utf8(server.received().last().unwrap().body.clone()).unwrap();
        assert!(text.contains("200 APIs to know about"));
        let shown = (0..200)
            .filter(|n| text.contains(&format!("About API {n:03}")))
            .count();
        assert!((3..200).contains(&shown), "{shown}");
        assert!(
            text.contains(&format!("… and {} more", 200 - shown)),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_card_has_the_shape_that_a_workflow_takes() {
    let server = Server::tls(&[HOST], Manner::answer(202, "", "")).await;
    let address = Secret::new(url(&server, "/"));
    let teams = Teams::new(client(&server), &address, clock()).unwrap();
    let body = received(&server, &teams).await.json();
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(
        attachment["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let card = &attachment["content"];
    assert_eq!(
        (&card["type"], &card["version"]),
        (&"AdaptiveCard".into(), &"1.4".into())
    );
    let title = &card["body"][0]["inlines"][0];
    assert_eq!(title["type"], "TextRun");
    assert_eq!(title["text"], "Orders v1 will be retired on 2027-06-30");
    let actions: Vec<&Value> = card["body"][1]["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == "ActionSet")
        .flat_map(|set| set["actions"].as_array().unwrap())
        .collect();
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!(actions[0]["type"], "Action.OpenUrl");
    assert_eq!(actions[0]["url"], "https://docs.example.com/orders?a=1&b=2");
}

#[tokio::test]
async fn a_webhook_is_a_cloud_event_that_its_receiver_can_verify() {
    let server = Server::tls(&[HOST], Manner::answer(200, "", "")).await;
    let address = Secret::new(url(&server, "/"));
    let webhook = Webhook::new(
        client(&server),
        &address,
        "/deprovision",
        signing(ONE),
        clock(),
    )
    .unwrap()
    .and_secret(signing(TWO));
    let request = received(&server, &webhook).await;
    assert_eq!(
        request.header("content-type").unwrap(),
        "application/cloudevents+json; charset=utf-8"
    );
    let event = request.json();
    let letter = simple();
    for (attribute, wanted) in [
        ("specversion", "1.0"),
        ("id", letter.key()),
        ("source", "/deprovision"),
        ("type", "io.github.deprovision.notice.announcement"),
        ("subject", "orders-2027"),
        ("time", "2027-01-01T00:00:00Z"),
        ("datacontenttype", "application/json"),
    ] {
        assert_eq!(event[attribute], wanted, "{attribute}");
    }
    assert_eq!(event["data"]["stage"], "announcement");
    assert_eq!(event["data"]["person"], "dana");
    // An address of a person is nobody else's business.
    assert!(!event.to_string().contains("dana@example.com"));

    // Either secret verifies, and a third one does not.
    for (secret, genuine) in [
        (ONE, true),
        (TWO, true),
        ("whsec_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ", false),
    ] {
        let verifier = WebhookVerifier::new([signing(secret)], clock());
        let verified = verifier.verify(request.headers(), &request.body);
        assert_eq!(verified.is_ok(), genuine, "{verified:?}");
    }
    // Sent again, it is recognised.
    let again = received(&server, &webhook).await;
    assert_eq!(again.header("webhook-id"), request.header("webhook-id"));
}

#[tokio::test]
async fn an_event_has_a_source() {
    let server = Server::tls(&[HOST], Manner::HangUp).await;
    let address = Secret::new(url(&server, "/"));
    for source in ["", "our shop", "a\nb", "<x>", "ключ"] {
        let made = Webhook::new(client(&server), &address, source, signing(ONE), clock());
        assert_eq!(made.unwrap_err(), WebhookError::Source(source.to_owned()));
    }
}

#[tokio::test]
async fn what_is_sent_looks_like_this() {
    let server = Server::tls(&[HOST], Manner::answer(200, "", "ok")).await;
    let address = Secret::new(url(&server, "/"));
    let client = client(&server);
    let slack = SlackWebhook::new(client.clone(), &address, clock())
        .unwrap()
        .with_answers(Answers::Shown);
    let teams = Teams::new(client.clone(), &address, clock())
        .unwrap()
        .with_answers(Answers::Shown);
    let webhook = Webhook::new(client, &address, "/deprovision", signing(ONE), clock()).unwrap();
    for (name, channel) in [
        ("slack", &slack as &dyn Channel),
        ("teams", &teams),
        ("webhook", &webhook),
    ] {
        let body = received(&server, channel).await.json();
        insta::assert_snapshot!(name, pretty(&body));
    }
}

/// With the keys in order: whether `serde_json` keeps that of their insertion is for all
/// crates that are built together.
pub(crate) fn pretty(body: &serde_json::Value) -> String {
    fn sorted(value: &serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(fields) => {
                let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
                let fields = fields.into_iter();
                fields
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect()
            }
            serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    serde_json::to_string_pretty(&sorted(body)).unwrap()
}
