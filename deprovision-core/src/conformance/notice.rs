//! What every notifier and its observer keep.

use std::collections::BTreeMap;
use std::error::Error;

use async_trait::async_trait;

use super::hostile::HOSTILE;
use super::{Cases, Permits};
use crate::catalog::{Contact, EmailAddress};
use crate::id::{ApiId, CallerId, PersonId};
use crate::observation::Observation;
use crate::provider::{
    AnswerLinks, CallFacts, Delivery, DeliveryObserver, FindingFacts, Notice, NoticeFacts,
    NoticeStage, Notifier, Outcome, ProviderError, RoleFacts, SuccessorFacts,
};
use crate::resource::{Locator, NoticeId};
use crate::time::{Clock, Period, Timestamp};

/// A message as the world received it, read by a parser that the notifier does not
/// use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// The addresses of all recipients, of whatever kind.
    pub recipients: Vec<String>,
    /// The names of all headers (or fields), as often as they occur.
    pub headers: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// The text, decoded.
    pub body: String,
}

impl ReceivedMessage {
    /// A message.
    #[must_use]
    pub fn new(
        recipients: Vec<String>,
        headers: Vec<String>,
        subject: impl Into<String>,
        body: impl Into<String>,
    ) -> Self {
        Self {
            recipients,
            headers,
            subject: subject.into(),
            body: body.into(),
        }
    }
}

/// What the suite needs to test a notifier.
#[async_trait]
pub trait NoticeFixture: Send + Sync {
    /// The notifier.
    fn notifier(&self) -> &dyn Notifier;

    /// The observer of the same world.
    fn observer(&self) -> &dyn DeliveryObserver;

    /// The permits; their clock is the one that the notifier sees.
    fn permits(&self) -> &Permits;

    /// An id of that name.
    fn id(&self, name: &str) -> Result<NoticeId, Box<dyn Error + Send + Sync>>;

    /// All messages that the world received since the fixture was made.
    async fn received(&self) -> Result<Vec<ReceivedMessage>, Box<dyn Error + Send + Sync>>;
}

/// Runs the suite: the number of cases, each a promise of [`Notifier`] or of
/// [`DeliveryObserver`].
///
/// # Errors
/// When the fixture fails.
///
/// # Panics
/// When the notifier breaks a promise.
pub async fn notice(fixture: &impl NoticeFixture) -> Cases {
    let mut suite = Suite {
        fixture,
        cases: 0,
        sent: 0,
    };
    suite.what_was_not_sent_is_not_sent().await?;
    suite.what_was_sent_arrives_as_it_was_written().await?;
    suite.twice_is_once().await?;
    suite.no_text_becomes_a_header_or_a_recipient().await?;
    suite.no_name_becomes_another_message().await?;
    suite.a_stranger_s_id_is_an_error().await?;
    Ok(suite.cases)
}

struct Suite<'a, F> {
    fixture: &'a F,
    cases: u32,
    /// How many messages there should be.
    sent: usize,
}

type Done = Result<(), Box<dyn Error + Send + Sync>>;

