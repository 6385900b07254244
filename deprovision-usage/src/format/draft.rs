//! A record while its line is read: the parts as the log writes them.

use std::borrow::Cow;

use super::time;
use crate::line::{LineError, LinePart, LogLine, Request, request};

/// A part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Time,
    /// The whole request line.
    Request,
    Method,
    Target,
    /// A method and a route's template, as API Gateway's `$context.routeKey`.
    Route,
    Host,
    Status,
    Bytes,
    Client,
    /// The chain of `X-Forwarded-For`.
    Forwarded,
    User,
    Key,
    Subject,
    /// The field that the reader was told to take for the caller's name.
    Field,
    Referer,
    Agent,
}

pub(super) const SLOTS: usize = 16;

impl Slot {
    /// What an error calls it.
    pub(super) fn part(self) -> LinePart {
        match self {
            Self::Time => LinePart::Time,
            Self::Request | Self::Method | Self::Target | Self::Route => LinePart::Request,
            Self::Status => LinePart::Status,
            Self::Bytes => LinePart::Size,
            Self::Client => LinePart::Client,
            Self::User => LinePart::User,
            Self::Referer => LinePart::Referer,
            Self::Agent => LinePart::Agent,
            Self::Host | Self::Forwarded | Self::Key | Self::Subject | Self::Field => {
                LinePart::Line
            }
        }
    }
}

/// A part's text, where there is one.
type Value<'a> = Option<Cow<'a, [u8]>>;

/// The parts of one record so far.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    values: [Value<'a>; SLOTS],
    ranks: [u8; SLOTS],
}

/// When an error may keep the request: it must be this line's, whatever is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certain {
    /// Never.
    No,
    /// When the line has a sound status as well: with something lost before the
    /// request, another field would be taken for it, and another one for the status.
    WithStatus,
    /// Always: the parts have names.
    Yes,
}

/// A part came twice in one record: two records run into each other.
#[derive(Debug)]
pub(super) struct Twice;

impl<'a> Draft<'a> {
    /// Takes a part. Of several that a log has for one, that of the lowest rank
    /// stays. `-` and nothing are no part, but for a request line, which a server
    /// writes so when it could not read it.
    pub(super) fn set(&mut self, slot: Slot, rank: u8, value: Cow<'a, [u8]>) -> Result<(), Twice> {
        if matches!(value.as_ref(), [] | [b'-']) && slot != Slot::Request {
            return Ok(());
        }
        let at = slot as usize;
        let (Some(kept), Some(kept_rank)) = (self.values.get_mut(at), self.ranks.get_mut(at))
        else {
            return Ok(());
        };
        match kept {
            Some(_) if *kept_rank == rank => return Err(Twice),
            Some(_) if *kept_rank < rank => {}
            Some(_) | None => {
                *kept = Some(value);
                *kept_rank = rank;
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self, slot: Slot) -> Value<'a> {
        self.values.get_mut(slot as usize)?.take()
    }

    /// An error of the line, with the time and, when it is certain, the request.
    pub(super) fn fail(mut self, error: LineError, certain: Certain) -> LineError {
        let at = self.take(Slot::Time).and_then(|text| time::parse(&text));
        let error = at.into_iter().fold(error, LineError::at_time);
        let status = self.status();
        match self.request() {
            Ok((request, _)) if is_certain(certain, &status) => error.with_request(request),
            Ok(_) | Err(_) => error,
        }
    }

    /// The record. `certain` says when an error may keep the request.
    pub(super) fn finish(mut self, certain: Certain) -> Result<LogLine<'a>, LineError> {
        let at = match self.take(Slot::Time) {
            None => Err(LineError::new(LinePart::Time, "is missing")),
            Some(text) => time::parse(&text).ok_or_else(|| {
                LineError::new(
                    LinePart::Time,
                    "is none of 10/Oct/2026:13:55:36 +0000, RFC 3339 and a count since 1970",
                )
            }),
        };
        let (status, bytes) = (self.status(), self.bytes());
        let kept = is_certain(certain, &status);
        let (request, named) = match (self.request(), &at) {
            (Ok(request), _) => request,
            // The first thing that is wrong is told.
            (Err(_), Err(error)) => return Err(error.clone()),
            (Err(error), Ok(at)) => return Err(error.at_time(*at)),
        };
        let parts = at.and_then(|at| match (status, bytes) {
            (Ok(status), Ok(bytes)) => Ok((at, status, bytes)),
            (Err(error), _) | (_, Err(error)) => Err(error.at_time(at)),
        });
        let (at, status, bytes) = match parts {
            Ok(parts) => parts,
            Err(error) if kept => return Err(error.with_request(request)),
            Err(error) => return Err(error),
        };
        Ok(LogLine {
            client: self.client(),
            user: self.take(Slot::User),
            key: self.take(Slot::Key),
            subject: self.take(Slot::Subject),
            field: self.take(Slot::Field),
            host: named.or_else(|| self.take(Slot::Host)),
            status,
            bytes,
            referer: self.take(Slot::Referer),
            agent: self.take(Slot::Agent),
            ..LogLine::new(at, request)
        })
    }

