//! Reading a line.

use std::borrow::Cow;
use std::fmt;

use deprovision_core::time::Timestamp;

use super::escape::{quoted, unescape};
use super::{LineError, LinePart, time};

/// One request, as a log of any format tells it.
///
/// What a log does not tell is `None`, and so is what it writes as `-`.
///
/// `Debug` leaves out what may hold a secret: the query, the referrer, what names
/// a key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine<'a> {
    /// The client's address or name; empty where the log names none.
    pub client: Cow<'a, [u8]>,
    /// The name that the client gave, with the log's escapes undone.
    pub user: Option<Cow<'a, [u8]>>,
    /// The id of the key that the client used. An id, not the key.
    pub key: Option<Cow<'a, [u8]>>,
    /// Whom the client acts for: a token's subject, a principal.
    pub subject: Option<Cow<'a, [u8]>>,
    /// One more field that names the caller, where the format was told of one.
    pub field: Option<Cow<'a, [u8]>>,
    /// When.
    pub at: Timestamp,
    /// The host that the client asked for, as it was written; it may have a port.
    pub host: Option<Cow<'a, [u8]>>,
    /// What was asked for.
    pub request: Request<'a>,
    /// The answer's status.
    pub status: Option<u16>,
    /// How many bytes were sent.
    pub bytes: Option<u64>,
    /// The referrer.
    pub referer: Option<Cow<'a, [u8]>>,
    /// The client's program.
    pub agent: Option<Cow<'a, [u8]>>,
}

impl<'a> LogLine<'a> {
    /// A request of which no more is known than when it was and what was asked for.
    pub(crate) fn new(at: Timestamp, request: Request<'a>) -> Self {
        Self {
            client: Cow::Borrowed(b""),
            user: None,
            key: None,
            subject: None,
            field: None,
            at,
            host: None,
            request,
            status: None,
            bytes: None,
            referer: None,
            agent: None,
        }
    }
}

/// The request line of a request, with the log's escapes undone.
///
/// `Debug` leaves out what may hold a secret: the query, and what is no request line.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request<'a> {
    /// A method on a target.
    Call {
        /// The method, as it was sent.
        method: Cow<'a, [u8]>,
        /// The target, as it was sent: still percent-encoded, with its query.
        target: Cow<'a, [u8]>,
    },
    /// What the server could not read as a request line: a TLS handshake on a
    /// plain port, nothing at all.
    Other(Cow<'a, [u8]>),
}

impl Request<'_> {
    /// The same request without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Request<'static> {
        let own = |bytes: Cow<'_, [u8]>| Cow::Owned(bytes.into_owned());
        match self {
            Self::Call { method, target } => Request::Call {
                method: own(method),
                target: own(target),
            },
            Self::Other(text) => Request::Other(own(text)),
        }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { method, target } => {
                // An absolute target may hold a password before its host.
                let path = match target.first() {
                    Some(b'/') => target.split(|b| *b == b'?').next().unwrap_or_default(),
                    Some(_) | None => b"...",
                };
                let (method, path) = (method.escape_ascii(), path.escape_ascii());
                write!(f, "Call({method} {path})")
            }
            Self::Other(text) => write!(f, "Other({} bytes)", text.len()),
        }
    }
}

impl fmt::Debug for LogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |field: &Option<Cow<'_, [u8]>>| {
            let text = field.as_deref()?.escape_ascii();
            Some(text.to_string())
        };
        f.debug_struct("LogLine")
            .field("client", &self.client.escape_ascii().to_string())
            .field("user", &shown(&self.user))
            .field("at", &self.at)
            .field("host", &shown(&self.host))
            .field("request", &self.request)
            .field("status", &self.status)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Reads one line of the Common or Combined Log Format, without its line feed.
///
/// Fields after the user agent, which many configurations of nginx append, are
/// not looked at.
///
/// ```
/// let line = br#"10.0.0.7 - ak_1 [10/Oct/2026:13:55:36 +0200] "GET /v1/orders HTTP/1.1" 200 12 "-" "curl/8""#;
/// let line = deprovision_usage::parse_line(line)?;
/// assert_eq!(line.user.as_deref(), Some(&b"ak_1"[..]));
/// assert_eq!(line.at.to_string(), "2026-10-10T11:55:36Z");
/// # Ok::<(), deprovision_usage::LineError>(())
/// ```
///
/// # Errors
/// [`LineError`] says which field is wrong, and keeps what came before it.
pub fn parse_line(line: &[u8]) -> Result<LogLine<'_>, LineError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let fail = LineError::new;
    let (client, rest) =
        word(line).ok_or_else(|| fail(LinePart::Client, "is not followed by a space"))?;
    // A crash leaves blocks of NUL, and with them lines that are lost.
    if client.is_empty() || !client.iter().all(u8::is_ascii_graphic) || client.contains(&b'"') {
        return Err(fail(LinePart::Client, "is no address and no name"));
    }
    let (_, rest) =
        word(rest).ok_or_else(|| fail(LinePart::Ident, "is not followed by a space"))?;
    let (user, stamp, rest) = user_and_time(rest)?;
    let at = time::parse(stamp).ok_or_else(|| {
        fail(
            LinePart::Time,
            "is not written as 10/Oct/2026:13:55:36 +0000",
        )
    })?;
    let fail = |part, reason| LineError::new(part, reason).at_time(at);
    let (text, rest) =
        quoted(rest).ok_or_else(|| fail(LinePart::Request, "has no closing quote"))?;
    let request = request(text);
    let rest = space(rest).ok_or_else(|| fail(LinePart::Status, "is missing"))?;
    let (status, rest) = word(rest).ok_or_else(|| fail(LinePart::Size, "is missing"))?;
    let status = match status {
        b"-" => None,
        digits if digits.len() == 3 => {
            Some(number(digits).ok_or_else(|| fail(LinePart::Status, "is not three digits or -"))?)
        }
        _ => return Err(fail(LinePart::Status, "is not three digits or -")),
    };
    let fail = |part, reason| {
        let error = fail(part, reason);
        // With its status behind it the request is whole, unless the line looks
        // like two in one.
        if is_one_line(line) {
            error.with_request(request.clone())
        } else {
            error
        }
    };
    let (size, rest) = word(rest).unwrap_or((rest, b""));
    let bytes = match size {
        b"-" => None,
        digits => Some(number(digits).ok_or_else(|| fail(LinePart::Size, "is not a number or -"))?),
    };
    let (referer, agent) = if rest.is_empty() {
        (None, None)
    } else {
        let (referer, rest) =
            quoted(rest).ok_or_else(|| fail(LinePart::Referer, "is not in quotes"))?;
        let rest = space(rest).ok_or_else(|| fail(LinePart::Agent, "is missing"))?;
        let (agent, rest) =
            quoted(rest).ok_or_else(|| fail(LinePart::Agent, "is not in quotes"))?;
        if !rest.is_empty() && !rest.starts_with(b" ") {
            return Err(fail(
                LinePart::Agent,
                "is followed by something without a space",
            ));
        }
        (given(referer), given(agent))
    };
    Ok(LogLine {
        client: Cow::Borrowed(client),
        user,
        status,
        bytes,
        referer,
        agent,
        ..LogLine::new(at, request)
    })
}

