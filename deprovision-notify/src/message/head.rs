//! The header of a message, read back.

use deprovision_core::time::Timestamp;

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
