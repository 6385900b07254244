//! Looking at many bytes at once, without a branch for each: where a field ends can
//! not be foretold, and a wrong guess of the processor costs as much as a field.

use wide::u8x16;

/// All ones for each byte that is `byte`.
#[inline]
pub(super) fn equal(bytes: u8x16, byte: u8) -> u8x16 {
    bytes.simd_eq(u8x16::splat(byte))
}

/// All ones for each byte from `first` to `last`.
#[inline]
pub(super) fn within(bytes: u8x16, first: u8, last: u8) -> u8x16 {
    let inside = bytes.max(u8x16::splat(first)).min(u8x16::splat(last));
    bytes.simd_eq(inside)
}

/// One bit for each byte, the first byte's lowest, by a function that gives all ones
/// or zeros for each of sixteen bytes.
#[inline]
pub(super) fn mask(block: &[u8; 32], flags: impl Fn(u8x16) -> u8x16) -> u32 {
    let (halves, _) = block.as_chunks::<16>();
    halves.iter().rev().fold(0, |bits, half| {
        bits << 16 | flags(u8x16::new(*half)).to_bitmask()
    })
}

/// How many of eight bytes are the first digits of a number, and its value.
#[inline]
pub(crate) fn digits(text: &[u8; 8]) -> (u32, u64) {
    const LOW: u64 = 0x0f0f_0f0f_0f0f_0f0f;
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const SIX: u64 = 0x0606_0606_0606_0606;
    let word = u64::from_le_bytes(*text);
    // A digit is 0x30 to 0x39: its upper half is 3, and stays that with six added.
    let other = ((word & HIGH) ^ ZEROS) | (((word & LOW) + SIX) & HIGH);
    let count = other.trailing_zeros() / 8;
    if count == 0 {
        return (0, 0);
    }
    // The digits at the end, zeros before them; then two, four and eight at a time.
    let word = (word & LOW) << (64 - 8 * count);
    let word = word.wrapping_mul(10).wrapping_add(word >> 8);
    let pairs = 0x0000_00ff_0000_00ff;
    let upper = (word & pairs).wrapping_mul(0x000f_4240_0000_0064);
    let lower = ((word >> 16) & pairs).wrapping_mul(0x0000_2710_0000_0001);
    (count, upper.wrapping_add(lower) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_byte_has_its_bit(
            block in prop::array::uniform32(any::<u8>()), byte in any::<u8>(),
            ends in any::<(u8, u8)>(),
        ) {
            let (first, last) = (ends.0.min(ends.1), ends.0.max(ends.1));
            let equals = mask(&block, |bytes| equal(bytes, byte) | equal(bytes, block[7]));
            let inside = mask(&block, |bytes| within(bytes, first, last));
            for (at, have) in block.iter().enumerate() {
                prop_assert_eq!(equals >> at & 1 == 1, *have == byte || *have == block[7]);
                prop_assert_eq!(inside >> at & 1 == 1, (first..=last).contains(have));
            }
        }

        #[test]
        fn digits_are_read_as_a_number(text in prop::array::uniform8(prop_oneof![
            8 => b'0'..=b'9', 1 => any::<u8>(), 1 => Just(b':'), 1 => Just(b'/'),
        ])) {
            let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = std::str::from_utf8(&text[..count]).unwrap().parse().unwrap_or(0);
            prop_assert_eq!(digits(&text), (count as u32, number));
        }
    }
}