/// Whether a text looks like one line. Where something was lost between two lines (a
/// full disk, a crash, two writers) they are one, with a second time or a second end
/// of a request in it, and may still be well formed.
pub(crate) fn is_one_line(text: &[u8]) -> bool {
    let stamps = text.windows(13).filter(|w| like(w, b"[00/aaa/0000:"));
    // `HTTP/1.1"` and `HTTP/2"`.
    let ends = text
        .windows(9)
        .filter(|w| like(w, b"HTTP/0.0\"") || like(w, b"HTTP/0\""));
    stamps.count() <= 1 && ends.count() <= 1
}

/// Compares with `0` for any digit and `a` for any letter.
fn like(text: &[u8], pattern: &[u8]) -> bool {
    text.iter().zip(pattern).all(|(have, want)| match want {
        b'0' => have.is_ascii_digit(),
        b'a' => have.is_ascii_alphabetic(),
        _ => have == want,
    })
}

/// `user [time] ` before the request's opening quote: the user, the text between
/// the brackets, and the rest from the quote on.
#[expect(
    clippy::type_complexity,
    reason = "three parts of one line, taken apart at once"
)]
fn user_and_time(text: &[u8]) -> Result<(Option<Cow<'_, [u8]>>, &[u8], &[u8]), LineError> {
    // Apache writes an empty name as "", the only quotes before the request.
    let (nameless, text) = match text.strip_prefix(b"\"\"") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // A user name may hold spaces and brackets, but no unescaped quote: the time
    // is the last thing in brackets before the first quote.
    let quote = unescaped_quote(text).unwrap_or(text.len());
    let (head, rest) = text.split_at(quote);
    let bad = |reason| LineError::new(LinePart::Time, reason);
    let open = head
        .windows(2)
        .rposition(|pair| pair == b" [")
        .ok_or_else(|| bad("is not in brackets"))?;
    let (user, stamp) = head.split_at(open);
    let stamp = stamp
        .strip_prefix(b" [")
        .and_then(|stamp| stamp.strip_suffix(b"] "))
        .ok_or_else(|| bad("is not in brackets before the quoted request"))?;
    let user = match (nameless, user) {
        (true, b"") | (false, b"-") => None,
        (true, _) | (false, b"") => {
            return Err(LineError::new(
                LinePart::User,
                "is missing or wrongly quoted",
            ));
        }
        (false, name) if name.contains(&b'\\') => Some(Cow::Owned(unescape(name))),
        (false, name) => Some(Cow::Borrowed(name)),
    };
    Ok((user, stamp, rest))
}

fn unescaped_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Takes the request line apart: the first word is the method, a last word
/// `HTTP/…` the version, and what lies between the target, with its spaces.
pub(crate) fn request(text: Cow<'_, [u8]>) -> Request<'_> {
    match text {
        Cow::Borrowed(text) => match call(text) {
            Some((method, target)) => Request::Call {
                method: Cow::Borrowed(method),
                target: Cow::Borrowed(target),
            },
            None => Request::Other(Cow::Borrowed(text)),
        },
        Cow::Owned(text) => match call(&text) {
            Some((method, target)) => Request::Call {
                method: Cow::Owned(method.to_vec()),
                target: Cow::Owned(target.to_vec()),
            },
            None => Request::Other(Cow::Owned(text)),
        },
    }
}

/// The method and the target of a request line.
pub(crate) fn call(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (method, rest) = word(text)?;
    // Methods are tokens (RFC 9110, section 5.6.2).
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    if method.is_empty() || !method.iter().all(is_token) {
        return None;
    }
    let target = match rest.iter().rposition(|b| *b == b' ') {
        Some(space) if rest.get(space + 1..)?.starts_with(b"HTTP/") => rest.get(..space)?,
        _ => rest,
    };
    let target = target.trim_ascii();
    (!target.is_empty()).then_some((method, target))
}

/// The bytes up to the first space, and what follows it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|b| *b == b' ')?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

fn space(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b" ")
}

fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn given(field: Cow<'_, [u8]>) -> Option<Cow<'_, [u8]>> {
    (field.as_ref() != b"-").then_some(field)
}
