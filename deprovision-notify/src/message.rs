//! The message of a notice, written and read back.

use std::error::Error;
use std::time::{Duration, SystemTime};

use deprovision_core::catalog::EmailAddress;
use deprovision_core::provider::Notice;
use deprovision_core::resource::NoticeId;
use deprovision_core::time::Timestamp;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::{Address, Message};

use crate::file_name::key;
use crate::{text, words};

/// `Auto-Submitted: auto-generated` (RFC 3834): no out-of-office reply, please.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// An address as the mail library takes it.
pub(crate) fn mailbox(address: &EmailAddress) -> Result<Mailbox, lettre::address::AddressError> {
    Ok(Mailbox::new(None, address.as_str().parse::<Address>()?))
}

/// The message id of a notice: the same each time.
pub(crate) fn message_id(id: &NoticeId, domain: &str) -> String {
    format!("<{}@{domain}>", key(id))
}

/// The message of a notice, as bytes of a file.
pub(crate) fn write(
    notice: &Notice,
    from: Mailbox,
    domain: &str,
    now: Timestamp,
) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let (subject, body) = words::of(notice);
    let since_epoch = u64::try_from(now.as_second()).map_err(|_| "the clock is before 1970")?;
    let message = Message::builder()
        .from(from)
        .to(mailbox(&notice.to.email)?)
        .subject(text::subject(&subject))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch))
        .message_id(Some(message_id(&notice.id, domain)))
        .header(AutoSubmitted)
        .singlepart(SinglePart::plain(text::body(&body)))?;
    Ok(message.formatted())
}

/// What a file says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) message_id: Option<String>,
    pub(crate) date: Option<Timestamp>,
}

/// Reads the header of a message that we wrote. Of a header that is there twice,
/// nothing is believed.
pub(crate) fn read_head(message: &[u8]) -> Head {
    let text = String::from_utf8_lossy(message);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let one = |name: &str| {
        let mut values = head.split("\r\n").filter_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        values.next().filter(|_| values.next().is_none())
    };
    Head {
        message_id: one("Message-ID").map(str::to_owned),
        date: one("Date").and_then(|date| {
            jiff::fmt::rfc2822::DateTimeParser::new()
                .parse_timestamp(date)
                .ok()
        }),
    }
}
