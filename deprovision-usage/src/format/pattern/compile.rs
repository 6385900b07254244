//! From pieces to what the reader walks along.

use std::iter::Peekable;
use std::vec::IntoIter;

use memchr::memmem::Finder;

use super::PatternError;
use super::notation::{Escaping, Piece, pieces};
use super::read::{End, Field, Pattern};
use super::variable::{is_protocol, slot};
use crate::format::draft::Slot;

impl Pattern {
    pub(in crate::format) fn compile(text: &str) -> Result<Self, PatternError> {
        let (escaping, pieces) = pieces(text)?;
        let pattern = Self::assemble(escaping, pieces);
        for (field, next) in pattern.fields.iter().zip(pattern.fields.iter().skip(1)) {
            // Only the last one can reach to the end.
            if field.end == End::OfLine {
                return Err(PatternError::Adjacent {
                    first: field.name.clone(),
                    second: next.name.clone(),
                });
            }
        }
        let has = |wanted: Slot| {
            let mut slots = pattern.fields.iter().filter_map(|field| field.slot);
            slots.any(|(slot, _)| slot == wanted)
        };
        if !has(Slot::Time) {
            return Err(PatternError::NoTime);
        }
        let parts = has(Slot::Method) && has(Slot::Target);
        if !parts && !has(Slot::Request) && !has(Slot::Route) {
            return Err(PatternError::NoRequest);
        }
        Ok(pattern)
    }

    /// A pattern that is known to be one: the text that lines begin with, then
    /// variables with the text behind each.
    pub(super) fn known(escaping: Escaping, begin: &str, fields: &[(&str, &str)]) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| Piece::Text(text.into()));
        let mut pieces: Vec<Piece> = text(begin).into_iter().collect();
        for (variable, behind) in fields {
            pieces.push(Piece::Variable((*variable).to_owned()));
            pieces.extend(text(behind));
        }
        Self::assemble(escaping, pieces)
    }

    fn assemble(escaping: Escaping, pieces: Vec<Piece>) -> Self {
        let mut pieces = joined(pieces).into_iter().peekable();
        let text = |pieces: &mut Peekable<IntoIter<Piece>>| match pieces.peek() {
            Some(Piece::Text(text)) => {
                let text = text.clone();
                pieces.next();
                text
            }
            Some(Piece::Variable(_)) | None => Vec::new(),
        };
        let begin = text(&mut pieces);
        let mut quoted = begin.ends_with(b"\"");
        let mut fields: Vec<Field> = Vec::new();
        while let Some(Piece::Variable(name)) = pieces.next() {
            let behind = text(&mut pieces);
            let next = match pieces.peek() {
                Some(Piece::Variable(name)) => part(name).map(|(slot, _)| slot),
                Some(Piece::Text(_)) | None => None,
            };
            let end = match next {
                Some(Slot::Target) if behind.is_empty() => End::BeforeSlash,
                _ if behind.is_empty() => End::OfLine,
                _ if quoted && behind.starts_with(b"\"") && escaping != Escaping::None => {
                    End::Quote
                }
                Some(Slot::Time) => End::BeforeTime,
                _ if pieces.peek().is_none() => End::LastText,
                _ => End::Text,
            };
            quoted = behind.ends_with(b"\"");
            fields.push(Field {
                slot: part(&name),
                end,
                finder: Finder::new(&behind).into_owned(),
                name,
                names_caller: false,
            });
        }
        keep_best(&mut fields);
        Self {
            begin,
            fields,
            escaping,
        }
    }

    /// The same, where the variable names the caller.
    pub(in crate::format) fn with_caller(mut self, name: &str) -> Result<Self, PatternError> {
        let bare = |name: &str| name.trim_matches(['$', '%', '{', '}']).to_owned();
        let wanted = bare(name);
        let found = self
            .fields
            .iter_mut()
            .find(|field| bare(&field.name) == wanted);
        match found {
            Some(field) => {
                field.names_caller = true;
                Ok(self)
            }
            None => {
                let names = self.fields.iter().map(|field| field.name.as_str());
                Err(PatternError::NoVariable {
                    name: name.to_owned(),
                    has: names.collect::<Vec<_>>().join(", "),
                })
            }
        }
    }
}

/// The name of a request line that a pattern writes as three variables in quotes.
const REQUEST_LINE: &str = "$request_line";

fn part(name: &str) -> Option<(Slot, u8)> {
    if name == REQUEST_LINE {
        return Some((Slot::Request, 0));
    }
    slot(name)
}

/// Makes one request line of `"METHOD TARGET PROTOCOL"`: a target may hold spaces, and
/// only the whole tells where it ends.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let is = |piece: &Piece, wanted: Slot| match piece {
        Piece::Variable(name) => slot(name).is_some_and(|(slot, _)| slot == wanted),
        Piece::Text(_) => false,
    };
    let space = Piece::Text(b" ".to_vec());
    let mut out: Vec<Piece> = Vec::new();
    let mut rest = pieces.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let open = matches!(out.last(), Some(Piece::Text(text)) if text.ends_with(b"\""));
        if let (
            true,
            [
                one,
                target,
                two,
                Piece::Variable(protocol),
                Piece::Text(close),
                ..,
            ],
        ) = (open, after)
            && is(first, Slot::Method)
            && *one == space
            && is(target, Slot::Target)
            && *two == space
            && is_protocol(protocol)
            && close.starts_with(b"\"")
        {
            out.push(Piece::Variable(REQUEST_LINE.to_owned()));
            rest = after.get(4..).unwrap_or_default();
        } else {
            out.push(first.clone());
        }
    }
    out
}

/// Leaves each part to the best of the variables that are it, and the others unread.
fn keep_best(fields: &mut [Field]) {
    let ranks: Vec<Option<(Slot, u8)>> = fields.iter().map(|field| field.slot).collect();
    for (at, field) in fields.iter_mut().enumerate() {
        let Some((slot, rank)) = field.slot else {
            continue;
        };
        let is_beaten = ranks.iter().enumerate().any(|(other_at, other)| {
            other.is_some_and(|(other, other_rank)| {
                other == slot && (other_rank < rank || other_rank == rank && other_at < at)
            })
        });
        if is_beaten {
            field.slot = None;
        }
    }
}