impl<F: NoticeFixture> Suite<'_, F> {
    fn notice(
        &self,
        name: &str,
        title: &str,
        reason: &str,
    ) -> Result<Notice, Box<dyn Error + Send + Sync>> {
        let dana = Contact::new(PersonId::parse("dana")?, recipient()?);
        let mut facts = NoticeFacts::new(ApiId::parse("orders-v1")?, title);
        reason.clone_into(&mut facts.reason);
        let id = self.fixture.id(name)?;
        Ok(Notice::new(id, NoticeStage::Announcement, dana, facts))
    }

    /// A notice in which one text after the other is this one.
    fn hostile(
        &self,
        field: &str,
        name: &str,
        text: &str,
    ) -> Result<Notice, Box<dyn Error + Send + Sync>> {
        let mut notice = self.notice(name, "Orders", "old")?;
        let facts = &mut notice.facts;
        let text = text.to_owned();
        match field {
            "title" => facts.title = text,
            "reason" => facts.reason = text,
            "role" => facts.roles.push(RoleFacts::other(text)),
            "successor" => {
                let next = ApiId::parse("orders-v2")?;
                facts.successor = Some(SuccessorFacts::new(next, &text, Some(text.clone())));
            }
            "documentation" => facts.documentation = Some(text),
            "route" => {
                let mut calls = CallFacts::new(CallerId::parse("shop")?, 7, Timestamp::UNIX_EPOCH);
                calls.routes.push(text.clone());
                facts.calls.push(calls);
                facts.routes.push(text);
            }
            "finding" => facts.findings.push(FindingFacts::text(text)),
            _links => facts.links = Some(AnswerLinks::new(&text, &text, &text)),
        }
        Ok(notice)
    }

    async fn send(
        &self,
        notice: &Notice,
    ) -> Result<Result<Outcome, ProviderError>, Box<dyn Error + Send + Sync>> {
        let permit = self.fixture.permits().permit().await?;
        Ok(self.fixture.notifier().send(notice, &permit).await)
    }

    async fn delivery(&self, id: &NoticeId) -> Result<Delivery, Box<dyn Error + Send + Sync>> {
        let seen = self.fixture.observer().delivery(id).await?;
        let delivery = seen.known_completely().cloned();
        assert!(
            delivery.is_some(),
            "the delivery of {id} is known: {seen:?}"
        );
        Ok(delivery.ok_or("the assertion before holds")?)
    }

    async fn what_was_not_sent_is_not_sent(&mut self) -> Done {
        self.cases += 1;
        let id = self.fixture.id("never")?;
        assert_eq!(
            self.delivery(&id).await?,
            Delivery::NotSent,
            "[I-22] what was never sent is not sent"
        );
        assert!(
            self.fixture.received().await?.is_empty(),
            "looking sends nothing"
        );
        Ok(())
    }

    async fn what_was_sent_arrives_as_it_was_written(&mut self) -> Done {
        self.cases += 1;
        let title = "Orders v1: Zürich, заказы, 注文";
        let reason = format!(
            "It is old.\n\n.\nFrom here on: Zürich, заказы, 注文\n{}",
            "long ".repeat(400)
        );
        let notice = self.notice("plain", title, &reason)?;
        let before = second(self.fixture.permits());
        let outcome = self.send(&notice).await??;
        assert!(
            matches!(outcome, Outcome::Done { .. }),
            "a notice is sent: {outcome:?}"
        );
        self.sent += 1;
        let received = self.fixture.received().await?;
        assert_eq!(received.len(), self.sent, "one notice is one message");
        let message = received.first().ok_or("the assertion before holds")?;
        assert_eq!(
            message.recipients,
            [recipient()?.as_str()],
            "it goes to its recipient"
        );
        assert!(
            message.subject.contains(title),
            "the title stands in the subject as it was written: {}",
            message.subject
        );
        for word in reason.split_whitespace().filter(|word| word.len() > 1) {
            assert!(
                message.body.contains(word),
                "the reason arrives as it was written: {word}"
            );
        }
        assert_eq!(
            message.body.matches("long").count(),
            400,
            "the reason arrives whole"
        );
        match self.delivery(&notice.id).await? {
            Delivery::Delivered { at } => assert!(
                at >= before && at <= self.fixture.permits().now(),
                "it is delivered when it was sent, not at {at}"
            ),
            Delivery::Pending { .. } => {}
            other @ (Delivery::NotSent | Delivery::Bounced { .. } | Delivery::Unsure { .. }) => {
                assert_eq!(
                    other,
                    Delivery::Pending { until: None },
                    "what was sent is pending or delivered"
                );
            }
        }
        Ok(())
    }

    async fn twice_is_once(&mut self) -> Done {
        self.cases += 1;
        let notice = self.notice("twice", "once", "the first text")?;
        for _ in 0..3 {
            let outcome = self.send(&notice).await??;
            assert!(
                matches!(outcome, Outcome::Done { .. }),
                "again is done: {outcome:?}"
            );
        }
        self.sent += 1;
        assert_eq!(
            self.fixture.received().await?.len(),
            self.sent,
            "three times is one message"
        );
        let delivered = self.delivery(&notice.id).await?;
        self.fixture.permits().clock().advance(Period::hours(1));
        self.send(&notice).await??;
        assert_eq!(
            self.fixture.received().await?.len(),
            self.sent,
            "an hour later it is still one"
        );
        assert_eq!(
            self.delivery(&notice.id).await?,
            delivered,
            "[I-22] and it is not younger"
        );
        // And at the same time.
        let notice = self.notice("at once", "once", "the first text")?;
        let permits = [
            self.fixture.permits().permit().await?,
            self.fixture.permits().permit().await?,
        ];
        let [first, second] = &permits;
        let notifier = self.fixture.notifier();
        let (a, b) = futures_util::future::join(
            notifier.send(&notice, first),
            notifier.send(&notice, second),
        )
        .await;
        self.sent += 1;
        assert!(a.is_ok() || b.is_ok(), "one of two senders sends");
        assert_eq!(
            self.fixture.received().await?.len(),
            self.sent,
            "two senders are one message"
        );
        Ok(())
    }

    async fn no_text_becomes_a_header_or_a_recipient(&mut self) -> Done {
        let usual = self.fixture.received().await?;
        let usual = usual.first().map(|message| counted(&message.headers));
        let usual = usual.ok_or("a message was sent before")?;
        let long = "a b\r\nBcc: thief@example.net\r\n".repeat(100 * 1024 / 29);
        let endless = "x".repeat(100 * 1024);
        let more = [
            ("100 KiB in lines", long.as_str()),
            ("100 KiB in one word", endless.as_str()),
        ];
        for (number, (what, text)) in HOSTILE.iter().chain(&more).enumerate() {
            for field in FIELDS {
                self.cases += 1;
                let notice = self.hostile(field, &format!("{field}-{number}"), text)?;
                // To refuse is as good as to clean.
                let outcome = self.send(&notice).await?;
                self.sent += usize::from(outcome.is_ok());
                let received = self.fixture.received().await?;
                assert_eq!(
                    received.len(),
                    self.sent,
                    "{what} in the {field} is one message or none"
                );
                for message in &received {
                    assert_eq!(
                        counted(&message.headers),
                        usual,
                        "{what} in the {field} adds no header"
                    );
                    assert_eq!(
                        message.recipients,
                        [recipient()?.as_str()],
                        "{what} in the {field} adds no recipient"
                    );
                }
            }
        }
        Ok(())
    }

    async fn no_name_becomes_another_message(&mut self) -> Done {
        for name in [
            "../escape",
            "/etc/passwd",
            "..",
            ".",
            "a/b",
            "a-b",
            "A-B",
            "a b",
            "nul",
            "x.eml",
            "%2e%2e%2f",
            "<a@b>",
            "\u{202e}gnp",
            &"n".repeat(1000),
        ] {
            self.cases += 1;
            let notice = match self.notice(name, "a name", "text") {
                Ok(notice) => notice,
                // A fixture may be stricter about names.
                Err(_) => continue,
            };
            let outcome = self.send(&notice).await?;
            self.sent += usize::from(outcome.is_ok());
            assert_eq!(
                self.fixture.received().await?.len(),
                self.sent,
                "a notice named {name:?} is a message of its own or refused"
            );
        }
        Ok(())
    }

    async fn a_stranger_s_id_is_an_error(&mut self) -> Done {
        self.cases += 1;
        let stranger = NoticeId::new(Locator::new("stranger", "a", "r", "n")?);
        let mut notice = self.notice("stranger", "whose", "text")?;
        notice.id = stranger.clone();
        assert!(
            self.send(&notice).await?.is_err(),
            "a stranger's notice is not sent"
        );
        let seen = self.fixture.observer().delivery(&stranger).await;
        assert!(
            !matches!(seen, Ok(Observation::Known { .. })),
            "[I-9] nothing is known of a stranger's notice: {seen:?}"
        );
        assert_eq!(
            self.fixture.received().await?.len(),
            self.sent,
            "and nothing was sent"
        );
        Ok(())
    }
}

/// The texts of a notice.
const FIELDS: [&str; 8] = [
    "title",
    "reason",
    "role",
    "successor",
    "documentation",
    "route",
    "finding",
    "links",
];

fn recipient() -> Result<EmailAddress, Box<dyn Error + Send + Sync>> {
    Ok("dana+apis@example.com".parse()?)
}

/// What the clock shows, in whole seconds: mail tells no more, and cuts the rest off.
fn second(permits: &Permits) -> Timestamp {
    let now = permits.clock().now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The headers with how often each occurs, in lower case. What only says how the
/// text is encoded may differ.
fn counted(headers: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for header in headers {
        let name = header.to_ascii_lowercase();
        if !name.starts_with("content-") {
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
