//! Servers that answer what no mail server should.

use std::sync::Arc;
use std::time::Duration;

use deprovision_core::time::Period;
use deprovision_notify::{
    Channel as _, Letter, MailWriter, Security, Sender, Sent, SmtpChannel, SmtpConfig, Templates,
};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::world::World;

/// A channel with one connection to a server at this port.
fn channel(world: &World, port: u16) -> SmtpChannel {
    let sender = Sender::new("apis@example.com".parse().unwrap());
    let templates = Arc::new(Templates::english().unwrap());
    let writer = MailWriter::new(sender, templates).unwrap();
    let mut config = SmtpConfig::new("127.0.0.1");
    config.port = Some(port);
    config.security = Security::DangerousPlain;
    config.connections = 1;
    let clock = world.permits.clock().clone();
    SmtpChannel::new(config, None, writer, clock).unwrap()
}

/// Says these lines, one for each that it hears, and hears one more at the end.
pub(crate) async fn talk<S>(stream: &mut BufReader<S>, lines: &[&str])
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for line in lines {
        let said = format!("{line}\r\n");
        stream.write_all(said.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        hear(stream, line).await;
    }
}

/// Hears what follows on this line of ours: one line, or a content to its end.
pub(crate) async fn hear<S>(stream: &mut BufReader<S>, after: &str)
where
    S: AsyncRead + Unpin,
{
    let mut heard = String::new();
    let content = after.starts_with("354");
    while stream.read_line(&mut heard).await.unwrap_or(0) > 0 {
        if !content || heard.ends_with("\r\n.\r\n") {
            break;
        }
    }
}

/// Sends one letter to a server that says these lines, one for each line that it gets,
/// whatever that is; then it closes the connection.
async fn sent_to(lines: &'static [&'static str]) -> Sent {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        talk(&mut BufReader::new(stream), lines).await;
    });
    let world = World::new();
    let channel = channel(&world, port);
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
    let sent = sent_to(&["220 hi", "250 hi", "250 ok", "250 ok", "250 ok", "354 go"]).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    let sent = sent_to(&["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "354 go"]).await;
    assert!(matches!(sent, Sent::Unsure { .. }), "{sent:?}");
}

#[tokio::test]
async fn rubbish_is_not_sent_before_the_end_and_unsure_after_it() {
    let sent = sent_to(&["220 hi", "250 hi", "nonsense"]).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    // A line of blanks, where the library expects a word.
    let sent = sent_to(&["220 hi", "250-hi\r\n250-  \r\n250 X"]).await;
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

#[tokio::test]
async fn a_letter_is_written_when_it_is_its_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (world, (ended, mut mails)) = (World::new(), mpsc::unbounded_channel());
    let (go_on, mut may_go_on) = mpsc::channel(1);
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut content = String::new();
        let mut in_content = false;
        stream.write_all(b"220 hi\r\n").await.unwrap();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if in_content && line != ".\r\n" {
                content.push_str(&line);
                continue;
            }
            let was_content = std::mem::take(&mut in_content);
            if was_content {
                ended.send(std::mem::take(&mut content)).unwrap();
                may_go_on.recv().await.unwrap();
            }
            in_content = line.starts_with("DATA");
            let answer = if in_content { "354 go" } else { "250 ok" };
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.write_all(b"\r\n").await.unwrap();
        }
    });
    let channel = channel(&world, port);
    let [first, second] = ["a", "b"].map(|n| Letter::of(vec![world.notice(n)]).unwrap());
    let send = |letter| channel.send(letter, Duration::from_secs(20));
    let drive = async {
        let date = |mail: String| {
            let line = mail.lines().find(|line| line.starts_with("Date: "));
            line.unwrap().to_owned()
        };
        let first = date(mails.recv().await.unwrap());
        // The second one waits for the connection meanwhile.
        world.permits.clock().advance(Period::hours(1));
        go_on.send(()).await.unwrap();
        let second = date(mails.recv().await.unwrap());
        go_on.send(()).await.unwrap();
        assert_ne!(first, second);
    };
    let (first, second, ()) = tokio::join!(send(&first), send(&second), drive);
    assert!(matches!(first, Sent::Accepted { .. }), "{first:?}");
    assert!(matches!(second, Sent::Accepted { .. }), "{second:?}");
    server.abort();
}

#[tokio::test]
async fn a_letter_that_waited_for_a_connection_in_vain_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World::new();
    let channel = channel(&world, listener.local_addr().unwrap().port());
    let [first, second] = ["a", "b"].map(|n| Letter::of(vec![world.notice(n)]).unwrap());
    let (first, second) = tokio::join!(
        channel.send(&first, Duration::from_millis(600)),
        channel.send(&second, Duration::from_millis(200)),
    );
    for (sent, doing) in [
        (first, "connecting to the mail server"),
        (second, "waiting for a free connection"),
    ] {
        let Sent::NotSent { why, .. } = &sent else {
            panic!("{sent:?}")
        };
        assert!(why.contains(doing), "{why}");
    }
}
