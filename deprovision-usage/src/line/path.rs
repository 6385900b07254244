//! The path of a request, cut into segments while the line is read.

use memchr::{memchr, memchr2};

use super::bits::{equal, mask, within};
use crate::route::index;

/// What a byte means in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Itself.
    Plain,
    /// A letter with another case.
    Upper,
    /// The end of a segment.
    Slash,
    /// The end of the path: a query or a fragment.
    Query,
    /// The end of the target in a line.
    End,
    /// It needs a closer look.
    Special,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Special; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
        let ascii = byte as u8;
        classes[byte] = match ascii {
            b'/' => Class::Slash,
            b'?' | b'#' => Class::Query,
            b' ' | b'"' => Class::End,
            b'A'..=b'Z' => Class::Upper,
            b'%' | b';' | b'\\' => Class::Special,
            b'!'..=b'~' => Class::Plain,
            _ => Class::Special,
        };
        byte += 1;
    }
    classes
};

/// What a byte means in a path.
#[inline]
pub(crate) fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

/// Where the segments of a path are.
#[derive(Debug, Default)]
pub(crate) struct PathCut {
    /// Where each segment begins and ends.
    pub(crate) bounds: Vec<(u32, u32)>,
    /// Whether the path has letters in upper case.
    pub(crate) upper: bool,
    /// Whether the path stands for itself. When not, it needs a closer look, and the
    /// segments are not all.
    pub(crate) plain: bool,
    /// Whether the path is the whole target.
    pub(crate) whole: bool,
}

impl PathCut {
    /// Cuts the path that a text begins with; gives the length of its target: all up
    /// to a space, a quote or the end of the text.
    pub(crate) fn cut(&mut self, text: &[u8]) -> usize {
        self.bounds.clear();
        self.upper = false;
        self.whole = false;
        self.plain = text.first() == Some(&b'/');
        if !self.plain {
            return end_of_target(text, 0);
        }
        let (mut at, mut start) = (1, 1);
        while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<32>) {
            let mut slashes = mask(block, |bytes| equal(bytes, b'/'));
            let upper = mask(block, |bytes| within(bytes, b'A', b'Z'));
            let stops = mask(block, |bytes| {
                !within(bytes, b'!', b'~')
                    | equal(bytes, b'?')
                    | equal(bytes, b'#')
                    | equal(bytes, b'"')
                    | equal(bytes, b'%')
                    | equal(bytes, b';')
                    | equal(bytes, b'\\')
            });
            let stop = stops.trailing_zeros();
            let before = 1u32.checked_shl(stop).unwrap_or(0).wrapping_sub(1);
            slashes &= before;
            self.upper |= upper & before != 0;
            while slashes != 0 {
                let slash = at + index(slashes.trailing_zeros());
                self.segment(text, start, slash);
                start = slash + 1;
                slashes &= slashes - 1;
            }
            at += index(stop);
            if stops != 0 {
                break;
            }
        }
        // The stop, or what is left behind the last whole block.
        self.byte_by_byte(text, start, at)
    }

    fn byte_by_byte(&mut self, text: &[u8], mut start: usize, mut at: usize) -> usize {
        loop {
            let Some(byte) = text.get(at) else {
                self.segment(text, start, at);
                return at;
            };
            match class(*byte) {
                Class::Plain => {}
                Class::Upper => self.upper = true,
                Class::Slash => {
                    self.segment(text, start, at);
                    start = at + 1;
                }
                Class::Query => {
                    self.segment(text, start, at);
                    return end_of_target(text, at);
                }
                Class::End => {
                    self.segment(text, start, at);
                    self.whole = true;
                    return at;
                }
                Class::Special => {
                    self.plain = false;
                    return end_of_target(text, at);
                }
            }
            at += 1;
        }
    }

    #[inline]
    fn segment(&mut self, text: &[u8], start: usize, end: usize) {
        if end == start {
            return;
        }
        if text.get(start) == Some(&b'.') && matches!(text.get(start..end), Some(b"." | b"..")) {
            self.plain = false;
        }
        // A target is part of a line, and no line is that long.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.bounds.push((place(start), place(end)));
    }
}

fn end_of_target(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    memchr2(b' ', b'"', rest).map_or(text.len(), |end| from + end)
}

/// Whether something in the target is escaped.
pub(super) fn is_escaped(target: &[u8]) -> bool {
    memchr(b'\\', target).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_are_cut_as_single_bytes_are(text in "/[a-z/./A-Z?#\"% ;~\\\\é]{0,90}", plain in "(/[a-z.]{0,9}){1,9} HTTP") {
            for text in [text, plain] {
                let (mut blocks, mut bytes) = (PathCut::default(), PathCut::default());
                let end = blocks.cut(text.as_bytes());
                bytes.plain = true;
                prop_assert_eq!(end, bytes.byte_by_byte(text.as_bytes(), 1, 1));
                prop_assert_eq!(blocks.plain, bytes.plain);
                if bytes.plain {
                    prop_assert_eq!(blocks.upper, bytes.upper);
                    prop_assert_eq!(&blocks.bounds, &bytes.bounds);
                }
            }
        }
    }
}
