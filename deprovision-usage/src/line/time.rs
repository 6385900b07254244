//! The time of a line: `10/Oct/2026:13:55:36 +0000`.

use deprovision_core::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Reads the times of many lines, most of which lie in the same minute as the one
/// before.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    /// `10/Oct/2026:13:55:` and ` +0000` of the last one.
    minute: [u8; 18],
    zone: [u8; 6],
    /// When that minute began, in seconds of Unix time.
    start: i64,
}

impl Stamps {
    /// The second of Unix time that a time in brackets names.
    pub(crate) fn second(&mut self, text: &[u8]) -> Option<i64> {
        let (minute, rest) = text.split_first_chunk::<18>()?;
        let (&[tens, ones], zone) = rest.split_first_chunk::<2>()?;
        if *minute == self.minute
            && zone == self.zone
            && let Some(second) = two(tens, ones)
            && second < 60
        {
            return Some(self.start + i64::from(second));
        }
        let at = parse(text)?.as_second();
        self.minute = *minute;
        self.zone = zone.try_into().ok()?;
        // Zones are whole minutes, so each of them begins with a whole minute.
        self.start = at - at.rem_euclid(60);
        Some(at)
    }
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// The instant that the text between the brackets names.
pub(crate) fn parse(text: &[u8]) -> Option<Timestamp> {
    let &[
        d1,
        d2,
        b'/',
        m1,
        m2,
        m3,
        b'/',
        y1,
        y2,
        y3,
        y4,
        b':',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b' ',
        sign,
        oh1,
        oh2,
        om1,
        om2,
    ] = text
    else {
        return None;
    };
    let name = [m1, m2, m3];
    let month = MONTHS
        .iter()
        .position(|month| month.eq_ignore_ascii_case(&name))?;
    let year = two(y1, y2)?.checked_mul(100)?.checked_add(two(y3, y4)?)?;
    // A leap second is written as :60; the second before it is near enough.
    let second = two(s1, s2)?;
    let second = if second == 60 { 59 } else { second };
    let local = DateTime::new(
        year,
        i8::try_from(month).ok()? + 1,
        i8::try_from(two(d1, d2)?).ok()?,
        i8::try_from(two(h1, h2)?).ok()?,
        i8::try_from(two(n1, n2)?).ok()?,
        i8::try_from(second).ok()?,
        0,
    )
    .ok()?;
    let (hours, minutes) = (i32::from(two(oh1, oh2)?), i32::from(two(om1, om2)?));
    if minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    let offset = Offset::from_seconds(match sign {
        b'+' => seconds,
        b'-' => -seconds,
        _ => return None,
    })
    .ok()?;
    offset.to_timestamp(local).ok()
}

fn two(tens: u8, ones: u8) -> Option<i16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}
