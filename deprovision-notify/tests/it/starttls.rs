//! TLS that begins in the middle of a connection, and somebody on the way who speaks before
//! it does.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use deprovision_core::secret::Secret;
use deprovision_core::time::SystemClock;
use deprovision_notify::{
    Channel as _, Letter, Login, MailWriter, Sender, Sent, SmtpChannel, SmtpConfig, Templates,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::http_server::acceptor;
use crate::scripted::{hear, talk};
use crate::world::notice;

const HOST: &str = "127.0.0.1";
const OFFER: &str = "250-hi\r\n250 STARTTLS";
/// What follows when all goes well, and the letter is taken.
const TAKEN: &[&str] = &["250 hi", "250 ok", "250 ok", "354 go", "250 queued"];

/// Tried once for all letters: that takes longer than sending them.
static TEMPLATES: LazyLock<Arc<Templates>> =
    LazyLock::new(|| Arc::new(Templates::english().unwrap()));

/// How a connection goes on after STARTTLS was answered.
#[derive(Clone, Copy)]
enum Then {
    /// TLS, and these lines.
    Tls(&'static [&'static str]),
    /// TLS, and not a word.
    Silence,
    /// These bytes in the clear a little later, TLS, and not a word.
    Late(&'static str),
}

fn login() -> Option<Login> {
    Some(Login::new("apis", Secret::new("correct horse")))
}

/// Sends one letter to a server that says these lines in the clear, the last of them to
/// STARTTLS, each in one packet.
async fn sent_to(clear: &'static [&'static str], then: Then, login: Option<Login>) -> Sent {
    let listener = TcpListener::bind((HOST, 0)).await.unwrap();
    let (tls, pem) = acceptor(&[HOST]);
    let mut config = SmtpConfig::new(HOST);
    config.port = Some(listener.local_addr().unwrap().port());
    config.trusted_pem = Some(pem);
    let server = tokio::spawn(serve(listener, tls, clear, then));
    let sender = Sender::new("apis@example.com".parse().unwrap());
    let writer = MailWriter::new(sender, TEMPLATES.clone()).unwrap();
    let channel = SmtpChannel::new(config, login, writer, Arc::new(SystemClock::new())).unwrap();
    let letter = Letter::of(vec![notice("mail:test:local:n".parse().unwrap())]).unwrap();
    let sent = channel.send(&letter, Duration::from_secs(3)).await;
    server.abort();
    sent
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    clear: &'static [&'static str],
    then: Then,
) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let (last, before) = clear.split_last().unwrap();
    talk(&mut stream, before).await;
    stream
        .write_all(format!("{last}\r\n").as_bytes())
        .await
        .unwrap();
    if let Then::Late(said) = then {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(said.as_bytes()).await.unwrap();
    }
    let Ok(mut stream) = tls.accept(stream).await else {
        return;
    };
    match then {
        Then::Tls(lines) => {
            // After STARTTLS it is the client who speaks first.
            let mut stream = BufReader::new(stream);
            hear(&mut stream, "").await;
            talk(&mut stream, lines).await;
        }
        Then::Silence | Then::Late(_) => {
            let mut heard = Vec::new();
            let _ = stream.read_to_end(&mut heard).await;
        }
    }
}

#[tokio::test]
async fn a_letter_is_taken_over_starttls() {
    let sent = sent_to(&["220 hi", OFFER, "220 go"], Then::Tls(TAKEN), None).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let with_login: &[&str] = &[
        "250-hi\r\n250 AUTH PLAIN",
        "235 in",
        "250 ok",
        "250 ok",
        "354 go",
        "250 queued",
    ];
    // However the offer is written.
    let offer = "250-hi\r\n250-  \r\n250 StartTLS";
    let clear: &[&str] = Vec::leak(vec!["220-hi\r\n220 there", offer, "220 go"]);
    let sent = sent_to(clear, Then::Tls(with_login), login()).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
}

#[tokio::test]
async fn what_is_said_in_the_clear_is_no_answer_under_tls() {
    let forged = "220 go\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued";
    let with_login = "220 go\r\n250-x\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n250 ok\r\n\
                      354 go\r\n250 queued";
    for (forged, login) in [(forged, None), (with_login, login())] {
        let clear: &[&str] = Vec::leak(vec!["220 hi", OFFER, forged]);
        let sent = sent_to(clear, Then::Silence, login.clone()).await;
        let Sent::Broken { why } = &sent else {
            panic!("{sent:?}")
        };
        assert!(why.contains("in the clear"), "{why}");
        // The same in a packet of its own.
        let (go, rest) = forged.split_once("\r\n").unwrap();
        let clear: &[&str] = Vec::leak(vec!["220 hi", OFFER, go]);
        let rest: &str = String::leak(format!("{rest}\r\n"));
        let sent = sent_to(clear, Then::Late(rest), login).await;
        assert!(matches!(sent, Sent::Broken { .. }), "{sent:?}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_its_question_is_none() {
    for clear in [
        &["220 hi\r\n250-hi\r\n250 STARTTLS", "220 go", "220 go"][..],
        &["220 hi", "250-hi\r\n250 STARTTLS\r\n220 go", "220 go"],
    ] {
        let sent = sent_to(clear, Then::Tls(TAKEN), None).await;
        let Sent::Broken { why } = &sent else {
            panic!("{sent:?}")
        };
        assert!(why.contains("in the clear"), "{why}");
    }
}

#[tokio::test]
async fn what_was_offered_in_the_clear_does_not_count() {
    let offer = &[
        "220 hi",
        "250-hi\r\n250-AUTH PLAIN\r\n250 STARTTLS",
        "220 go",
    ];
    let sent = sent_to(offer, Then::Tls(&["250 hi"]), login()).await;
    assert!(matches!(sent, Sent::Broken { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_server_that_does_not_begin_tls_gets_nothing() {
    let broken: [&[&str]; 4] = [
        &["554 no service here"],
        &["220 hi", "502 no such command"],
        &["220 hi", "250 hi"],
        &["220 hi", OFFER, "554 not with you"],
    ];
    for clear in broken {
        let sent = sent_to(clear, Then::Tls(TAKEN), None).await;
        assert!(matches!(sent, Sent::Broken { .. }), "{clear:?}: {sent:?}");
    }
    let endless: &[&str] = Vec::leak(vec!["220 hi", String::leak("250-hi\r\n".repeat(20_000))]);
    let wide: &[&str] = Vec::leak(vec![&*String::leak("2".repeat(20_000))]);
    let not_sent: [&[&str]; 8] = [
        &["421 too busy"],
        &["354 go"],
        &["nonsense"],
        &["220 hi", "250-hi\r\n220 STARTTLS"],
        &["220 hi", OFFER, "454 not now"],
        &["220 hi", OFFER, "250 ok"],
        endless,
        wide,
    ];
    for clear in not_sent {
        let sent = sent_to(clear, Then::Tls(TAKEN), None).await;
        let Sent::NotSent { why, .. } = &sent else {
            panic!("{clear:?}: {sent:?}")
        };
        assert!(!why.contains("time ran out"), "{why}");
        assert!(why.len() < 400, "{why}");
    }
}
