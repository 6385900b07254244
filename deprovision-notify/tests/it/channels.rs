//! The channels that keep letters.

use std::sync::Arc;
use std::time::Duration;

use deprovision_core::provider::{Delivery, DeliveryObserver as _, NoticeStage};
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock as _;
use deprovision_notify::{
    Channel, Letter, Login, MailWriter, MemoryChannel, Security, Sender, SenderError, Sent,
    SmtpChannel, SmtpConfig, SmtpError, Templates, Unsubscribe,
};

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
    assert!(matches!(
        open(SmtpConfig::new(" "), None),
        Err(SmtpError::Host)
    ));
    let mut wrong = config();
    wrong.connections = 0;
    assert!(matches!(open(wrong, None), Err(SmtpError::Connections)));
    for name in ["", "a b", "x\r\nMAIL FROM:<a@b>"] {
        let mut wrong = config();
        wrong.hello_name = Some(name.to_owned());
        assert!(matches!(open(wrong, None), Err(SmtpError::HelloName)));
    }
    for pem in [
        "",
        "rubbish",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let mut wrong = config();
        wrong.trusted_pem = Some(pem.to_owned());
        let error = open(wrong, None).unwrap_err();
        assert!(
            error.to_string().contains("`trusted_pem`") || matches!(error, SmtpError::Tls(..)),
            "{error}"
        );
    }
    let mut wrong = config();
    wrong.security = Security::DangerousPlain;
    let login = Login::new("apis", Secret::new("hunter2"));
    let error = open(wrong, Some(login)).unwrap_err();
    assert!(matches!(error, SmtpError::PasswordInTheClear));
}