    /// The request, and the host that its target names.
    fn request(&mut self) -> Result<(Request<'a>, Value<'a>), LineError> {
        let line = self.take(Slot::Request).map(request);
        let parts = (self.take(Slot::Method), self.take(Slot::Target));
        let call = match (line, parts) {
            (Some(Request::Call { method, target }), _) => Request::Call { method, target },
            (Some(Request::Other(_)) | None, (Some(method), Some(target))) => {
                Request::Call { method, target }
            }
            (Some(other), _) => other,
            (None, (method, target)) => match (self.take(Slot::Route), method, target) {
                (Some(route), _, _) => request(route),
                (None, None, Some(_)) => {
                    return Err(LineError::new(LinePart::Request, "has no method"));
                }
                (None, Some(_), _) => {
                    return Err(LineError::new(LinePart::Request, "has no target"));
                }
                (None, None, None) => {
                    return Err(LineError::new(LinePart::Request, "is missing"));
                }
            },
        };
        Ok(match call {
            // What a load balancer writes for a request that it could not read.
            Request::Call { method, .. } if matches!(method.as_ref(), [b'-']) => {
                (Request::Other(method), None)
            }
            Request::Call { method, target } => {
                let (host, target) = split(target);
                (Request::Call { method, target }, host)
            }
            other @ Request::Other(_) => (other, None),
        })
    }

    fn status(&mut self) -> Result<Option<u16>, LineError> {
        let Some(text) = self.take(Slot::Status) else {
            return Ok(None);
        };
        match number(&text).and_then(status) {
            Some(0) => Ok(None),
            Some(status) => Ok(Some(status)),
            None => Err(LineError::new(LinePart::Status, "is not three digits or -")),
        }
    }

    fn bytes(&mut self) -> Result<Option<u64>, LineError> {
        match self.take(Slot::Bytes) {
            None => Ok(None),
            Some(text) => number(&text)
                .map(Some)
                .ok_or_else(|| LineError::new(LinePart::Size, "is not a number or -")),
        }
    }

    /// The client's address without its port, else the last of those that forwarded
    /// the request: the only one that a proxy wrote and not the client itself.
    fn client(&mut self) -> Cow<'a, [u8]> {
        let client = self.take(Slot::Client).map(|client| trim(client, portless));
        client
            .or_else(|| Some(trim(self.take(Slot::Forwarded)?, last_hop)))
            .unwrap_or_default()
    }
}

fn is_certain(certain: Certain, status: &Result<Option<u16>, LineError>) -> bool {
    match certain {
        Certain::No => false,
        Certain::WithStatus => status.is_ok(),
        Certain::Yes => true,
    }
}

/// Keeps a part of a text, borrowed when the text is.
fn trim<'a>(text: Cow<'a, [u8]>, part: impl Fn(&[u8]) -> &[u8]) -> Cow<'a, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(part(text)),
        Cow::Owned(text) => Cow::Owned(part(&text).to_vec()),
    }
}

/// The last of the addresses of `X-Forwarded-For`.
pub(super) fn last_hop(chain: &[u8]) -> &[u8] {
    let last = chain.rsplit(|b| *b == b',').next().unwrap_or_default();
    portless(last.trim_ascii())
}

/// `10.0.0.7:4711` and `[::1]:4711` without the port.
pub(super) fn portless(client: &[u8]) -> &[u8] {
    if let Some(literal) = client.strip_prefix(b"[") {
        let end = literal.iter().position(|b| *b == b']');
        return end.and_then(|end| literal.get(..end)).unwrap_or(client);
    }
    let colon = memchr::memchr(b':', client);
    match colon.and_then(|colon| client.split_at_checked(colon)) {
        Some((host, [_, port @ ..])) if port.iter().all(u8::is_ascii_digit) => host,
        _ => client,
    }
}

/// Takes the host out of a target `https://user@host:port/path`. The host is what a
/// server goes by (RFC 9112, section 3.2.2), whatever the host header says.
fn split(target: Cow<'_, [u8]>) -> (Value<'_>, Cow<'_, [u8]>) {
    match target {
        Cow::Borrowed(text) => match absolute(text) {
            Some((host, path)) => (Some(Cow::Borrowed(host)), Cow::Borrowed(path)),
            None => (None, Cow::Borrowed(text)),
        },
        Cow::Owned(text) => match absolute(&text) {
            Some((host, path)) => (Some(Cow::Owned(host.to_vec())), Cow::Owned(path.to_vec())),
            None => (None, Cow::Owned(text)),
        },
    }
}

fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
    if target.starts_with(b"/") {
        return None;
    }
    let colon = memchr::memmem::find(target, b"://")?;
    let (scheme, rest) = (target.get(..colon)?, target.get(colon + 3..)?);
    let known: [&[u8]; 4] = [b"http", b"https", b"ws", b"wss"];
    if !known.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let end = rest
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    // What stands before the @ may be a password.
    let host = authority.rsplit(|b| *b == b'@').next()?;
    let path = match path.first() {
        Some(b'/') => path,
        // Only a query, or nothing.
        Some(_) | None => b"/",
    };
    (!host.is_empty()).then_some((host, path))
}

/// A number as a status, zero for none, which is also Envoy's word for an answer that
/// was never begun.
pub(super) fn status(number: u64) -> Option<u16> {
    let status = u16::try_from(number).ok()?;
    matches!(status, 0 | 100..=999).then_some(status)
}

pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut value = 0u64;
    for byte in digits {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

/// A request line without the `-` that stands for a protocol nobody spoke.
pub(super) fn dash_version(line: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let Some(short) = line.strip_suffix(b" -").map(<[u8]>::len) else {
        return line;
    };
    match line {
        Cow::Borrowed(line) => Cow::Borrowed(line.get(..short).unwrap_or_default()),
        Cow::Owned(mut line) => {
            line.truncate(short);
            Cow::Owned(line)
        }
    }
}
