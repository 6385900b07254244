//! Channels to the servers, and letters.

use std::sync::Arc;
use std::time::Duration;

use deprovision_core::catalog::Contact;
use deprovision_core::id::{ApiId, CallerId, PersonId, RetirementId};
use deprovision_core::provider::{
    AnswerLinks, CallFacts, FindingFacts, Notice, NoticeFacts, NoticeStage, RoleFacts,
    SuccessorFacts,
};
use deprovision_core::resource::{Locator, NoticeId};
use deprovision_core::secret::Secret;
use deprovision_core::time::SystemClock;
use deprovision_notify::{
    Channel as _, Letter, Login, MailWriter, Security, Sender, Sent, SmtpChannel, SmtpConfig,
    Templates, Unsubscribe,
};

pub(crate) const PASSWORD: &str = "correct horse";

/// How the servers are found.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test`"))
}

pub(crate) fn writer() -> MailWriter {
    let mut sender = Sender::new("apis@example.com".parse().unwrap()).named("API Platform, Shop");
    sender.bounces_to = Some("bounces@example.com".parse().unwrap());
    sender.unsubscribe = Some(Unsubscribe::OneClick(
        "https://example.com/unsubscribe?key=abc".to_owned(),
    ));
    MailWriter::new(sender, Arc::new(Templates::english().unwrap())).unwrap()
}

pub(crate) fn config(security: Security) -> SmtpConfig {
    let mut config = SmtpConfig::new("localhost");
    let port = match security {
        Security::StartTls => "DEPROVISION_SMTP_STARTTLS",
        Security::Tls => "DEPROVISION_SMTP_TLS",
        _ => "DEPROVISION_SMTP_PLAIN",
    };
    config.security = security;
    config.port = Some(variable(port).parse().unwrap());
    config.trusted_pem = Some(pem("DEPROVISION_SMTP_CA"));
    config
}

pub(crate) fn pem(name: &str) -> String {
    std::fs::read_to_string(variable(name)).unwrap()
}

pub(crate) fn login() -> Login {
    Login::new("apis", Secret::new(PASSWORD))
}

pub(crate) fn channel(config: SmtpConfig, login: Option<Login>) -> SmtpChannel {
    SmtpChannel::new(config, login, writer(), Arc::new(SystemClock::new())).unwrap()
}

/// A channel to the server that asks for nothing.
pub(crate) fn plain() -> SmtpChannel {
    channel(config(Security::DangerousPlain), None)
}

pub(crate) async fn send(channel: &SmtpChannel, letter: &Letter) -> Sent {
    channel.send(letter, Duration::from_secs(20)).await
}

/// A recipient of that kind (what the server does with them), whom no other test has.
pub(crate) fn recipient(kind: &str, test: &str) -> String {
    let nanos = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_nanos();
    format!("{kind}-{test}-{nanos}@example.com")
}

pub(crate) fn notice(to: &str, stage: NoticeStage) -> Notice {
    let contact = Contact::new(PersonId::parse("dana").unwrap(), to.parse().unwrap());
    let id = NoticeId::new(Locator::new("mail", "test", "local", to).unwrap());
    Notice::new(id, stage, contact, facts("orders-v1", "Orders v1"))
}

pub(crate) fn letter(to: &str) -> Letter {
    Letter::of(vec![notice(to, NoticeStage::Announcement)]).unwrap()
}

pub(crate) fn facts(api: &str, title: &str) -> NoticeFacts {
    let mut facts = NoticeFacts::new(ApiId::parse(api).unwrap(), title);
    facts.retirement = Some(RetirementId::parse(format!("retire-{api}")).unwrap());
    facts.reason = "Version 2 does the same.\nIt is faster.".to_owned();
    facts.roles = vec![RoleFacts::owner()];
    facts.ends = Some("2027-01-31T09:00:00Z".parse().unwrap());
    facts.successor = Some(SuccessorFacts::new(
        ApiId::parse("orders-v2").unwrap(),
        "Orders v2",
        Some("https://docs.example.com/orders-v2".to_owned()),
    ));
    facts.documentation = Some("https://docs.example.com/moving?a=1&b=2".to_owned());
    facts.routes = vec!["GET /v1/orders/{id}".to_owned()];
    let last_seen = "2026-11-02T08:15:00Z".parse().unwrap();
    let mut calls = CallFacts::new(CallerId::parse("shop-web").unwrap(), 12_345, last_seen);
    calls.routes = vec!["GET /v1/orders/{id}".to_owned()];
    facts.calls = vec![calls];
    facts.findings = vec![FindingFacts::text("no request in 90 days")];
    facts.links = Some(AnswerLinks::new(
        "https://apis.example.com/a/1",
        "https://apis.example.com/o/2",
        "https://apis.example.com/m/3",
    ));
    facts
}
