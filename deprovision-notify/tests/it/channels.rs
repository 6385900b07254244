//! The channels that keep letters.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::provider::{Delivery, DeliveryObserver as _, NoticeStage};
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock as _;
use deprovision_notify::{
    Channel, Letter, Login, MailWriter, MemoryChannel, RootsError, Security, Sender, SenderError,
    Sent, SmtpChannel, SmtpConfig, SmtpError, Templates, Unsubscribe,
};

use crate::http_server::acceptor;
use crate::world::World;

const DEADLINE: Duration = Duration::from_secs(5);

fn writer(sender: Sender) -> Result<MailWriter, SenderError> {
    MailWriter::new(sender, Arc::new(Templates::english().unwrap()))
}

fn sender() -> Sender {
    Sender::new("apis@example.com".parse().unwrap())
}

#[tokio::test]
async fn a_letter_is_kept_once_in_memory_however_often_it_is_sent() {
    let world = World::new();
    let clock = world.permits.clock().clone();
    let memory = MemoryChannel::new(writer(sender()).unwrap(), clock);
    let letter = Letter::of(vec![world.notice("n")]).unwrap();
    for _ in 0..3 {
        let sent = memory.send(&letter, DEADLINE).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    }
    let mails = memory.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].id(), format!("<{}@example.com>", letter.key()));
    assert_eq!(mails[0].to(), "dana@example.com");
    assert!(
        !format!("{mails:?}").contains("it is old"),
        "Debug shows no text"
    );
}

#[tokio::test]
async fn no_text_adds_a_part_even_if_it_knows_what_separates_them() {
    let world = World::new();
    let mut notice = world.notice("n");
    notice.stage = NoticeStage::Closed;
    let key = Letter::of(vec![notice.clone()]).unwrap().key().to_owned();
    // With lines so short that the mail library need not encode them.
    let templates = Templates::builder()
        .template("en/closed.txt", "Why:\n{{ notices[0].reason }}")
        .template("en/closed.html", "<p>\n{{ notices[0].reason|safe }}")
        .build()
        .unwrap();
    let writer = MailWriter::new(sender(), Arc::new(templates)).unwrap();
    let now = world.permits.clock().now();
    let plain = writer.write(&Letter::of(vec![notice.clone()]).unwrap(), now);
    let plain = String::from_utf8(plain.unwrap().bytes().to_vec()).unwrap();
    assert!(plain.contains(&key));
    let (_, boundary) = plain.split_once("boundary=\"").unwrap();
    let boundary = boundary.split('"').next().unwrap();
    assert!(boundary.len() <= 70, "RFC 2046: {boundary}");
    notice.facts.reason = format!("x\n--{boundary}\nContent-Type: text/html\n\n<p>y");
    let mail = writer
        .write(&Letter::of(vec![notice]).unwrap(), now)
        .unwrap();
    let parsed = mail_parser::MessageParser::new()
        .parse(mail.bytes())
        .unwrap();
    assert_eq!(parsed.parts.len(), 3, "the whole, its text and its page");
    assert!(parsed.body_text(0).unwrap().contains(boundary));
}

#[tokio::test]
async fn an_outbox_takes_letters_about_several_apis_once() {
    let world = World::new();
    let letter = Letter::of(vec![world.notice("a"), world.notice("b")]).unwrap();
    for _ in 0..2 {
        let sent = Channel::send(&world.outbox, &letter, DEADLINE).await;
        let Sent::Accepted { receipt } = sent else {
            panic!("{sent:?}")
        };
        assert_eq!(receipt, format!("announcement-{}.eml", letter.key()));
    }
    assert_eq!(world.messages().len(), 1);
    // A letter about one is the notice's own message.
    let one = Letter::of(vec![world.notice("c")]).unwrap();
    Channel::send(&world.outbox, &one, DEADLINE).await;
    world.send(&world.notice("c")).await.unwrap();
    assert_eq!(world.messages().len(), 2);
    let seen = world.outbox.delivery(&world.id("c")).await.unwrap();
    assert!(matches!(
        seen.known_completely(),
        Some(Delivery::Delivered { .. })
    ));
}

#[tokio::test]
async fn an_outbox_that_is_gone_takes_nothing() {
    let world = World::new();
    std::fs::remove_dir_all(world.path()).unwrap();
    let letter = Letter::of(vec![world.notice("a")]).unwrap();
    let sent = Channel::send(&world.outbox, &letter, DEADLINE).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
}

