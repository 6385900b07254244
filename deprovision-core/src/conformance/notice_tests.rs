//! The suite finds what it is for: a model that keeps all promises passes, and one
//! that breaks any of them does not.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use futures_util::FutureExt as _;

use super::*;
use crate::permit::WritePermit;
use crate::provider::ErrorKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    AgainIsAnother,
    AgainIsYounger,
    LineEndsAreHeaders,
    CommasAreRecipients,
    NullEndsTheText,
    NamesAreFolded,
    StrangersAreSent,
    StrangersAreKnown,
    UnsentIsPending,
    SentIsUnsent,
    NothingArrives,
}

const BUGS: [Bug; 11] = [
    Bug::AgainIsAnother,
    Bug::AgainIsYounger,
    Bug::LineEndsAreHeaders,
    Bug::CommasAreRecipients,
    Bug::NullEndsTheText,
    Bug::NamesAreFolded,
    Bug::StrangersAreSent,
    Bug::StrangersAreKnown,
    Bug::UnsentIsPending,
    Bug::SentIsUnsent,
    Bug::NothingArrives,
];

struct Model {
    bug: Bug,
    permits: Permits,
    sent: Mutex<Vec<(String, Timestamp, ReceivedMessage)>>,
}

impl Model {
    fn key(&self, id: &NoticeId) -> String {
        match self.bug {
            Bug::NamesAreFolded => id.name().to_lowercase().replace(['/', ' '], "-"),
            _ => id.to_string(),
        }
    }

    fn stranger(&self, id: &NoticeId) -> bool {
        id.provider().as_str() != "model"
    }
}

#[async_trait]
impl Notifier for Model {
    async fn send(&self, notice: &Notice, _: &WritePermit) -> Result<Outcome, ProviderError> {
        if self.stranger(&notice.id) && self.bug != Bug::StrangersAreSent {
            return Err(ProviderError::new(ErrorKind::Invalid, "send", "whose?"));
        }
        let mut headers = vec!["To".to_owned(), "Subject".to_owned()];
        let mut recipients = vec![notice.to.email.to_string()];
        let facts = &notice.facts;
        let mut subject = format!("{} goes", facts.title);
        let mut body = facts.reason.clone();
        match self.bug {
            Bug::LineEndsAreHeaders => headers.extend(
                subject
                    .lines()
                    .skip(1)
                    .map(|line| line.chars().take(3).collect()),
            ),
            Bug::CommasAreRecipients => {
                recipients.extend(subject.split(", ").skip(1).map(str::to_owned));
            }
            Bug::NullEndsTheText => subject.truncate(10),
            Bug::NothingArrives => body.clear(),
            _ => {}
        }
        let now = second(&self.permits);
        let key = self.key(&notice.id);
        let mut sent = self.sent.lock().unwrap();
        match sent.iter_mut().find(|(known, _, _)| *known == key) {
            Some((_, at, _)) if self.bug == Bug::AgainIsYounger => *at = now,
            Some(_) if self.bug != Bug::AgainIsAnother => {}
            _ => {
                let message = ReceivedMessage::new(recipients, headers, subject, body);
                sent.push((key, now, message));
            }
        }
        Ok(Outcome::done("model"))
    }
}

#[async_trait]
impl DeliveryObserver for Model {
    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError> {
        if self.stranger(id) && self.bug != Bug::StrangersAreKnown {
            return Err(ProviderError::new(ErrorKind::Invalid, "look", "whose?"));
        }
        let key = self.key(id);
        let sent = self.sent.lock().unwrap();
        let found = sent.iter().find(|(known, _, _)| *known == key);
        let delivery = match (found, self.bug) {
            (None, Bug::UnsentIsPending) => Delivery::Pending { until: None },
            (None, _) | (Some(_), Bug::SentIsUnsent) => Delivery::NotSent,
            (Some((_, at, _)), _) => Delivery::Delivered { at: *at },
        };
        Ok(Observation::complete(delivery, self.permits.clock().now()))
    }
}

#[async_trait]
impl NoticeFixture for Model {
    fn notifier(&self) -> &dyn Notifier {
        self
    }

    fn observer(&self) -> &dyn DeliveryObserver {
        self
    }

    fn permits(&self) -> &Permits {
        &self.permits
    }

    fn id(&self, name: &str) -> Result<NoticeId, Box<dyn Error + Send + Sync>> {
        Ok(NoticeId::new(Locator::new("model", "a", "r", name)?))
    }

    async fn received(&self) -> Result<Vec<ReceivedMessage>, Box<dyn Error + Send + Sync>> {
        let sent = self.sent.lock().unwrap();
        Ok(sent.iter().map(|(_, _, message)| message.clone()).collect())
    }
}

fn model(bug: Bug) -> Model {
    Model {
        bug,
        permits: Permits::new(),
        sent: Mutex::new(Vec::new()),
    }
}

#[tokio::test]
async fn a_notifier_that_keeps_all_promises_passes() {
    assert_eq!(notice(&model(Bug::None)).await.unwrap(), 162);
}

#[tokio::test]
async fn a_notifier_that_breaks_any_promise_is_found() {
    for bug in BUGS {
        let model = model(bug);
        let outcome = AssertUnwindSafe(notice(&model)).catch_unwind().await;
        assert!(outcome.is_err(), "{bug:?} is not found");
    }
}
