//! The times that logs write, told apart by their look.

use deprovision_core::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::line::{Stamps, clf_time};

/// Numbers below are no times but durations, counters and the like: 1973-03-03.
const FIRST_SECOND: u64 = 100_000_000;

/// What an instant looks like in a log:
/// - `10/Oct/2026:13:55:36 +0000`, also in brackets,
/// - RFC 3339 (`2026-10-10T13:55:36.123Z`), also with a space for the `T` and an
///   offset without a colon; without any offset it names no instant,
/// - a count of seconds, milliseconds, microseconds or nanoseconds since 1970, told
///   apart by its size: below 1e11 seconds, below 1e14 milliseconds, below 1e17
///   microseconds; with or without a fraction. Less than 1e8 is no time.
pub(super) fn parse(text: &[u8]) -> Option<Timestamp> {
    let text = bare(text);
    match Look::of(text) {
        Look::Clf => clf_time(text),
        Look::Rfc3339 => rfc3339(text),
        Look::Epoch => epoch(text),
    }
}

/// Without the brackets around it.
fn bare(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"[")
        .and_then(|text| text.strip_suffix(b"]"))
        .unwrap_or(text)
}

/// How a time is written, told by a byte or two of it.
enum Look {
    Clf,
    Rfc3339,
    Epoch,
}

impl Look {
    fn of(text: &[u8]) -> Self {
        match (text.get(2), text.get(4)) {
            (Some(b'/'), _) => Self::Clf,
            (_, Some(b'-')) => Self::Rfc3339,
            _ => Self::Epoch,
        }
    }
}

/// Reads the times of many lines, most of which lie in the same minute as the one
/// before.
#[derive(Debug, Default)]
pub(super) struct Clock {
    clf: Stamps,
    /// `2026-10-10T13:55:` and `+00:00` of the last one.
    minute: [u8; 17],
    zone: Vec<u8>,
    /// When that minute began, in seconds of Unix time.
    start: i64,
}

impl Clock {
    /// The second of Unix time of what [`parse`] reads.
    pub(super) fn second(&mut self, text: &[u8]) -> Option<i64> {
        let text = bare(text);
        match Look::of(text) {
            Look::Clf => self.clf.second(text),
            Look::Rfc3339 => self.rfc3339(text),
            Look::Epoch => epoch(text).map(Timestamp::as_second),
        }
    }

    fn rfc3339(&mut self, text: &[u8]) -> Option<i64> {
        let (minute, rest) = text.split_first_chunk::<17>()?;
        let (&[tens, ones], tail) = rest.split_first_chunk::<2>()?;
        let (_, zone) = fraction(tail)?;
        if *minute == self.minute
            && zone == self.zone
            && let Some(second) = two(tens, ones)
            && second < 60
        {
            return Some(self.start + i64::from(second));
        }
        let at = rfc3339(text)?.as_second();
        // Before 1970 a fraction counts the other way.
        if at > 0 {
            self.minute = *minute;
            self.zone.clear();
            self.zone.extend_from_slice(zone);
            // Zones are whole minutes, so each of them begins with a whole minute.
            self.start = at - at.rem_euclid(60);
        }
        Some(at)
    }
}

/// The digits behind the second, and what follows them.
fn fraction(tail: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(fraction) = tail.strip_prefix(b".") else {
        return Some((b"", tail));
    };
    let end = fraction.iter().position(|b| !b.is_ascii_digit())?;
    (end > 0).then(|| fraction.split_at_checked(end))?
}

fn rfc3339(text: &[u8]) -> Option<Timestamp> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        t,
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
    ] = *head
    else {
        return None;
    };
    if !matches!(t, b'T' | b't' | b' ') {
        return None;
    }
    let (nanos, zone) = match fraction(tail)? {
        (b"", zone) => (0, zone),
        (digits, zone) => (nanos(digits)?, zone),
    };
    let year = two(y1, y2)?.checked_mul(100)?.checked_add(two(y3, y4)?)?;
    let small = |tens, ones| i8::try_from(two(tens, ones)?).ok();
    // A leap second is written as :60; the second before it is near enough.
    let second = small(s1, s2)?;
    let second = if second == 60 { 59 } else { second };
    let (month, day) = (small(m1, m2)?, small(d1, d2)?);
    let (hour, minute) = (small(h1, h2)?, small(n1, n2)?);
    let local = DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
    offset(zone)?.to_timestamp(local).ok()
}

/// The offset from UTC: `Z`, `+01:00`, `+0100`.
fn offset(zone: &[u8]) -> Option<Offset> {
    let (sign, h1, h2, m1, m2) = match *zone {
        [b'Z' | b'z'] => return Some(Offset::UTC),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => (sign, h1, h2, m1, m2),
        _ => return None,
    };
    let (hours, minutes) = (i32::from(two(h1, h2)?), i32::from(two(m1, m2)?));
    if minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(match sign {
        b'+' => seconds,
        b'-' => -seconds,
        _ => return None,
    })
    .ok()
}

