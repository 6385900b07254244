//! Servers that say no, break off or fall silent: what is told of each, and how many
//! copies there are.

use std::time::{Duration, Instant};

use deprovision_core::provider::NoticeStage;
use deprovision_notify::{Channel as _, Letter, Security, Sent};

use crate::reader::copies;
use crate::world::{channel, config, letter, login, notice, plain, recipient, send};

#[tokio::test]
async fn a_no_for_good_is_a_refusal() {
    for (kind, code) in [("unknown", "550"), ("refused", "550")] {
        let to = recipient(kind, "no");
        let sent = send(&plain(), &letter(&to)).await;
        let Sent::Refused { why } = &sent else {
            panic!("{sent:?}")
        };
        assert!(why.contains(code), "{why}");
        assert!(copies(&to).is_empty());
    }
}

#[tokio::test]
async fn a_no_for_now_is_not_sent_and_the_next_attempt_arrives_once() {
    for kind in ["full", "later"] {
        let to = recipient(kind, "now");
        let sent = send(&plain(), &letter(&to)).await;
        assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
        assert!(copies(&to).is_empty());
    }
    let to = recipient("grey", "now");
    let (channel, letter) = (plain(), letter(&to));
    let sent = send(&channel, &letter).await;
    let Sent::NotSent { why, .. } = &sent else {
        panic!("{sent:?}")
    };
    assert!(why.contains("greylisted"), "{why}");
    assert!(copies(&to).is_empty());
    let sent = send(&channel, &letter).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    assert_eq!(copies(&to).len(), 1);
}

#[tokio::test]
async fn a_login_that_is_asked_for_late_needs_a_person() {
    let sent = send(&plain(), &letter(&recipient("locked", "late"))).await;
    assert!(matches!(sent, Sent::Broken { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_connection_that_drops_before_the_content_is_not_sent() {
    for security in [Security::DangerousPlain, Security::StartTls] {
        for kind in ["droprcpt", "dropdata"] {
            let to = recipient(kind, "before");
            let login = (security == Security::StartTls).then(login);
            let sent = send(&channel(config(security), login), &letter(&to)).await;
            assert!(matches!(sent, Sent::NotSent { .. }), "{kind}: {sent:?}");
            assert!(copies(&to).is_empty());
        }
    }
}

/// A letter that is larger than all buffers on the way.
fn large(to: &str) -> Letter {
    let mut notice = notice(to, NoticeStage::Announcement);
    notice.facts.reason = "a long reason, again and again\n".repeat(400_000);
    Letter::of(vec![notice]).unwrap()
}

#[tokio::test]
async fn a_connection_that_drops_within_the_content_is_not_sent() {
    let to = recipient("dropcontent", "within");
    let sent = send(&plain(), &large(&to)).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    assert!(copies(&to).is_empty());
}

#[tokio::test]
async fn a_connection_that_drops_after_the_content_leaves_it_unsure() {
    for security in [Security::DangerousPlain, Security::Tls] {
        for (kind, taken) in [("dropend", 0), ("dropaccepted", 1)] {
            let to = recipient(kind, "after");
            let login = (security == Security::Tls).then(login);
            let sent = send(&channel(config(security), login), &letter(&to)).await;
            assert!(matches!(sent, Sent::Unsure { .. }), "{kind}: {sent:?}");
            assert_eq!(copies(&to).len(), taken);
        }
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline_and_what_was_sent_decides() {
    let started = Instant::now();
    let deadline = Duration::from_millis(700);
    let to = recipient("hangrcpt", "silence");
    let sent = plain().send(&letter(&to), deadline).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    let to = recipient("hangend", "silence");
    let sent = plain().send(&letter(&to), deadline).await;
    assert!(matches!(sent, Sent::Unsure { .. }), "{sent:?}");
    assert_eq!(copies(&to).len(), 1, "it was taken all the same");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_never_says_hello_takes_nothing() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for security in [Security::StartTls, Security::Tls] {
        let mut config = config(security);
        config.port = Some(silent.local_addr().unwrap().port());
        let channel = channel(config, Some(login()));
        let sent = channel
            .send(&letter("dana@example.com"), Duration::from_millis(300))
            .await;
        assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    }
}

#[tokio::test]
async fn after_any_failure_the_same_channel_sends_the_next_letter_once() {
    let channel = channel(config(Security::StartTls), Some(login()));
    let kinds = [
        "unknown",
        "full",
        "refused",
        "later",
        "droprcpt",
        "dropdata",
        "dropend",
        "dropaccepted",
        "hangend",
    ];
    for kind in kinds {
        let deadline = Duration::from_millis(if kind == "hangend" { 500 } else { 20_000 });
        let failed = recipient(kind, "next");
        let sent = channel.send(&letter(&failed), deadline).await;
        assert!(!matches!(sent, Sent::Accepted { .. }), "{kind}: {sent:?}");
        let to = recipient("dana", "next");
        let sent = send(&channel, &letter(&to)).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{kind}: {sent:?}");
        assert_eq!(copies(&to).len(), 1, "after {kind}");
        assert!(copies(&failed).len() <= 1, "{kind} is not sent twice");
    }
}

#[tokio::test]
async fn letters_share_connections_and_each_arrives_once() {
    let channel = std::sync::Arc::new(channel(config(Security::Tls), Some(login())));
    let letters: Vec<String> = (0..60)
        .map(|n| recipient(&format!("many{n}"), "share"))
        .collect();
    let mut senders = tokio::task::JoinSet::new();
    for to in letters.clone() {
        let channel = channel.clone();
        senders.spawn(async move { send(&channel, &letter(&to)).await });
    }
    for sent in senders.join_all().await {
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    }
    let mut connections = std::collections::BTreeSet::new();
    for to in &letters {
        let copies = copies(to);
        assert_eq!(copies.len(), 1);
        connections.insert(copies[0]["peer"].to_string());
    }
    assert!(connections.len() <= 4, "{} connections", connections.len());
}

#[tokio::test]
async fn a_connection_that_died_while_idle_is_replaced_and_nothing_is_sent_twice() {
    // A way to the server that can be cut.
    let front = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(Security::DangerousPlain);
    let server = format!("127.0.0.1:{}", config.port.unwrap());
    config.port = Some(front.local_addr().unwrap().port());
    config.host = "127.0.0.1".to_owned();
    let (cut, mut was_cut) = tokio::sync::watch::channel(0);
    let way = tokio::spawn(async move {
        let mut ways = 0;
        loop {
            let (mut near, _) = front.accept().await.unwrap();
            let mut far = tokio::net::TcpStream::connect(&server).await.unwrap();
            was_cut.mark_unchanged();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = was_cut.changed() => {}
            }
            ways += 1;
            if ways == 3 {
                return;
            }
        }
    });
    let channel = channel(config, None);
    for round in 0..2 {
        let to = recipient("dana", &format!("idle{round}"));
        let sent = send(&channel, &letter(&to)).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
        assert_eq!(copies(&to).len(), 1);
        cut.send(round + 1).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    way.abort();
}
