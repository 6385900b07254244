//! What every channel makes of what a server does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::secret::Secret;
use deprovision_notify::{
    Channel, HttpClient, MemoryThreads, Reach, Sent, SigningSecret, SlackBot, SlackWebhook, Teams,
    Thread, Threads, Webhook,
};

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, Names, at, client, clock, facts, letter, simple, url};

const TOKEN: &str = "xoxb-not-a-t0ken";
const PATH: &str = "/services/T0/B0/s3cr3t";

/// Every channel, pointed at the server.
fn channels(server: &Server) -> Vec<Box<dyn Channel>> {
    let address = Secret::new(url(server, PATH));
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let signing = SigningSecret::parse(&secret).unwrap();
    let client = client(server);
    vec![
        Box::new(SlackWebhook::new(client.clone(), &address, clock()).unwrap()),
        Box::new(bot(server, Arc::new(MemoryThreads::new()))),
        Box::new(Teams::new(client.clone(), &address, clock()).unwrap()),
        Box::new(Webhook::new(client, &address, "/deprovision", signing, clock()).unwrap()),
    ]
}

fn bot(server: &Server, threads: Arc<dyn Threads>) -> SlackBot {
    SlackBot::new(client(server), Secret::new(TOKEN), "C1", threads, clock())
        .unwrap()
        .with_method_at(&url(server, PATH))
        .unwrap()
}

fn kind(sent: &Sent) -> &'static str {
    match sent {
        Sent::Accepted { .. } => "accepted",
        Sent::Refused { .. } => "refused",
        Sent::NotSent { .. } => "not sent",
        Sent::Broken { .. } => "broken",
        Sent::Unsure { .. } => "unsure",
    }
}

/// Sends by every channel to a server of this manner, and looks that no secret is told.
async fn all(manner: Manner, deadline: Duration) -> Vec<Sent> {
    let server = Server::tls(&[HOST], manner).await;
    let mut all = Vec::new();
    for channel in channels(&server) {
        let sent = channel.send(&simple(), deadline).await;
        no_secret_is_in(&sent);
        all.push(sent);
    }
    all
}

