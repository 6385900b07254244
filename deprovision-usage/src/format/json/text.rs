//! The inside of a JSON string (RFC 8259, section 7).

use crate::line::hex;

/// Where the first quote, backslash or control character is: what ends or interrupts
/// a run of plain characters. Looks at eight bytes at a time.
pub(in crate::format) fn special(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of each byte that is zero. What lies above the first such byte
    // may be wrong, and is not looked at.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut rest = text;
    let mut at = 0;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let quotes = zeros(word ^ (ONES * 0x22));
        let slashes = zeros(word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let hits = quotes | slashes | control;
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
        rest = after;
    }
    let tail = rest.iter().position(|b| matches!(b, b'"' | b'\\' | ..0x20));
    tail.map(|tail| at + tail)
}

/// Undoes the escapes. `None` when one is none, or is half of a surrogate pair.
pub(in crate::format) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at_checked(at)?;
        out.extend_from_slice(plain);
        rest = match escape {
            [b'\\', b'u', digits @ ..] => {
                let (unit, after) = unit(digits)?;
                let (character, after) = match (unit, after) {
                    (0xd800..0xdc00, [b'\\', b'u', digits @ ..]) => {
                        let (low, after) = self::unit(digits)?;
                        let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                        (0x10000 + ((unit - 0xd800) << 10) + low, after)
                    }
                    _ => (unit, after),
                };
                let character = char::from_u32(character)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                after
            }
            [b'\\', other, after @ ..] => {
                out.push(simple(*other)?);
                after
            }
            _ => return None,
        };
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// What a backslash makes of one character.
pub(super) fn simple(escaped: u8) -> Option<u8> {
    Some(match escaped {
        b'"' | b'\\' | b'/' => escaped,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

/// The four hexadecimal digits of `\uXXXX`.
pub(super) fn unit(digits: &[u8]) -> Option<(u32, &[u8])> {
    let (four, after) = digits.split_first_chunk::<4>()?;
    let mut value = 0;
    for digit in four {
        value = value * 16 + u32::from(hex(*digit)?);
    }
    Some((value, after))
}