#[test]
fn a_wrong_sender_names_its_field() {
    let wrong = |change: &dyn Fn(&mut Sender)| {
        let mut sender = sender();
        change(&mut sender);
        writer(sender).unwrap_err().to_string()
    };
    for name in ["", "a\r\nBcc: b@c", "a\u{202e}b", " a"] {
        assert!(wrong(&|s| s.name = Some(name.to_owned())).contains("`name`"));
    }
    for domain in ["", "a b", "x>\r\nBcc: a@b"] {
        assert!(
            wrong(&|s| s.message_id_domain = Some(domain.to_owned()))
                .contains("`message_id_domain`")
        );
    }
    for url in [
        "",
        "http://example.com/u",
        "https://a@b/",
        "https://example.com/>\r\nBcc: a@b",
    ] {
        for unsubscribe in [
            Unsubscribe::Page(url.to_owned()),
            Unsubscribe::OneClick(url.to_owned()),
        ] {
            let why = wrong(&|s| s.unsubscribe = Some(unsubscribe.clone()));
            assert!(why.contains("`unsubscribe`"), "{why}");
        }
    }
}

#[test]
fn a_wrong_mail_server_names_its_field() {
    let world = World::new();
    let open = |config: SmtpConfig, login: Option<Login>| {
        let clock = world.permits.clock().clone();
        SmtpChannel::new(config, login, writer(sender()).unwrap(), clock).map(drop)
    };
    let config = || SmtpConfig::new("mail.example.com");
    assert!(open(config(), None).is_ok());
    let mut wrong = config();
    wrong.connections = 0;
    assert!(matches!(open(wrong, None), Err(SmtpError::Connections)));
    for name in ["", "a b", "x\r\nMAIL FROM:<a@b>"] {
        let mut wrong = config();
        wrong.hello_name = Some(name.to_owned());
        assert!(matches!(open(wrong, None), Err(SmtpError::HelloName)));
    }
    let mut wrong = config();
    wrong.security = Security::DangerousPlain;
    let login = Login::new("apis", Secret::new("hunter2"));
    let error = open(wrong, Some(login)).unwrap_err();
    assert!(matches!(error, SmtpError::PasswordInTheClear));
}

#[test]
fn a_wrong_server_is_the_same_error_however_it_is_encrypted() {
    use std::error::Error as _;
    let world = World::new();
    let open = |config: SmtpConfig| {
        let clock = world.permits.clock().clone();
        SmtpChannel::new(config, None, writer(sender()).unwrap(), clock).map(drop)
    };
    let good = acceptor(&["mail.example.com"]).1;
    let rubbish = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for security in [Security::StartTls, Security::Tls, Security::DangerousPlain] {
        let config = |host: &str, pem: &str| {
            let mut config = SmtpConfig::new(host);
            config.security = security;
            config.trusted_pem = Some(pem.to_owned());
            config
        };
        for host in ["mail.example.com", "mail_relay", "192.0.2.1", "2001:db8::1"] {
            open(config(host, &good.repeat(2))).unwrap();
        }
        for host in [
            "",
            " ",
            " mail.example.com",
            "mail.example.com ",
            "a b",
            "mail:25",
            "[::1]",
        ] {
            let error = open(config(host, &good)).unwrap_err();
            assert!(
                matches!(&error, SmtpError::Host(told) if told == host),
                "{error:?}"
            );
        }
        if security == Security::DangerousPlain {
            continue;
        }
        for (pem, which) in [
            (String::new(), None),
            ("rubbish".to_owned(), None),
            (rubbish.to_owned(), Some("certificate 1 ")),
            (format!("{good}{rubbish}{good}"), Some("certificate 2 ")),
            (
                format!("{good}{good}{no_certificate}"),
                Some("certificate 3 "),
            ),
        ] {
            let error = open(config("mail.example.com", &pem)).unwrap_err();
            assert!(
                matches!(error, SmtpError::Trusted(_)),
                "{security:?} {error:?}"
            );
            let source = error.source().unwrap();
            assert_eq!(source.source().is_some(), which.is_some(), "{source}");
            let which = which.unwrap_or("there is no root certificate");
            assert!(source.to_string().contains(which), "{source}");
        }
    }
}

/// Says to this program, started again, that its system has no certificates.
const NO_ROOTS: &str = "DEPROVISION_TEST_NO_ROOTS";

#[test]
fn a_system_without_roots_is_the_same_error_however_tls_begins() {
    const NAME: &str = "channels::a_system_without_roots_is_the_same_error_however_tls_begins";
    if std::env::var_os(NO_ROOTS).is_none() {
        let empty = tempfile::tempdir().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env(NO_ROOTS, "1")
            .env("SSL_CERT_FILE", empty.path().join("none.pem"))
            .env("SSL_CERT_DIR", empty.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && told.contains("1 passed"),
            "{told}"
        );
        return;
    }
    let world = World::new();
    for security in [Security::StartTls, Security::Tls] {
        let mut config = SmtpConfig::new("mail.example.com");
        config.security = security;
        let clock = world.permits.clock().clone();
        let error = SmtpChannel::new(config, None, writer(sender()).unwrap(), clock).unwrap_err();
        assert!(
            matches!(error, SmtpError::Tls(RootsError::NoneInSystem)),
            "{security:?}: {error:?}"
        );
    }
}
