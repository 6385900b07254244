//! The usual line of the Common and Combined Log Format, read in one go.
//!
//! It takes only lines of the plainest shape: of at least 64 bytes, with nothing
//! escaped, and which can not be two lines run into one. All others are for
//! [`parse_line`]. A property test holds the two together.
//!
//! [`parse_line`]: super::parse_line

use memchr::memchr2;

use super::bits::{digits, equal, mask, within};
use super::path::{PathCut, is_escaped};
use super::plain::PlainLine;
use super::time::Stamps;
use crate::route::index;

/// Reads a line of the plainest shape, and cuts its path on the way.
pub(crate) fn fast_line<'a>(
    line: &'a [u8],
    stamps: &mut Stamps,
    cut: &mut PathCut,
) -> Option<PlainLine<'a>> {
    let (client, user, rest) = head(line)?;
    let (stamp, rest) = rest.split_at_checked(28)?;
    let stamp = stamp.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let at = stamps.second(stamp)?;
    let rest = rest.strip_prefix(b" \"")?;
    let (method, rest) = method(rest)?;
    let text = rest;
    let (target, rest) = text.split_at_checked(cut.cut(text))?;
    // A path that stands for itself has nothing of this.
    if !(cut.plain && cut.whole) {
        let trimmed = target.trim_ascii().len() < target.len();
        if target.is_empty() || trimmed || is_escaped(target) {
            return None;
        }
    }
    let rest = match rest {
        [
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            major,
            b'.',
            minor,
            b'"',
            b' ',
            rest @ ..,
        ] if major.is_ascii_digit() && minor.is_ascii_digit() => rest,
        [
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            major,
            b'"',
            b' ',
            rest @ ..,
        ] if major.is_ascii_digit() => rest,
        _ => return None,
    };
    let (status, rest) = match rest {
        [a, b, c, b' ', rest @ ..]
            if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit() =>
        {
            let digit = |byte: &u8| u16::from(*byte - b'0');
            (digit(a) * 100 + digit(b) * 10 + digit(c), rest)
        }
        _ => return None,
    };
    let (bytes, rest) = size(rest)?;
    let agent = match rest {
        [] | [b'\r'] => &[][..],
        [b' ', b'"', rest @ ..] => {
            let (_, rest) = plain_quoted(rest)?;
            let (agent, rest) = plain_quoted(rest.strip_prefix(b" \"")?)?;
            match rest {
                [] | [b'\r'] => {}
                // More fields; in one that may be a second line is looked closer.
                [b' ', rest @ ..] if memchr2(b'[', b'\\', rest).is_none() => {}
                _ => return None,
            }
            agent
        }
        _ => return None,
    };
    let none_for_dash = |text: &'a [u8]| if text == b"-" { &[][..] } else { text };
    Some(PlainLine {
        client,
        user: none_for_dash(user),
        // The format has none of these.
        key: &[],
        subject: &[],
        field: &[],
        host: &[],
        at,
        method,
        target,
        text,
        status,
        bytes,
        agent: none_for_dash(agent),
    })
}

/// The client, the user, and what follows the user's space, when these are in the
/// first bytes and plain words, and `-` is between them.
#[inline]
fn head(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    // Most are in the first half.
    let (halves, _) = line.first_chunk::<64>()?.as_chunks::<32>();
    let (mut spaces, mut strange, mut shift) = (0u64, 0u64, 0);
    for half in halves {
        let of_half = mask(half, |bytes| equal(bytes, b' '));
        spaces |= u64::from(of_half) << shift;
        let of_half = mask(half, |bytes| {
            !within(bytes, b' ', b'~')
                | equal(bytes, b'"')
                | equal(bytes, b'[')
                | equal(bytes, b'\\')
        });
        strange |= u64::from(of_half) << shift;
        shift += 32;
        let client_end = spaces.trailing_zeros();
        let user_start = client_end + 3;
        let behind = u64::MAX.checked_shl(user_start).unwrap_or(0);
        let user_end = (spaces & behind).trailing_zeros();
        if user_end >= 64 {
            continue;
        }
        let before = 1u64.checked_shl(user_end)?.wrapping_sub(1);
        if client_end == 0 || user_end == user_start || strange & before != 0 {
            return None;
        }
        let (client, rest) = line.split_at_checked(index(client_end))?;
        let rest = rest.strip_prefix(b" - ")?;
        let (user, rest) = rest.split_at_checked(index(user_end - user_start))?;
        return Some((client, user, rest.get(1..)?));
    }
    None
}

/// The method, of at most seven letters, and what follows its space.
fn method(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let word = u64::from_le_bytes(*text.first_chunk()?);
    // The first byte that is a space: it is zero after this.
    let apart = word ^ 0x2020_2020_2020_2020;
    let zero = apart.wrapping_sub(0x0101_0101_0101_0101) & !apart & 0x8080_8080_8080_8080;
    let length = zero.trailing_zeros() / 8;
    let (method, rest) = text.split_at_checked(index(length))?;
    let rest = rest.strip_prefix(b" ")?;
    (length > 0 && method.iter().all(u8::is_ascii_uppercase)).then_some((method, rest))
}

