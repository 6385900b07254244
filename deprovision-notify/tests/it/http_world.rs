//! Clients that reach servers on this machine, and letters.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::catalog::Contact;
use deprovision_core::id::{ApiId, CallerId, PersonId, RetirementId};
use deprovision_core::provider::{
    AnswerLinks, ApprovalFacts, BrownOutFacts, CallFacts, FindingFacts, Notice, NoticeFacts,
    NoticeStage, RoleFacts, SuccessorFacts,
};
use deprovision_core::time::{ManualClock, Period, Timestamp};
use deprovision_notify::{HttpClient, Letter, Reach, Resolve};

use crate::http_server::Server;

/// A name that the tests' servers have a certificate for.
pub(crate) const HOST: &str = "hooks.example.com";
/// What an attempt may take, unless the test is about that.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Answers what it was told, the last answer for ever, and counts.
#[derive(Debug, Default)]
pub(crate) struct Names {
    answers: Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>,
    asked: AtomicUsize,
}

impl Names {
    pub(crate) fn with(name: &str, answers: &[&[&str]]) -> Arc<Self> {
        let parse = |all: &&[&str]| all.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = answers.iter().map(parse).collect();
        Arc::new(Self {
            answers: Mutex::new(BTreeMap::from([(name.to_owned(), answers)])),
            asked: AtomicUsize::new(0),
        })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answers = answers
            .get_mut(host)
            .ok_or_else(|| io::Error::other("no such name"))?;
        Ok(match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        })
    }
}

/// A client that finds [`HOST`] at this machine, and may go there.
pub(crate) fn client(server: &Server) -> HttpClient {
    let reach = Reach::public().and_network("127.0.0.0/8").unwrap();
    let client = match server.pem.is_empty() {
        true => HttpClient::with_system_roots(reach.dangerous_plain_http()).unwrap(),
        false => HttpClient::with_roots(reach, server.pem.as_bytes()).unwrap(),
    };
    client.with_resolver(Names::with(HOST, &[&["127.0.0.1"]]))
}

/// Where the server is, by name.
pub(crate) fn url(server: &Server, path: &str) -> String {
    let scheme = match server.pem.is_empty() {
        true => "http",
        false => "https",
    };
    format!("{scheme}://{HOST}:{}{path}", server.address.port())
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting_at(at("2027-01-01T00:00:00Z")))
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Every stage.
pub(crate) const STAGES: [NoticeStage; 15] = [
    NoticeStage::Announcement,
    NoticeStage::Reminder { days: 7 },
    NoticeStage::Reminder { days: 1 },
    NoticeStage::Postponement { number: 2 },
    NoticeStage::BrownOut { number: 1 },
    NoticeStage::LastCall,
    NoticeStage::Closed,
    NoticeStage::Restored,
    NoticeStage::Retired,
    NoticeStage::Withdrawal,
    NoticeStage::Unused,
    NoticeStage::Drift,
    NoticeStage::Digest,
    NoticeStage::Approval { number: 0 },
    NoticeStage::Approval { number: 1 },
];

/// Facts with every field filled, each with this text where it may be anything.
pub(crate) fn facts(api: &str, text: &str) -> NoticeFacts {
    let id = |api: &str| ApiId::parse(api).unwrap();
    let mut facts = NoticeFacts::new(id(api), text);
    facts.retirement = Some(RetirementId::parse("orders-2027").unwrap());
    facts.reason = text.to_owned();
    facts.roles = vec![RoleFacts::other(text), RoleFacts::owner()];
    facts.ends = Some(at("2027-06-30T00:00:00Z"));
    facts.successor = Some(SuccessorFacts::new(
        id("orders-v2"),
        text,
        Some(text.to_owned()),
    ));
    facts.documentation = Some(text.to_owned());
    let mut approval = ApprovalFacts::new(text, Period::days(3));
    approval.step = Some(text.to_owned());
    approval.actions = vec![text.to_owned(), "answer 410".to_owned()];
    approval.count = 2;
    facts.approval = Some(approval);
    facts.routes = vec![text.to_owned(), "GET /v1/orders/{id}".to_owned()];
    let caller = CallerId::parse("billing").unwrap();
    let mut calls = CallFacts::new(caller, 4_711, at("2026-12-31T12:00:00Z"));
    calls.routes = vec![text.to_owned()];
    facts.calls = vec![calls];
    facts.brown_out = Some(BrownOutFacts::new(
        at("2027-05-01T09:00:00Z"),
        Period::minutes(15),
    ));
    facts.findings = vec![FindingFacts::text(text)];
    facts.certificate = Some(text.to_owned());
    facts.links = Some(AnswerLinks::new(text, text, text));
    facts
}

/// Links that work.
pub(crate) fn with_links(mut facts: NoticeFacts) -> NoticeFacts {
    facts.documentation = Some("https://docs.example.com/orders?a=1&b=2".to_owned());
    let mut links = AnswerLinks::new(
        "https://answer.example.com/t0k3n-read",
        "https://answer.example.com/t0k3n-object",
        "https://answer.example.com/t0k3n-time",
    );
    links.approve = Some("https://answer.example.com/t0k3n-approve".to_owned());
    facts.links = Some(links);
    facts
}

pub(crate) fn letter(stage: NoticeStage, facts: Vec<NoticeFacts>) -> Letter {
    let dana = Contact::new(
        PersonId::parse("dana").unwrap(),
        "dana@example.com".parse().unwrap(),
    );
    let notices = facts.into_iter().map(|facts| {
        let id = format!("chat:shop:local:{}/{stage}/dana", facts.api);
        Notice::new(id.parse().unwrap(), stage, dana.clone(), facts)
    });
    Letter::of(notices.collect()).unwrap()
}

/// A letter on one API.
pub(crate) fn simple() -> Letter {
    let facts = with_links(facts("orders-v1", "Orders v1"));
    letter(NoticeStage::Announcement, vec![facts])
}
