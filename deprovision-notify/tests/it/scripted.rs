//! Servers that answer what no mail server should.

use std::sync::Arc;
use std::time::Duration;

use deprovision_notify::{
    Channel as _, Letter, MailWriter, Security, Sender, Sent, SmtpChannel, SmtpConfig, Templates,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::world::World;

/// Sends one letter to a server that says these lines, one for each line that it gets,
/// whatever that is; then it closes the connection.
async fn sent_to(lines: &'static [&'static str]) -> Sent {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        for line in lines {
            stream.write_all(line.as_bytes()).await.unwrap();
            stream.write_all(b"\r\n").await.unwrap();
            // A content is answered when it has ended.
            let mut heard = String::new();
            let content = line.starts_with("354");
            while stream.read_line(&mut heard).await.unwrap_or(0) > 0 {
                if !content || heard.ends_with("\r\n.\r\n") {
                    break;
                }
            }
        }
    });
    let world = World::new();
    let sender = Sender::new("apis@example.com".parse().unwrap());
    let templates = Arc::new(Templates::english().unwrap());
    let writer = MailWriter::new(sender, templates).unwrap();
    let mut config = SmtpConfig::new("127.0.0.1");
    config.port = Some(port);
    config.security = Security::DangerousPlain;
    let clock = world.permits.clock().clone();
    let channel = SmtpChannel::new(config, None, writer, clock).unwrap();
    let letter = Letter::of(vec![world.notice("n")]).unwrap();
    let sent = channel.send(&letter, Duration::from_secs(5)).await;
    drop(channel);
    server.abort();
    sent
}

#[tokio::test]
async fn a_letter_is_accepted_when_the_server_says_so_and_its_words_are_one_line() {
    let sent = sent_to(&[
        "220 hi",
        "250 hi",
        "250 ok",
        "250 ok",
        "354 go",
        "250-one\r\n250 \u{7}two",
    ])
    .await;
    let Sent::Accepted { receipt } = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(receipt, "250 one two");
}

#[tokio::test]
async fn a_server_that_is_one_answer_ahead_took_nothing() {
    // Somebody on the way put an answer in before TLS began, for example.
    let sent = sent_to(&["220 hi", "250 hi", "250 ok", "250 ok", "250 ok", "354 go"]).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    let sent = sent_to(&["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "354 go"]).await;
    assert!(matches!(sent, Sent::Unsure { .. }), "{sent:?}");
}

#[tokio::test]
async fn rubbish_is_not_sent_before_the_end_and_unsure_after_it() {
    let sent = sent_to(&["220 hi", "250 hi", "nonsense"]).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    let sent = sent_to(&["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "nonsense"]).await;
    assert!(matches!(sent, Sent::Unsure { .. }), "{sent:?}");
}

#[tokio::test]
async fn what_is_refused_to_everybody_needs_a_person() {
    for lines in [
        &["554 no service here"][..],
        &["220 hi", "250 hi", "550 this sender may not"],
    ] {
        let lines: &'static [&'static str] = Vec::leak(lines.to_vec());
        let sent = sent_to(lines).await;
        assert!(matches!(sent, Sent::Broken { .. }), "{sent:?}");
    }
    let sent = sent_to(&["220 hi", "250 hi", "552 too large"]).await;
    assert!(matches!(sent, Sent::Refused { .. }), "{sent:?}");
    let sent = sent_to(&["421 too busy"]).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
}
