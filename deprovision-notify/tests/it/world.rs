//! An outbox in a directory of its own, and a reader of its messages that shares no
//! code with it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use deprovision_core::catalog::Contact;
use deprovision_core::conformance::{Permits, ReceivedMessage};
use deprovision_core::id::{ApiId, PersonId};
use deprovision_core::provider::{
    Notice, NoticeFacts, NoticeStage, Notifier, Outcome, ProviderError,
};
use deprovision_core::resource::NoticeId;
use deprovision_notify::{Outbox, OutboxConfig};
use mail_parser::{Address, MessageParser};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) permits: Permits,
    pub(crate) outbox: Outbox,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let permits = Permits::new();
        let outbox = Outbox::open(config(&directory), permits.clock().clone()).unwrap();
        Self {
            directory,
            permits,
            outbox,
        }
    }

    /// Another process at the same outbox.
    pub(crate) fn again(&self) -> Outbox {
        Outbox::open(config(&self.directory), self.permits.clock().clone()).unwrap()
    }

    pub(crate) fn id(&self, name: &str) -> NoticeId {
        self.outbox.notice_id(name).unwrap()
    }

    pub(crate) fn notice(&self, name: &str) -> Notice {
        notice(self.id(name))
    }

    pub(crate) async fn send(&self, notice: &Notice) -> Result<Outcome, ProviderError> {
        let permit = self.permits.permit().await.unwrap();
        self.outbox.send(notice, &permit).await
    }

    /// The names of all that is in the outbox.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        std::fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("outbox")
    }

    /// The messages, oldest name first.
    pub(crate) fn messages(&self) -> Vec<ReceivedMessage> {
        let names = self.names();
        // Nothing else is there, in the outbox or beside it.
        assert!(
            names
                .iter()
                .all(|name| name.ends_with(".eml") || name == ".lock"),
            "{names:?}"
        );
        assert_eq!(std::fs::read_dir(self.directory.path()).unwrap().count(), 1);
        names
            .iter()
            .filter(|name| name.ends_with(".eml"))
            .map(|name| parse(&std::fs::read(self.path().join(name)).unwrap()))
            .collect()
    }
}

/// A notice to Dana.
pub(crate) fn notice(id: NoticeId) -> Notice {
    let dana = Contact::new(
        PersonId::parse("dana").unwrap(),
        "dana@example.com".parse().unwrap(),
    );
    let mut facts = NoticeFacts::new(ApiId::parse("orders-v1").unwrap(), "Orders v1");
    facts.reason = "it is old".to_owned();
    Notice::new(id, NoticeStage::Announcement, dana, facts)
}

pub(crate) fn config(directory: &TempDir) -> OutboxConfig {
    let path = directory.path().join("outbox");
    OutboxConfig::new(path, "shop", "apis@example.com".parse().unwrap())
}

/// Reads a message with `mail-parser`, and its lines with our own eyes.
pub(crate) fn parse(bytes: &[u8]) -> ReceivedMessage {
    strict_lines(bytes);
    let message = MessageParser::new().parse(bytes).unwrap();
    let addresses = |field: Option<&Address<'_>>| {
        let all = field.map(|field| field.iter().map(|a| a.address().unwrap().to_owned()));
        all.into_iter().flatten().collect::<Vec<String>>()
    };
    let recipients = [
        message.to(),
        message.cc(),
        message.bcc(),
        message.resent_to(),
    ];
    ReceivedMessage::new(
        recipients.into_iter().flat_map(addresses).collect(),
        message
            .headers()
            .iter()
            .map(|h| h.name().to_owned())
            .collect(),
        message.subject().unwrap_or_default(),
        message.body_text(0).unwrap_or_default().into_owned(),
    )
}

/// RFC 5322: ASCII, lines of at most 998 bytes that end with CR LF, no lone CR or LF
/// and no NUL.
fn strict_lines(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii());
    assert!(text.ends_with("\r\n"), "{:?}", &text[text.len() - 20..]);
    for line in text.split("\r\n") {
        assert!(line.len() <= 998);
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
    }
}
