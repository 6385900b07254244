//! Writing a letter as a message.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deprovision_core::provider::{Notice, NoticeStage};
use deprovision_core::time::Timestamp;
use lettre::Address;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType};
use lettre::message::{Body, MessageBuilder, MultiPart, SinglePart};

use super::calendar::{Entry, Invitation, word};
use super::header::{AutoSubmitted, ListUnsubscribe, ListUnsubscribePost};
use super::quoted::quoted;
use crate::sender::{self, Origin};
use crate::templates::Wording;
use crate::{
    Letter, Message, Sender, SenderError, Sent, TemplateError, Templates, Unsubscribe, text,
};

/// Writes letters as mail (RFC 5322): text, HTML and an entry for the calendar.
///
/// The same letter is the same message, but for its date: its `Message-ID` comes from
/// the letter's key. All messages about one retirement form one thread.
#[derive(Debug, Clone)]
pub struct MailWriter {
    from: Origin,
    templates: Arc<Templates>,
}

/// Why a letter can not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The template fails for this letter.
    #[error("the letter can not be put into words")]
    Template(#[source] TemplateError),
    /// The mail library refuses it.
    #[error("no message can be made of the letter; look at its address and at the clock")]
    Message(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<WriteError> for Sent {
    /// A letter that can not be written is never taken.
    fn from(error: WriteError) -> Self {
        let mut why = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            why = format!("{why}: {inner}");
            source = inner.source();
        }
        Self::Refused { why }
    }
}

/// A message, ready to be sent.
#[derive(Clone)]
pub struct Mail {
    id: String,
    from: Address,
    to: Address,
    words: Message,
    bytes: Vec<u8>,
}

impl fmt::Debug for Mail {
    /// Without what it says: links in it let whoever has them answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("id", &self.id)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl Mail {
    /// Its `Message-ID`, in angle brackets.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The one recipient.
    #[must_use]
    pub fn to(&self) -> &str {
        self.to.as_ref()
    }

    /// What it says.
    #[must_use]
    pub fn words(&self) -> &Message {
        &self.words
    }

    /// The message: ASCII, lines end with CR LF.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The addresses of the envelope: whom it is from, and to.
    pub(crate) fn envelope(&self) -> (&Address, &Address) {
        (&self.from, &self.to)
    }
}

impl MailWriter {
    /// A writer.
    ///
    /// # Errors
    /// [`SenderError`] names the field of the sender that is wrong.
    pub fn new(sender: Sender, templates: Arc<Templates>) -> Result<Self, SenderError> {
        Ok(Self {
            from: sender.try_into()?,
            templates,
        })
    }

    /// The `Message-ID` of the letter with this key, in angle brackets.
    pub(crate) fn message_id(&self, key: &str) -> String {
        format!("<{key}@{}>", self.from.domain)
    }

    /// The domain of the sender.
    pub(crate) fn domain(&self) -> &str {
        self.from.mailbox.email.domain()
    }

    /// Writes the letter.
    ///
    /// # Errors
    /// [`WriteError`]; no later attempt succeeds.
    pub fn write(&self, letter: &Letter, now: Timestamp) -> Result<Mail, WriteError> {
        let wording = self.templates.wording(letter);
        let words = wording.message().map_err(WriteError::Template)?;
        let to = sender::recipient(&letter.to().email)
            .map_err(|error| WriteError::Message(error.into()))?;
        let since_epoch = u64::try_from(now.as_second())
            .map_err(|_| WriteError::Message("the clock is before 1970".into()))?;
        let id = self.message_id(letter.key());
        let address = to.email.clone();
        let builder = lettre::Message::builder()
            .from(self.from.mailbox.clone())
            .to(to)
            .subject(&words.subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch))
            .message_id(Some(id.clone()))
            .header(AutoSubmitted("auto-generated".to_owned()));
        let builder = self.unsubscribe(self.thread(builder, letter));
        let entries = self.entries(letter, &wording, &address, now)?;
        let body = body(letter, &words, entries)?;
        let message = builder
            .multipart(body)
            .map_err(|error| WriteError::Message(error.into()))?;
        Ok(Mail {
            id,
            from: self.from.envelope.clone(),
            to: address,
            words,
            bytes: message.formatted(),
        })
    }

    /// Puts a letter about one retirement into the thread of that retirement. The
    /// thread's first message is none that was ever sent: every letter may be the first
    /// that somebody gets.
    fn thread(&self, mut builder: MessageBuilder, letter: &Letter) -> MessageBuilder {
        if let Some(reply_to) = &self.from.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let mut retirements = letter.notices().iter().map(|n| &n.facts.retirement);
        let Some(Some(first)) = retirements.next() else {
            return builder;
        };
        if retirements.any(|other| other.as_ref() != Some(first)) {
            return builder;
        }
        let thread = format!("<thread-{}@{}>", word(first), self.from.domain);
        builder.in_reply_to(thread.clone()).references(thread)
    }

    fn unsubscribe(&self, builder: MessageBuilder) -> MessageBuilder {
        match &self.from.unsubscribe {
            None => builder,
            Some(Unsubscribe::Mail(address)) => {
                let value = format!("<mailto:{}?subject=unsubscribe>", mailto(address.as_str()));
                builder.header(ListUnsubscribe(value))
            }
            Some(Unsubscribe::Page(url)) => builder.header(ListUnsubscribe(format!("<{url}>"))),
            Some(Unsubscribe::OneClick(url)) => builder
                .header(ListUnsubscribe(format!("<{url}>")))
                .header(ListUnsubscribePost("List-Unsubscribe=One-Click".to_owned())),
        }
    }

    /// The entries for the calendar: one for each retirement that has an end, or that
    /// was called off.
    fn entries(
        &self,
        letter: &Letter,
        wording: &Wording<'_>,
        to: &Address,
        now: Timestamp,
    ) -> Result<Vec<Written>, WriteError> {
        let invitation = Invitation {
            domain: &self.from.domain,
            organizer: self.from.mailbox.email.as_ref(),
            attendee: to.as_ref(),
            now,
        };
        let mut entries = Vec::new();
        for notice in letter.notices() {
            let facts = &notice.facts;
            let called_off = notice.stage == NoticeStage::Withdrawal;
            let (Some(retirement), true) = (&facts.retirement, has_entry(notice)) else {
                continue;
            };
            let words = wording.calendar(notice).map_err(WriteError::Template)?;
            let entry = Entry {
                retirement,
                ends: facts.ends,
                moved: facts.moved,
                called_off,
                summary: &words.summary,
                description: &words.description,
                url: facts.documentation.as_deref().and_then(text::link),
            };
            entries.push(Written {
                method: entry.method(),
                text: entry.write(&invitation),
            });
        }
        Ok(entries)
    }
}

