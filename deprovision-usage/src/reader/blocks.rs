//! A stream of bytes, cut into blocks of whole lines.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use crate::files::MAX_LINE;

/// How many bytes are read at a time: few enough to be still in the processor's cache
/// when their lines are read.
pub(super) const BLOCK: usize = 256 << 10;

/// Cuts a stream into blocks of whole lines, in memory that its lines do not change.
pub(super) struct Blocks<R> {
    inner: R,
    /// The beginning of a line whose end was not read yet.
    carry: Vec<u8>,
    /// Whether a line is read that is too long to be kept.
    skipping: bool,
    /// How many bytes came.
    pub(super) bytes: u64,
    /// Why it does not go on.
    pub(super) failed: Option<io::Error>,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            carry: Vec::new(),
            skipping: false,
            bytes: 0,
            failed: None,
            ended: false,
        }
    }

    /// The next block: how many bytes of the buffer it takes. Zero at the end, or
    /// where the stream fails. Only the last line of all may be without its line
    /// feed; a line that is too long is cut behind [`MAX_LINE`] bytes.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> usize {
        if buffer.len() < BLOCK {
            buffer.resize(BLOCK, 0);
        }
        loop {
            let mut length = self.carry.len();
            if let Some(start) = buffer.get_mut(..length) {
                start.copy_from_slice(&self.carry);
            }
            self.carry.clear();
            length += self.fill(buffer.get_mut(length..).unwrap_or_default());
            let text = buffer.get(..length).unwrap_or_default();
            if self.skipping {
                let Some(end) = memchr(b'\n', text) else {
                    if self.ended {
                        return 0;
                    }
                    continue;
                };
                self.skipping = false;
                self.carry
                    .extend_from_slice(text.get(end + 1..).unwrap_or_default());
                if self.ended && self.carry.is_empty() {
                    return 0;
                }
                continue;
            }
            if self.ended {
                return length;
            }
            if let Some(end) = memrchr(b'\n', text) {
                self.carry
                    .extend_from_slice(text.get(end + 1..).unwrap_or_default());
                return end + 1;
            }
            // No line has that many bytes and is one.
            self.skipping = true;
            return MAX_LINE + 1;
        }
    }

    /// Reads until the buffer is full or nothing more comes.
    fn fill(&mut self, mut buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        while !buffer.is_empty() && !self.ended {
            match self.inner.read(buffer) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    filled += read;
                    buffer = buffer.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Some(error);
                    self.ended = true;
                }
            }
        }
        self.bytes += filled as u64;
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8]) -> Vec<(usize, bool)> {
        let mut blocks = Blocks::new(text);
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        loop {
            let length = blocks.next(&mut buffer);
            if length == 0 {
                assert_eq!(blocks.bytes, text.len() as u64);
                return lines;
            }
            for line in buffer[..length].split_inclusive(|b| *b == b'\n') {
                let whole = line.strip_suffix(b"\n").unwrap_or(line);
                lines.push((whole.len().min(MAX_LINE + 1), whole.len() > MAX_LINE));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn lines_of_any_length_come_whole_or_are_cut(
            lengths in prop::collection::vec(prop_oneof![
                8 => 0usize..100, 1 => 60_000usize..70_000, 1 => 1_000_000usize..2_200_000,
            ], 0..12),
            ended in any::<bool>(),
        ) {
            let mut text = Vec::new();
            for length in &lengths {
                text.resize(text.len() + length, b'x');
                text.push(b'\n');
            }
            let mut expected: Vec<usize> = lengths.clone();
            if !ended && text.pop().is_some() && expected.last() == Some(&0) {
                // An empty line without its line feed is none.
                expected.pop();
            }
            let expected: Vec<(usize, bool)> = expected
                .into_iter()
                .map(|length| (length.min(MAX_LINE + 1), length > MAX_LINE))
                .collect();
            prop_assert_eq!(lines(&text), expected);
        }
    }
}
