//! What a blob is to a search: bytes, UTF-16, or nothing that can be read.

use std::borrow::Cow;

/// How far into a file a NUL byte makes it binary, as git does it (its
/// `buffer_is_binary`).
pub(crate) const LOOKED_AT: usize = 8000;

/// A blob, ready to be searched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// Any encoding in which ASCII is ASCII.
    Bytes(&'a [u8]),
    /// UTF-16, as UTF-8.
    Utf16(String),
    /// A NUL among its first 8000 bytes: a picture, an archive, a compiled file.
    Binary,
    /// A text in an encoding that can not be read.
    Unreadable(&'static str),
}

impl<'a> Text<'a> {
    pub(crate) fn of(blob: &'a [u8]) -> Self {
        match blob {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
                return Self::Unreadable("it is UTF-32");
            }
            [0xff, 0xfe, rest @ ..] => return Self::Utf16(utf16(rest, u16::from_le_bytes)),
            [0xfe, 0xff, rest @ ..] => return Self::Utf16(utf16(rest, u16::from_be_bytes)),
            _ => {}
        }
        let head = &blob[..blob.len().min(LOOKED_AT)];
        if memchr::memchr(0, head).is_none() {
            return Self::Bytes(blob);
        }
        // UTF-16 without a byte order mark: NUL in every other byte, and there only.
        let nuls = |odd: usize| {
            let bytes = head.iter().skip(odd).step_by(2);
            bytes.filter(|byte| **byte == 0).count()
        };
        match (nuls(0), nuls(1)) {
            (0, odd) if odd * 5 >= head.len() => Self::Utf16(utf16(blob, u16::from_le_bytes)),
            (even, 0) if even * 5 >= head.len() => Self::Utf16(utf16(blob, u16::from_be_bytes)),
            _ => Self::Binary,
        }
    }

    /// The bytes to search.
    pub(crate) fn searchable(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Self::Utf16(text) => Some(Cow::Borrowed(text.as_bytes())),
            Self::Binary | Self::Unreadable(_) => None,
        }
    }

    /// The column of a position in a line, in bytes of the file, from 1.
    pub(crate) fn column(&self, line: &[u8], at: usize) -> u64 {
        let before = &line[..at];
        let bytes = match self {
            Self::Utf16(_) => String::from_utf8_lossy(before).encode_utf16().count() * 2,
            Self::Bytes(_) | Self::Binary | Self::Unreadable(_) => before.len(),
        };
        bytes as u64 + 1
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn utf_16_is_read_with_and_without_a_mark() {
        let text = "GET /v1/orders\r\nü";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for blob in [
            [b"\xff\xfe".as_slice(), &le].concat(),
            [b"\xfe\xff".as_slice(), &be].concat(),
            le,
            be,
        ] {
            assert_eq!(Text::of(&blob), Text::Utf16(text.to_owned()));
        }
    }

    #[test]
    fn a_nul_makes_a_file_binary_and_utf_32_can_not_be_read() {
        assert_eq!(Text::of(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0"), Text::Binary);
        assert_eq!(Text::of(b"caf\xe9"), Text::Bytes(b"caf\xe9"));
        assert!(matches!(
            Text::of(b"\xff\xfe\0\0a\0\0\0"),
            Text::Unreadable(_)
        ));
    }

    proptest! {
        #[test]
        fn any_blob_is_something(blob in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Text::of(&blob).searchable();
        }
    }
}
