//! The walk over a document's bytes, which may come in any pieces.

use super::RecordsError;
use crate::format::json::special;

/// How deep values may nest: a bit for each level.
const MAX_DEPTH: u32 = u128::BITS;

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// A document, or the end.
    #[default]
    Between,
    /// The first key of a document, or its end.
    FirstKey,
    /// A key.
    Key,
    /// More of a key.
    InKey,
    Colon,
    /// The value of a key.
    Value,
    /// More of a number or a word.
    InWord,
    /// A comma or the end of the document.
    AfterValue,
    /// The first record, or the end of the list.
    FirstRecord,
    /// A record.
    Record,
    /// A comma or the end of the list.
    AfterRecord,
    /// More of a record.
    InRecord,
    /// More of another value.
    InOther,
}

/// Where in a document the walk is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    state: State,
    /// How many records were whole.
    pub(super) records: u64,
    /// How many bytes were walked over.
    at: u64,
    /// The key, as far as it may be `Records`.
    key: Vec<u8>,
    /// The kinds of the open brackets, the innermost in the lowest bit; 1 is a brace.
    open: u128,
    depth: u32,
    in_string: bool,
    /// The last byte was a backslash in a string.
    escaped: bool,
    /// The last byte of the record that was written.
    last: u8,
    /// Space was left out behind it.
    gap: bool,
}

/// A byte that can not be there, so many behind the first.
struct Wrong(usize);

impl Walk {
    pub(super) fn is_between_documents(&self) -> bool {
        self.state == State::Between
    }

    /// Walks over a piece and writes what is of records.
    pub(super) fn over(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), RecordsError> {
        let mut rest = chunk;
        while let Some((&byte, after)) = rest.split_first() {
            let used = if self.in_string && !self.escaped {
                self.string(rest, out)
            } else {
                self.byte(byte, out).map(|()| 1)
            };
            match used {
                Ok(1) => rest = after,
                Ok(used) => rest = rest.get(used..).unwrap_or_default(),
                Err(Wrong(behind)) => {
                    return Err(RecordsError::Malformed {
                        at: self.at + (chunk.len() - rest.len() + behind) as u64,
                        records: self.records,
                    });
                }
            }
        }
        self.at += chunk.len() as u64;
        Ok(())
    }

    /// A run of plain characters in a string of a value, and what ends it.
    fn string(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, Wrong> {
        let run = special(rest).unwrap_or(rest.len());
        let ends = rest.get(run);
        let used = match ends {
            Some(b'\\') => {
                self.escaped = true;
                run + 1
            }
            Some(b'"') => {
                self.in_string = false;
                run + 1
            }
            // What is before a fault is given, in whatever pieces it comes.
            Some(_) | None => run,
        };
        if self.state == State::InRecord {
            out.extend_from_slice(rest.get(..used).unwrap_or_default());
            self.last = b'"';
        }
        if used == run && ends.is_some() {
            return Err(Wrong(run));
        }
        if !self.in_string && self.depth == 0 {
            self.state = State::AfterValue;
        }
        Ok(used)
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), Wrong> {
        let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match (self.state, byte) {
            (State::InRecord | State::InOther, _) => return self.inside(byte, is_space, out),
            (State::InKey, b'"') if !self.escaped => self.state = State::Colon,
            (State::InKey, ..0x20) => return Err(Wrong(0)),
            (State::InKey, _) => {
                self.escaped = byte == b'\\' && !self.escaped;
                // Longer than the word that matters.
                if self.key.len() < 8 {
                    self.key.push(byte);
                }
            }
            (State::InWord, b'a'..=b'z' | b'E' | b'0'..=b'9' | b'.' | b'-' | b'+') => {}
            (State::InWord, _) => {
                self.state = State::AfterValue;
                return self.byte(byte, out);
            }
            _ if is_space => {}
            (State::Between, b'{') => self.state = State::FirstKey,
            (State::FirstKey | State::AfterValue, b'}') => self.state = State::Between,
            (State::FirstKey | State::Key, b'"') => {
                self.key.clear();
                self.state = State::InKey;
            }
            (State::Colon, b':') => self.state = State::Value,
            (State::Value, b'[') if self.key == b"Records" => self.state = State::FirstRecord,
            (State::Value, b'{' | b'[' | b'"') => {
                self.state = State::InOther;
                return self.inside(byte, false, out);
            }
            (State::Value, b'a'..=b'z' | b'0'..=b'9' | b'-') => self.state = State::InWord,
            (State::AfterValue, b',') => self.state = State::Key,
            (State::FirstRecord | State::AfterRecord, b']') => self.state = State::AfterValue,
            (State::FirstRecord | State::Record, b'{') => {
                self.state = State::InRecord;
                return self.inside(byte, false, out);
            }
            (State::AfterRecord, b',') => self.state = State::Record,
            (
                State::Between
                | State::FirstKey
                | State::Key
                | State::Colon
                | State::Value
                | State::AfterValue
                | State::FirstRecord
                | State::Record
                | State::AfterRecord,
                _,
            ) => return Err(Wrong(0)),
        }
        Ok(())
    }

    /// A byte of a record or another value.
    fn inside(&mut self, byte: u8, is_space: bool, out: &mut Vec<u8>) -> Result<(), Wrong> {
        if self.in_string {
            // Behind a backslash; the rest of a string goes in runs.
            self.escaped = false;
            if byte < 0x20 {
                return Err(Wrong(0));
            }
            self.write(byte, out);
            return Ok(());
        }
        if is_space {
            self.gap = true;
            return Ok(());
        }
        // What would become one word stays two, and with that malformed.
        if self.gap && is_word(self.last) && is_word(byte) {
            self.write(b' ', out);
        }
        self.gap = false;
        self.write(byte, out);
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                if self.depth == MAX_DEPTH {
                    return Err(Wrong(0));
                }
                self.depth += 1;
                self.open = self.open << 1 | u128::from(byte == b'{');
            }
            b'}' | b']' => {
                let is_brace = self.open & 1 == 1;
                if self.depth == 0 || is_brace != (byte == b'}') {
                    return Err(Wrong(0));
                }
                self.depth -= 1;
                self.open >>= 1;
                if self.depth == 0 {
                    self.end(out);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A value is whole.
    fn end(&mut self, out: &mut Vec<u8>) {
        if self.state == State::InRecord {
            out.push(b'\n');
            self.records += 1;
            self.state = State::AfterRecord;
        } else {
            self.state = State::AfterValue;
        }
    }

    fn write(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.state == State::InRecord {
            out.push(byte);
            self.last = byte;
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+')
}
