//! The end of an API as an entry in a calendar (RFC 5545), sent as RFC 6047 says.
//!
//! It is a `REQUEST` of RFC 5546 and no `PUBLISH`: mail programs replace an entry by a
//! later one of the same `UID`, and take it away, only when it came as an invitation.
//! Nobody has to answer it (`RSVP=FALSE`), and it blocks no time (`TRANSPARENT`).

use deprovision_core::digest::Digest;
use deprovision_core::id::RetirementId;
use deprovision_core::time::Timestamp;

/// One entry.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) retirement: &'a RetirementId,
    pub(super) ends: Option<Timestamp>,
    pub(super) moved: u32,
    pub(super) called_off: bool,
    pub(super) summary: &'a str,
    pub(super) description: &'a str,
    pub(super) url: Option<&'a str>,
}

/// What the entries of one message share.
#[derive(Debug)]
pub(super) struct Invitation<'a> {
    pub(super) domain: &'a str,
    pub(super) organizer: &'a str,
    pub(super) attendee: &'a str,
    pub(super) now: Timestamp,
}

/// A stable word for a retirement, of letters and digits.
pub(super) fn word(retirement: &RetirementId) -> String {
    let digest = Digest::of_bytes(retirement.as_str().as_bytes()).to_hex();
    digest.get(..32).unwrap_or(&digest).to_owned()
}

impl Entry<'_> {
    /// The method, which also stands in the type of the part.
    pub(super) fn method(&self) -> &'static str {
        if self.called_off { "CANCEL" } else { "REQUEST" }
    }

    /// The entry as `text/calendar`.
    pub(super) fn write(&self, invitation: &Invitation<'_>) -> String {
        let mut lines = Lines::default();
        lines.add("BEGIN:VCALENDAR");
        lines.add("VERSION:2.0");
        lines.add("PRODID:-//deprovision//deprovision-notify//EN");
        lines.add(&format!("METHOD:{}", self.method()));
        lines.add("BEGIN:VEVENT");
        lines.add(&format!(
            "UID:retirement-{}@{}",
            word(self.retirement),
            invitation.domain
        ));
        // Calling off is one change more than all moves (RFC 5546, 2.1.4).
        let sequence = self.moved.saturating_add(u32::from(self.called_off));
        lines.add(&format!("SEQUENCE:{sequence}"));
        lines.add(&format!("DTSTAMP:{}", moment(invitation.now)));
        if let Some(ends) = self.ends {
            lines.add(&format!("DTSTART:{}", moment(ends)));
        }
        lines.add(&format!("SUMMARY:{}", escape(self.summary)));
        lines.add(&format!("DESCRIPTION:{}", escape(self.description)));
        if let Some(url) = self.url {
            lines.add(&format!("URL:{url}"));
        }
        lines.add(&format!("ORGANIZER:mailto:{}", invitation.organizer));
        lines.add(&format!(
            "ATTENDEE;ROLE=NON-PARTICIPANT;RSVP=FALSE:mailto:{}",
            invitation.attendee
        ));
        let status = if self.called_off {
            "CANCELLED"
        } else {
            "CONFIRMED"
        };
        lines.add(&format!("STATUS:{status}"));
        lines.add("TRANSP:TRANSPARENT");
        lines.add("END:VEVENT");
        lines.add("END:VCALENDAR");
        lines.0
    }
}

/// A moment, always in UTC: no rules of a time zone to carry along.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text as a value (RFC 5545, 3.3.11).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Lines of at most 75 bytes, longer ones folded between characters (RFC 5545, 3.1).
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, line: &str) {
        let mut length = 0;
        for c in line.chars() {
            if length + c.len_utf8() > 75 {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(c);
            length += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_line_is_folded_between_characters_and_a_text_stays_one_value() {
        let mut lines = Lines::default();
        lines.add(&format!("X:{}", "ü".repeat(80)));
        for line in lines.0.trim_end().split("\r\n") {
            assert!(line.len() <= 75, "{line}");
        }
        assert_eq!(escape("a,b;c\\d\ne\r\0"), "a\\,b\\;c\\\\d\\ne");
    }

    proptest! {
        #[test]
        fn no_text_ends_its_line(text in any::<String>()) {
            let mut lines = Lines::default();
            lines.add(&format!("SUMMARY:{}", escape(&text)));
            let unfolded = lines.0.replace("\r\n ", "");
            prop_assert_eq!(unfolded.matches(['\r', '\n']).count(), 2);
        }
    }
}
