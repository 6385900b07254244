//! A letter as a CloudEvent.

use deprovision_core::provider::{Notice, NoticeFacts, NoticeStage};
use deprovision_core::time::Timestamp;
use serde::Serialize;

use crate::Letter;
use crate::post::Answers;

/// A CloudEvent 1.0 in structured JSON mode
/// (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>).
#[derive(Serialize)]
pub(crate) struct Event<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: String,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    stage: NoticeStage,
    person: String,
    notices: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    id: String,
    facts: Facts<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Facts<'a> {
    All(&'a NoticeFacts),
    Without(Box<NoticeFacts>),
}

/// The event of a letter. Its id is the letter's key, so that it is the same event however
/// often it is sent.
pub(crate) fn of<'a>(
    letter: &'a Letter,
    source: &'a str,
    answers: Answers,
    now: Timestamp,
) -> Event<'a> {
    let mut threads = letter.threads().into_iter();
    let subject = match (threads.next(), threads.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    };
    Event {
        specversion: "1.0",
        id: letter.key(),
        source,
        r#type: format!("io.github.deprovision.notice.{}", word(letter.stage())),
        subject,
        time: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        datacontenttype: "application/json",
        data: Data {
            stage: letter.stage(),
            person: letter.to().person.to_string(),
            notices: letter.notices().iter().map(|n| told(n, answers)).collect(),
        },
    }
}

fn told(notice: &Notice, answers: Answers) -> Told<'_> {
    let facts = match answers {
        Answers::Shown => Facts::All(&notice.facts),
        Answers::Withheld => {
            let mut facts = notice.facts.clone();
            facts.links = None;
            Facts::Without(Box::new(facts))
        }
    };
    Told {
        id: notice.id.to_string(),
        facts,
    }
}

/// The stage without its number: a receiver chooses events by their type.
fn word(stage: NoticeStage) -> &'static str {
    match stage {
        NoticeStage::Approval { number: _ } => "approval",
        NoticeStage::Announcement => "announcement",
        NoticeStage::Reminder { days: _ } => "reminder",
        NoticeStage::Postponement { number: _ } => "postponement",
        NoticeStage::BrownOut { number: _ } => "brown-out",
        NoticeStage::LastCall => "last-call",
        NoticeStage::Closed => "closed",
        NoticeStage::Restored => "restored",
        NoticeStage::Retired => "retired",
        NoticeStage::Withdrawal => "withdrawal",
        NoticeStage::Unused => "unused",
        NoticeStage::Drift => "drift",
        NoticeStage::Digest => "digest",
    }
}
