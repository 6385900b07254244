//! Reading a line along a pattern.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::notation::Escaping;
use crate::format::draft::{Certain, Draft, Slot, Twice, dash_version};
use crate::format::json::unescape as unescape_json;
use crate::format::time;
use crate::format::two::is_one_line;
use crate::line::{LineError, LinePart, LogLine, unescape as unescape_hex};

/// What lines look like: a text, then variables with a text behind each.
#[derive(Debug, Clone)]
pub(in crate::format) struct Pattern {
    pub(super) begin: Vec<u8>,
    pub(super) fields: Vec<Field>,
    pub(super) escaping: Escaping,
}

/// A variable and the text behind it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    /// The part that it is, if one that is needed.
    pub(super) slot: Option<(Slot, u8)>,
    pub(super) names_caller: bool,
    pub(super) end: End,
    /// Finds the text behind it.
    pub(super) finder: Finder<'static>,
}

/// Where a variable's value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At the next quote that is not escaped, which begins the text.
    Quote,
    /// Where the text comes next.
    Text,
    /// Where the text is the end of the line.
    LastText,
    /// Where the text comes next with a time behind it: a user's name may hold what
    /// stands before a time.
    BeforeTime,
    /// Before the next slash.
    BeforeSlash,
    /// At the line's end.
    OfLine,
}

impl Pattern {
    /// Reads a line without its line feed.
    pub(in crate::format) fn parse<'a>(&self, line: &'a [u8]) -> Result<LogLine<'a>, LineError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut draft = Draft::default();
        let mut has_status = false;
        let Some(mut rest) = line.strip_prefix(self.begin.as_slice()) else {
            return Err(LineError::new(
                LinePart::Line,
                "does not begin as the pattern does",
            ));
        };
        for (at, field) in self.fields.iter().enumerate() {
            let next = self.fields.get(at + 1);
            let Some((value, after)) = field.cut(rest, next) else {
                let part = field.slot.map_or(LinePart::Line, |(slot, _)| slot.part());
                let error = LineError::new(part, "is not followed by what the pattern has there");
                return Err(draft.fail(error, certain(has_status && is_one_line(line))));
            };
            rest = after;
            let Some(value) = self.plain(field, value) else {
                let error = LineError::new(LinePart::Line, "has an escape that is none");
                return Err(draft.fail(error, Certain::No));
            };
            let Some(value) = value else {
                continue;
            };
            if field.names_caller {
                // Only one field names the caller, so it is never there twice.
                let _ = draft.set(Slot::Field, 0, value.clone());
            }
            if let Some((slot, _)) = field.slot {
                has_status |= slot == Slot::Status;
                if let Err(Twice) = draft.set(slot, 0, value) {
                    return Err(LineError::new(slot.part(), "is there twice"));
                }
            }
        }
        let whole = is_one_line(line);
        if !rest.is_empty() {
            let error = LineError::new(LinePart::Line, "goes on where the pattern ends");
            return Err(draft.fail(error, certain(has_status && whole)));
        }
        if !whole {
            let error = LineError::new(LinePart::Line, "is followed by another one");
            return Err(draft.fail(error, Certain::No));
        }
        draft.finish(certain(has_status))
    }

    /// A value without escapes: `Some(None)` when nobody needs it, `None` when it can
    /// not be.
    #[expect(clippy::option_option, reason = "no value, or no need of one")]
    fn plain<'a>(&self, field: &Field, value: &'a [u8]) -> Option<Option<Cow<'a, [u8]>>> {
        if field.slot.is_none() && !field.names_caller {
            return Some(None);
        }
        let value = if memchr::memchr(b'\\', value).is_none() {
            Cow::Borrowed(value)
        } else {
            match self.escaping {
                Escaping::Hex => Cow::Owned(unescape_hex(value)),
                Escaping::Json => Cow::Owned(unescape_json(value)?),
                Escaping::None => Cow::Borrowed(value),
            }
        };
        Some(Some(match field.slot {
            Some((Slot::Request, _)) => dash_version(value),
            Some(_) | None => value,
        }))
    }
}

impl Field {
    /// The variable's value, and what comes behind the text behind it.
    fn cut<'a>(&self, rest: &'a [u8], next: Option<&Self>) -> Option<(&'a [u8], &'a [u8])> {
        let text = self.finder.needle();
        let end = match self.end {
            End::OfLine => rest.len(),
            End::BeforeSlash => memchr::memchr(b'/', rest)?,
            End::Text => match text {
                [byte] => memchr::memchr(*byte, rest)?,
                _ => self.finder.find(rest)?,
            },
            End::LastText => rest.strip_suffix(text)?.len(),
            End::Quote => closing_quote(rest).filter(|end| {
                let behind = rest.get(*end..);
                behind.is_some_and(|behind| behind.starts_with(text))
            })?,
            End::BeforeTime => self.finder.find_iter(rest).find(|end| {
                let behind = rest.get(end + text.len()..).unwrap_or_default();
                next.is_some_and(|next| next.begins_with_time(behind))
            })?,
        };
        Some((rest.get(..end)?, rest.get(end + text.len()..)?))
    }

    /// Whether this variable, a time, can begin there.
    fn begins_with_time(&self, text: &[u8]) -> bool {
        let value = self.cut(text, None).map(|(value, _)| value);
        value.is_some_and(|value| time::parse(value).is_some())
    }
}

/// How certain a request is, by whether a status was there and the line is one.
fn certain(whole: bool) -> Certain {
    if whole {
        Certain::WithStatus
    } else {
        Certain::No
    }
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        match text.get(found)? {
            b'"' => return Some(found),
            _ => at = found + 2,
        }
    }
}
