//! Access logs of AWS Application Load Balancers.

use std::borrow::Cow;

use super::draft::{Certain, Draft, Slot, Twice, dash_version};
use super::two::is_one_line;
use crate::line::{LineError, LinePart, LogLine, Request, quoted, request};

/// The kinds of entries, which a line begins with.
const KINDS: [&[u8]; 6] = [b"http", b"https", b"h2", b"grpcs", b"ws", b"wss"];

/// The fields of an entry up to the last that is needed, in their order. AWS, *Access
/// logs for your Application Load Balancer*, section *Syntax*; it asks readers to
/// expect more fields at the end, which are not looked at.
const FIELDS: [(LinePart, Option<Slot>); 14] = [
    (LinePart::Line, None),
    // When the answer was made, or the connection of a web socket closed.
    (LinePart::Time, Some(Slot::Time)),
    (LinePart::Line, None),
    (LinePart::Client, Some(Slot::Client)),
    // The target, and three durations, which are -1 when no answer came.
    (LinePart::Line, None),
    (LinePart::Line, None),
    (LinePart::Line, None),
    (LinePart::Line, None),
    (LinePart::Status, Some(Slot::Status)),
    // The target's own status.
    (LinePart::Line, None),
    (LinePart::Line, None),
    (LinePart::Size, Some(Slot::Bytes)),
    (LinePart::Request, Some(Slot::Request)),
    (LinePart::Agent, Some(Slot::Agent)),
];

/// Reads an entry without its line feed.
pub(super) fn parse(line: &[u8]) -> Result<LogLine<'_>, LineError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut draft = Draft::default();
    let mut rest = line;
    let mut kind = None;
    for (part, slot) in FIELDS {
        // With something lost before it another field would be taken for the request.
        let in_quotes = matches!(part, LinePart::Request | LinePart::Agent);
        let found = field(rest).filter(|_| !in_quotes || rest.first() == Some(&b'"'));
        let Some((value, after)) = found else {
            let certain = match part {
                LinePart::Agent if is_one_line(line) => Certain::WithStatus,
                _ => Certain::No,
            };
            let error = LineError::new(part, "is missing or not in its quotes");
            return Err(draft.fail(error, certain));
        };
        rest = after;
        if kind.get_or_insert_with(|| KINDS.contains(&value.as_ref())) == &false {
            let reason = "does not begin with http, https, h2, grpcs, ws or wss";
            return Err(LineError::new(LinePart::Line, reason));
        }
        let Some(slot) = slot else {
            continue;
        };
        let value = match slot {
            Slot::Request => dash_version(value),
            _ => value,
        };
        if slot == Slot::Request && !is_request(&value) {
            let error = LineError::new(part, "is not a method, a URL and a protocol");
            return Err(draft.fail(error, Certain::No));
        }
        if let Err(Twice) = draft.set(slot, 0, value) {
            return Err(LineError::new(part, "is there twice"));
        }
    }
    if !is_one_line(line) {
        let error = LineError::new(LinePart::Line, "is followed by another one");
        return Err(draft.fail(error, Certain::No));
    }
    draft.finish(Certain::WithStatus)
}

/// Whether a field is `METHOD URL`. The URL has no space: with one, the beginning of
/// one request runs into another.
fn is_request(field: &[u8]) -> bool {
    match request(Cow::Borrowed(field)) {
        Request::Call { target, .. } => memchr::memchr(b' ', &target).is_none(),
        Request::Other(_) => false,
    }
}

/// The field that a text begins with, in quotes or not, and what follows it.
fn field(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    if text.first() == Some(&b'"') {
        let (value, rest) = quoted(text)?;
        return match rest {
            b"" => Some((value, rest)),
            _ => Some((value, rest.strip_prefix(b" ")?)),
        };
    }
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    let value = text.get(..end).filter(|value| !value.is_empty())?;
    Some((
        Cow::Borrowed(value),
        text.get(end + 1..).unwrap_or_default(),
    ))
}