fn no_secret_is_in(told: &impl std::fmt::Debug) {
    let told = format!("{told:?}");
    for secret in [TOKEN, "s3cr3t", "MfKQ9r8GKYqr", "t0k3n"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn taken_is_taken() {
    let ok = Manner::answer(200, "", r#"{"ok":true,"ts":"1503435956.000247"}"#);
    for sent in all(ok, LONG).await {
        assert_eq!(kind(&sent), "accepted", "{sent:?}");
    }
    for sent in all(Manner::answer(202, "", r#"{"ok":true}"#), LONG).await {
        assert_eq!(kind(&sent), "accepted", "{sent:?}");
    }
}

#[tokio::test]
async fn later_is_later_and_says_when() {
    for status in [429, 503] {
        for (header, wanted) in [
            ("Retry-After: 30\r\n", Some(at("2027-01-01T00:00:30Z"))),
            (
                "Retry-After: Fri, 01 Jan 2027 01:00:00 GMT\r\n",
                Some(at("2027-01-01T01:00:00Z")),
            ),
            ("", None),
        ] {
            let body = r#"{"ok":false,"error":"ratelimited"}"#;
            for sent in all(Manner::answer(status, header, body), LONG).await {
                match sent {
                    Sent::NotSent { retry_at, .. } => assert_eq!(retry_at, wanted),
                    other => panic!("{status}: {other:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn each_status_means_the_same_to_all() {
    for (status, wanted) in [
        (400, "refused"),
        (401, "broken"),
        (403, "broken"),
        (404, "refused"),
        (410, "refused"),
        (413, "refused"),
        (500, "unsure"),
        (502, "unsure"),
        (504, "unsure"),
        (302, "broken"),
        (307, "broken"),
    ] {
        let location = "Location: https://169.254.169.254/\r\n";
        let echo = format!("you sent {TOKEN} to {PATH}");
        for sent in all(Manner::answer(status, location, &echo), LONG).await {
            assert_eq!(kind(&sent), wanted, "{status}: {sent:?}");
        }
    }
}

#[tokio::test]
async fn what_may_have_arrived_is_unsure() {
    for manner in [Manner::ReadAndHangUp, Manner::HangUp, Manner::EndlessHeader] {
        for sent in all(manner, LONG).await {
            assert_eq!(kind(&sent), "unsure", "{sent:?}");
        }
    }
    for sent in all(Manner::Silent, Duration::from_secs(2)).await {
        assert_eq!(kind(&sent), "unsure", "{sent:?}");
    }
    let nonsense = Manner::Say("220 mail.example.com ESMTP\r\n".to_owned());
    for sent in all(nonsense, LONG).await {
        assert_eq!(kind(&sent), "unsure", "{sent:?}");
    }
}

#[tokio::test]
async fn what_was_never_sent_is_not_sent() {
    // Nobody listens at the port.
    let server = Server::tls(&[HOST], Manner::HangUp).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let address = Secret::new(format!("https://{HOST}:{port}{PATH}"));
    let teams = Teams::new(client(&server), &address, clock()).unwrap();
    let sent = teams.send(&simple(), LONG).await;
    assert_eq!(kind(&sent), "not sent", "{sent:?}");

    // The name has no address.
    let nobody = client(&server).with_resolver(Names::with("other.example.com", &[&[]]));
    let teams = Teams::new(nobody, &address, clock()).unwrap();
    let sent = teams.send(&simple(), LONG).await;
    assert_eq!(kind(&sent), "not sent", "{sent:?}");
    let nowhere = client(&server).with_resolver(Names::with(HOST, &[&[]]));
    let teams = Teams::new(nowhere, &address, clock()).unwrap();
    let sent = teams.send(&simple(), LONG).await;
    assert_eq!(kind(&sent), "not sent", "{sent:?}");

    // The other side does not speak TLS, or ends the handshake.
    let plain = Server::plain(Manner::answer(400, "", "")).await;
    let address = Secret::new(format!("https://{HOST}:{}{PATH}", plain.address.port()));
    let teams = Teams::new(client(&server), &address, clock()).unwrap();
    let sent = teams.send(&simple(), Duration::from_secs(3)).await;
    assert_eq!(kind(&sent), "not sent", "{sent:?}");
    let plain = Server::plain(Manner::HangUp).await;
    let address = Secret::new(format!("https://{HOST}:{}{PATH}", plain.address.port()));
    let teams = Teams::new(client(&server), &address, clock()).unwrap();
    let sent = teams.send(&simple(), LONG).await;
    assert_eq!(kind(&sent), "not sent", "{sent:?}");

    // Time runs out before TLS is there: this server does not speak it.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = mute.local_addr().unwrap().port();
    let address = Secret::new(format!("https://{HOST}:{port}{PATH}"));
    let teams = Teams::new(client(&server), &address, clock()).unwrap();
    let sent = teams.send(&simple(), Duration::from_millis(300)).await;
    assert_eq!(kind(&sent), "not sent", "{sent:?}");
    no_secret_is_in(&sent);
}

#[tokio::test]
async fn what_only_a_person_can_mend_is_broken() {
    // A name that leads inwards.
    let server = Server::tls(&[HOST], Manner::answer(200, "", "")).await;
    let strict = HttpClient::with_roots(Reach::public(), server.pem.as_bytes())
        .unwrap()
        .with_resolver(Names::with(HOST, &[&["127.0.0.1"]]));
    let address = Secret::new(url(&server, PATH));
    let teams = Teams::new(strict, &address, clock()).unwrap();
    let sent = teams.send(&simple(), LONG).await;
    assert_eq!(kind(&sent), "broken", "{sent:?}");
    no_secret_is_in(&sent);
    // A certificate of somebody else.
    let other = Server::tls(&["other.example.com"], Manner::answer(200, "", "")).await;
    let address = Secret::new(url(&other, PATH));
    let teams = Teams::new(client(&other), &address, clock()).unwrap();
    let sent = teams.send(&simple(), LONG).await;
    assert_eq!(kind(&sent), "broken", "{sent:?}");
    no_secret_is_in(&sent);
}

#[tokio::test]
async fn a_body_without_end_or_cut_short_ends_by_itself() {
    for manner in [Manner::Endless, Manner::Half] {
        let started = std::time::Instant::now();
        for (number, sent) in all(manner, LONG).await.iter().enumerate() {
            // Only the bot's answer is in the body.
            let wanted = if number == 1 { "unsure" } else { "accepted" };
            assert_eq!(kind(sent), wanted, "{sent:?}");
        }
        assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    }
    // Nor does one that comes too slowly outlast its deadline.
    let started = std::time::Instant::now();
    let all = all(Manner::Trickle, Duration::from_secs(2)).await;
    assert_eq!(kind(&all[1]), "unsure", "{all:?}");
    assert!(started.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn each_word_of_slacks_means_something() {
    for (code, wanted) in [
        ("channel_not_found", "refused"),
        ("is_archived", "refused"),
        ("msg_too_long", "refused"),
        ("invalid_blocks", "refused"),
        ("invalid_auth", "broken"),
        ("token_revoked", "broken"),
        ("missing_scope", "broken"),
        ("not_in_channel", "broken"),
        ("restricted_action", "broken"),
        ("ratelimited", "not sent"),
        ("service_unavailable", "not sent"),
        ("request_timeout", "not sent"),
        ("internal_error", "unsure"),
        ("fatal_error", "unsure"),
        ("a_word_of_next_year", "refused"),
        (TOKEN, "refused"),
    ] {
        let body = format!(r#"{{"ok":false,"error":"{code}"}}"#);
        let server = Server::tls(&[HOST], Manner::answer(200, "", &body)).await;
        let bot = bot(&server, Arc::new(MemoryThreads::new()));
        let sent = bot.send(&simple(), LONG).await;
        assert_eq!(kind(&sent), wanted, "{code}: {sent:?}");
        no_secret_is_in(&sent);
    }
    for (status, code, wanted) in [
        (400, "invalid_payload", "refused"),
        (403, "action_prohibited", "broken"),
        (403, "invalid_token", "broken"),
        (404, "channel_not_found", "refused"),
        (404, "no_service", "broken"),
        (410, "channel_is_archived", "refused"),
        (500, "rollup_error", "unsure"),
        (404, "<html>", "refused"),
    ] {
        let server = Server::tls(&[HOST], Manner::answer(status, "", code)).await;
        let address = Secret::new(url(&server, PATH));
        let hook = SlackWebhook::new(client(&server), &address, clock()).unwrap();
        let sent = hook.send(&simple(), LONG).await;
        assert_eq!(kind(&sent), wanted, "{code}: {sent:?}");
    }
}

#[tokio::test]
async fn a_retirement_is_one_thread() {
    use deprovision_core::provider::NoticeStage;
    let ok = Manner::answer(200, "", r#"{"ok":true,"ts":"1503435956.000247"}"#);
    let server = Server::tls(&[HOST], ok).await;
    let threads = Arc::new(MemoryThreads::new());
    let bot = bot(&server, threads.clone());
    bot.send(&simple(), LONG).await;
    let reminder = letter(
        NoticeStage::Reminder { days: 7 },
        vec![facts("orders-v1", "Orders v1")],
    );
    bot.send(&reminder, LONG).await;
    // One on two retirements is in no thread.
    let mut other = facts("carts-v1", "Carts v1");
    other.retirement = Some("carts-2027".parse().unwrap());
    let both = vec![facts("orders-v1", "Orders v1"), other];
    bot.send(&letter(NoticeStage::Closed, both), LONG).await;

    let bodies: Vec<_> = server.received().iter().map(|r| r.json()).collect();
    assert_eq!(bodies[0].get("thread_ts"), None);
    assert_eq!(bodies[1]["thread_ts"], "1503435956.000247");
    assert_eq!(bodies[2].get("thread_ts"), None);
    assert_eq!(
        bodies[1]["metadata"]["event_payload"]["key"],
        reminder.key()
    );
    assert_eq!(
        server.received()[0].header("authorization").unwrap(),
        format!("Bearer {TOKEN}")
    );

    // A thread that takes no replies is begun anew.
    let locked = r#"{"ok":false,"error":"restricted_action_thread_locked"}"#;
    let server = Server::tls(&[HOST], Manner::answer(200, "", locked)).await;
    let bot = self::bot(&server, threads.clone());
    let sent = bot.send(&reminder, LONG).await;
    assert_eq!(kind(&sent), "not sent", "{sent:?}");
    let thread = Thread::new("C1", "orders-2027");
    assert_eq!(threads.first(&thread).await.unwrap(), None);
}

/// A store of threads that does not work.
#[derive(Debug)]
struct NoThreads;

type Unkept<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[async_trait]
impl Threads for NoThreads {
    async fn first(&self, _: &Thread) -> Unkept<Option<String>> {
        Err("s3cr3t disk".into())
    }
    async fn remember(&self, _: &Thread, _: &str) -> Unkept<()> {
        std::future::pending().await
    }
    async fn forget(&self, _: &Thread, _: &str) -> Unkept<()> {
        Err("s3cr3t disk".into())
    }
}

#[tokio::test]
async fn a_letter_goes_out_without_its_thread_when_that_can_not_be_kept() {
    let ok = Manner::answer(200, "", r#"{"ok":true,"ts":"1503435956.000247"}"#);
    let server = Server::tls(&[HOST], ok).await;
    let bot = bot(&server, Arc::new(NoThreads));
    let started = std::time::Instant::now();
    let sent = bot.send(&simple(), Duration::from_secs(5)).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(
        matches!(&sent, Sent::Accepted { receipt } if receipt.contains("thread could not")),
        "{sent:?}"
    );
    no_secret_is_in(&sent);
    assert_eq!(server.one().json().get("thread_ts"), None);
}

#[tokio::test]
async fn i_20_no_secret_is_shown() {
    let server = Server::tls(&[HOST], Manner::HangUp).await;
    let threads = Arc::new(MemoryThreads::new());
    let address = Secret::new(url(&server, PATH));
    let signing = SigningSecret::parse(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let client = client(&server);
    no_secret_is_in(&bot(&server, threads));
    no_secret_is_in(&SlackWebhook::new(client.clone(), &address, clock()).unwrap());
    no_secret_is_in(&Teams::new(client.clone(), &address, clock()).unwrap());
    no_secret_is_in(
        &Webhook::new(client.clone(), &address, "/", signing.unwrap(), clock()).unwrap(),
    );
    let bad = Secret::new("https://user:s3cr3t@hooks.example.com/s3cr3t");
    no_secret_is_in(&Teams::new(client.clone(), &bad, clock()).unwrap_err());
    let bad = Secret::new("https://hooks.example.com/s3cr3t and more");
    no_secret_is_in(&Teams::new(client, &bad, clock()).unwrap_err());
}

#[tokio::test]
async fn without_tls_only_where_that_is_allowed() {
    let server = Server::plain(Manner::answer(200, "", "ok")).await;
    let address = Secret::new(url(&server, PATH));
    let teams = Teams::new(client(&server), &address, clock()).unwrap();
    let sent = teams.send(&simple(), LONG).await;
    assert_eq!(kind(&sent), "accepted", "{sent:?}");
    let strict = HttpClient::with_system_roots(Reach::public()).unwrap();
    assert!(Teams::new(strict, &address, clock()).is_err());
}
