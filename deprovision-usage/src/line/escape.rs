//! Quoted fields: `"…"` with the escapes that Apache and nginx write.

use std::borrow::Cow;

/// The bytes of the quoted field that `text` begins with, and what follows its
/// closing quote. `None` without an opening and a closing quote.
pub(crate) fn quoted(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let mut escaped = false;
    let mut at = 0;
    loop {
        match inside.get(at)? {
            b'"' => break,
            b'\\' => {
                escaped = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
    let (field, rest) = (inside.get(..at)?, inside.get(at + 1..)?);
    if escaped {
        Some((Cow::Owned(unescape(field)), rest))
    } else {
        Some((Cow::Borrowed(field), rest))
    }
}

/// Undoes `\"`, `\\`, `\xNN` and Apache's `\b \f \n \r \t \v`. A backslash before
/// anything else stands for itself: old servers do not escape it.
pub(crate) fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            out.push(first);
            continue;
        }
        let (plain, used) = match after {
            [b'"', ..] => (b'"', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'b', ..] => (0x08, 1),
            [b'f', ..] => (0x0c, 1),
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b't', ..] => (b'\t', 1),
            [b'v', ..] => (0x0b, 1),
            [b'x', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, 3),
                _ => (b'\\', 0),
            },
            _ => (b'\\', 0),
        };
        out.push(plain);
        rest = after.get(used..).unwrap_or_default();
    }
    out
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
