//! The path of a request, cut into segments while the line is read.

use memchr::{memchr, memchr2};

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
}

impl PathCut {
    /// Cuts the path that a text begins with; gives the length of its target: all up
    /// to a space, a quote or the end of the text.
    pub(crate) fn cut(&mut self, text: &[u8]) -> usize {
        self.bounds.clear();
        self.upper = false;
        self.plain = text.first() == Some(&b'/');
        let mut at = 1;
        let mut start = 1;
        while self.plain {
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
                    break;
                }
                Class::End => {
                    self.segment(text, start, at);
                    return at;
                }
                Class::Special => self.plain = false,
            }
            at += 1;
        }
        let rest = text.get(at..).unwrap_or_default();
        memchr2(b' ', b'"', rest).map_or(text.len(), |end| at.min(text.len()) + end)
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

/// Whether something in the target is escaped.
pub(super) fn is_escaped(target: &[u8]) -> bool {
    memchr(b'\\', target).is_some()
}