fn epoch(text: &[u8]) -> Option<Timestamp> {
    let end = text.iter().position(|b| !b.is_ascii_digit());
    let (whole, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let fraction = match rest {
        b"" => 0,
        [b'.', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => nanos(digits)?,
        // `1.7147e9`, as some languages write a float.
        _ => return exponent(text),
    };
    let whole: u64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
    instant(u128::from(whole) * 1_000_000_000 + u128::from(fraction.unsigned_abs()))
}

fn exponent(text: &[u8]) -> Option<Timestamp> {
    let number = |b: &u8| b.is_ascii_digit() || b".eE+".contains(b);
    if !text.first()?.is_ascii_digit() || !text.iter().all(number) {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if !(0.0..1e20).contains(&value) {
        return None;
    }
    // A float of seconds is exact to a microsecond, and no log needs more.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    let billionths = (value * 1e6).round() as u128 * 1000;
    instant(billionths)
}

/// The instant of a number, given in billionths of its unit, by the number's size.
fn instant(billionths: u128) -> Option<Timestamp> {
    let whole = billionths / 1_000_000_000;
    if whole < u128::from(FIRST_SECOND) {
        return None;
    }
    let parts = match whole {
        0..100_000_000_000 => 1,
        100_000_000_000..100_000_000_000_000 => 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000_000,
        _ => 1_000_000_000,
    };
    let nanoseconds = billionths / parts;
    Timestamp::from_nanosecond(i128::try_from(nanoseconds).ok()?).ok()
}

/// A fraction's digits as billionths; digits after the ninth are left out.
fn nanos(digits: &[u8]) -> Option<i32> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0;
    for place in 0..9 {
        let digit = digits.get(place).map_or(0, |b| i32::from(b - b'0'));
        value = value * 10 + digit;
    }
    Some(value)
}

fn two(tens: u8, ones: u8) -> Option<i16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Option<String> {
        parse(text.as_bytes()).map(|at| at.to_string())
    }

    #[test]
    fn one_instant_is_read_in_every_writing() {
        let whole = Some("2026-10-10T13:55:36Z".to_owned());
        for text in [
            "10/Oct/2026:13:55:36 +0000",
            "[10/Oct/2026:15:55:36 +0200]",
            "2026-10-10T13:55:36Z",
            "2026-10-10 13:55:36.000+0000",
            "2026-10-10T11:25:36-02:30",
            "1791640536",
            "1791640536.000",
            "1.791640536e9",
            "1791640536000",
            "1791640536000000",
            "1791640536000000000",
        ] {
            assert_eq!(of(text), whole, "{text}");
        }
        let part = Some("2026-10-10T13:55:36.25Z".to_owned());
        for text in [
            "2026-10-10T13:55:36.25Z",
            "1791640536.25",
            "1791640536250",
            "1791640536250.0",
            "1791640536250000",
            "1.79164053625E+9",
        ] {
            assert_eq!(of(text), part, "{text}");
        }
    }

    #[test]
    fn what_names_no_instant_is_none() {
        for text in [
            "",
            "-",
            "0",
            "0.003",
            "99999999",
            "-1791640536",
            "1791640536s",
            "2026-10-10T13:55:36",
            "2026-10-10",
            "2026-13-10T13:55:36Z",
            "2026-10-10T25:55:36Z",
            "2026-10-10T13:55:36.Z",
            "2026-10-10T13:55:36+01:75",
            "99999999999999999999",
            "inf",
            "1e400",
            "yesterday",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn a_clock_reads_one_time_after_the_other_as_each_is_read_alone(
            texts in prop::collection::vec(prop_oneof![
                // Few minutes, so that one is often that of the one before.
                "(19[67]|202)[09]-0[12]-[03][01][T ]1[23]:5[56]:[03456][0-9x](\\.|\\.[0-9]{1,9})?(Z|z|[+-]0[01]:?[0367]0|)",
                "\\[?10/Oct/2026:13:5[56]:[03456][0-9x] \\+0[01]00\\]?",
                "1791640[0-9]{3}(\\.[0-9]{1,3})?",
                "[0-9-]{4}-.{0,20}",
            ], 1..12),
        ) {
            let mut clock = Clock::default();
            for text in texts {
                let alone = parse(text.as_bytes()).map(Timestamp::as_second);
                prop_assert_eq!(clock.second(text.as_bytes()), alone, "{}", text);
            }
        }

        #[test]
        fn it_reads_what_the_time_library_writes(
            second in 100_000_000i64..253_402_000_000, nano in 0i32..1_000_000_000,
        ) {
            let at = Timestamp::new(second, nano).unwrap();
            prop_assert_eq!(parse(at.to_string().as_bytes()), Some(at));
        }
    }
}