/// The same thing three times, the plainest first (RFC 2046, 5.1.4). Mail programs
/// look for one entry there; several are files beside it.
fn body(
    letter: &Letter,
    words: &Message,
    mut entries: Vec<Written>,
) -> Result<MultiPart, WriteError> {
    // At most 70 characters (RFC 2046, 5.1.1).
    let key: String = letter.key().chars().take(40).collect();
    let boundary = |what: &str| format!("=_{what}-{key}");
    let both = MultiPart::alternative()
        .boundary(boundary("words"))
        .singlepart(written(ContentType::TEXT_PLAIN, &words.text))
        .singlepart(written(ContentType::TEXT_HTML, &words.html));
    if entries.len() > 1 {
        let mut all = MultiPart::mixed().boundary(boundary("all")).multipart(both);
        for (number, entry) in entries.into_iter().enumerate() {
            all = all.singlepart(entry.part(Some(number + 1))?);
        }
        return Ok(all);
    }
    match entries.pop() {
        Some(entry) => Ok(both.singlepart(entry.part(None)?)),
        None => Ok(both),
    }
}

/// Whether a calendar should know: there is an end to come, or it is called off.
fn has_entry(notice: &Notice) -> bool {
    match notice.stage {
        NoticeStage::Announcement
        | NoticeStage::Reminder { .. }
        | NoticeStage::Postponement { .. }
        | NoticeStage::BrownOut { .. }
        | NoticeStage::LastCall => notice.facts.ends.is_some(),
        NoticeStage::Withdrawal => true,
        NoticeStage::Approval { .. }
        | NoticeStage::Closed
        | NoticeStage::Restored
        | NoticeStage::Retired
        | NoticeStage::Unused
        | NoticeStage::Drift
        | NoticeStage::Digest => false,
    }
}

/// An entry as text.
struct Written {
    method: &'static str,
    text: String,
}

impl Written {
    /// The part of a message: the how manieth file, or no file.
    fn part(self, number: Option<usize>) -> Result<SinglePart, WriteError> {
        let kind = format!("text/calendar; charset=utf-8; method={}", self.method);
        let kind = ContentType::parse(&kind).map_err(|error| WriteError::Message(error.into()))?;
        let mut part = SinglePart::builder().header(kind);
        if let Some(number) = number {
            part = part.header(ContentDisposition::attachment(&format!("end-{number}.ics")));
        }
        Ok(part.body(encoded(&self.text)))
    }
}

/// Words as a part of that type.
fn written(kind: ContentType, words: &str) -> SinglePart {
    let body = encoded(&text::body(words));
    SinglePart::builder().header(kind).body(body)
}

/// A text as the body of a part: always quoted-printable, in which an equals sign stands
/// for itself nowhere. What separates the parts begins with one, and so no text that
/// knows it can end its part.
fn encoded(text: &str) -> Body {
    Body::dangerous_pre_encoded(quoted(text), ContentTransferEncoding::QuotedPrintable)
}

/// An address in a `mailto:` (RFC 6068): what could be read as more than an address is
/// encoded.
fn mailto(address: &str) -> String {
    let mut encoded = String::new();
    for c in address.chars() {
        if c.is_ascii_alphanumeric() || "@.-_~+".contains(c) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{:02X}", u32::from(c)));
        }
    }
    encoded
}