/// The field up to the closing quote, when nothing in it is escaped.
fn plain_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr2(b'"', b'\\', text)?;
    let (field, rest) = text.split_at_checked(end)?;
    Some((field, rest.strip_prefix(b"\"")?))
}

/// The size, zero for `-`, and what follows it.
fn size(text: &[u8]) -> Option<(u64, &[u8])> {
    if let Some(rest) = text.strip_prefix(b"-") {
        return Some((0, rest));
    }
    let (count, value) = match text.first_chunk() {
        Some(first) => digits(first),
        None => {
            let mut padded = [b' '; 8];
            for (byte, of) in padded.iter_mut().zip(text) {
                *byte = *of;
            }
            digits(&padded)
        }
    };
    // Eight may not be all.
    (1..8)
        .contains(&count)
        .then(|| (value, text.get(index(count)..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Request, is_one_line, parse_line};
    use proptest::prelude::*;

    #[track_caller]
    fn agrees(line: &[u8], stamps: &mut Stamps) -> bool {
        let Some(fast) = fast_line(line, stamps, &mut PathCut::default()) else {
            return false;
        };
        let slow = parse_line(line).unwrap();
        assert!(is_one_line(line));
        assert_eq!(fast.client, &*slow.client);
        assert_eq!(fast.user, slow.user.as_deref().unwrap_or_default());
        assert_eq!(fast.at, slow.at.as_second());
        assert_eq!((fast.status != 0).then_some(fast.status), slow.status);
        assert_eq!(fast.bytes, slow.bytes.unwrap_or(0));
        assert_eq!(fast.agent, slow.agent.as_deref().unwrap_or_default());
        match slow.request {
            Request::Call { method, target } => {
                assert_eq!(fast.method, &*method);
                assert_eq!(fast.target, &*target);
            }
            Request::Other(_) => panic!("no request"),
        }
        true
    }

    const USUAL: &str = r#"10.0.0.7 - ak_1 [10/Oct/2026:13:55:36 +0200] "GET /v1/orders?x=1 HTTP/1.1" 200 12 "-" "curl/8""#;

    #[test]
    fn usual_lines_are_read() {
        let mut stamps = Stamps::default();
        for line in [
            USUAL,
            r#"::1 - - [10/Oct/2026:13:55:36 +0000] "GET /v1/orders/7 HTTP/2" 200 -"#,
            r#"h - a@b [01/Jan/2026:00:00:00 -0130] "DELETE /x HTTP/1.0" 404 0 "http://a/" "-" "10.0.0.9" 0.001"#,
            "h - a@b [01/Jan/2026:00:00:00 -0130] \"GET /x HTTP/1.0\" 404 0 \"\" \"\"\r",
        ] {
            assert!(agrees(line.as_bytes(), &mut stamps), "{line}");
        }
    }

    #[test]
    fn two_lines_in_one_are_never_read() {
        let mut stamps = Stamps::default();
        let other = USUAL.replace("10.0.0.7", "10.0.0.8");
        for cut in 1..USUAL.len() {
            let both = format!("{}{other}", USUAL.get(..cut).unwrap());
            // Only where no second time can be told it is one line for all anybody knows.
            if let Some(fast) = fast_line(both.as_bytes(), &mut stamps, &mut PathCut::default()) {
                assert!(is_one_line(both.as_bytes()), "{both} {fast:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_general_reader_reads(
            edits in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
                Just(b'"'), Just(b' '), Just(b'\\'), Just(b'['), Just(b']'), Just(b'-'), Just(b'\r'), any::<u8>(),
            ], 0u8..3), 0..4),
        ) {
            let mut line = USUAL.as_bytes().to_vec();
            for (at, byte, how) in edits {
                let at = at.index(line.len());
                match how {
                    0 => line[at] = byte,
                    1 => line.insert(at, byte),
                    _ => { line.remove(at); }
                }
            }
            agrees(&line, &mut Stamps::default());
        }

        #[test]
        fn a_second_of_any_zone_is_read_alike(
            seconds in prop::collection::vec(0i64..4_000_000_000, 1..5), hour in -14i32..15, minute in 0i32..60,
        ) {
            let mut stamps = Stamps::default();
            let offset = jiff::tz::Offset::from_seconds((hour * 60 + minute) * 60).unwrap();
            for second in seconds {
                let at = deprovision_core::time::Timestamp::from_second(second).unwrap();
                let local = offset.to_datetime(at).strftime("%d/%b/%Y:%H:%M:%S").to_string();
                let (sign, total) = if offset.seconds() < 0 { ('-', -offset.seconds()) } else { ('+', offset.seconds()) };
                let stamp = format!("{local} {sign}{:02}{:02}", total / 3600, total / 60 % 60);
                let line = USUAL.replace("10/Oct/2026:13:55:36 +0200", &stamp);
                prop_assert!(agrees(line.as_bytes(), &mut stamps), "{}", line);
            }
        }
    }
}
