//! `events.jsonl`: one entry a line, for auditors and archives.
//!
//! A line is the entry's canonical JSON and nothing else, so the file of a stream
//! has one form only: `sha256sum` of it is the digest in the certificate, and
//! every changed byte is noticed, even one that JSON readers would not mind.

use std::error::Error;
use std::fmt;
use std::io::{BufRead, Read, Write};

use crate::digest::CanonicalError;
use crate::journal::Entry;

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: u64 = 16 << 20;

/// What is wrong with a file of events.
#[derive(Debug)]
#[non_exhaustive]
pub struct EventsError {
    /// Which file, as the reader was told.
    pub file: String,
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: EventsProblem,
}

impl fmt::Display for EventsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.problem)
    }
}

impl Error for EventsError {
    /// The problem's own cause: the problem itself is told by `Display`.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

/// What is wrong with a line of events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventsProblem {
    /// The file can not be read.
    #[error("it can not be read; check the disk and the permissions")]
    Read(#[source] std::io::Error),
    /// The file can not be written.
    #[error("it can not be written; check the disk and the permissions, and write the file again")]
    Write(#[source] std::io::Error),
    /// The line is longer than [`MAX_LINE_BYTES`].
    #[error("the line is longer than 16 MiB; this is no file of events")]
    TooLong,
    /// The line has no end.
    #[error(
        "the line has no end: the file was cut off, or is still being written; export it again"
    )]
    Cut,
    /// The line is no entry.
    #[error("the line is no entry: it was changed; compare it with another copy")]
    NotAnEntry(#[source] serde_json::Error),
    /// The entry holds what has no canonical form.
    #[error("the entry has no canonical form, so it was never sealed like this")]
    NoCanonicalForm(#[from] CanonicalError),
    /// The line says the same as an entry, and is written differently.
    #[error(
        "the line is not in canonical form: it was changed or formatted; export it again, or compare it with another copy"
    )]
    NotCanonical,
}

/// Reads entries one by one, with the memory of one line. Checks the form of each
/// line, not the chain: that is [`verify`](crate::ledger::verify). Ends at the
/// first error.
///
/// ```
/// use deprovision_core::journal::Entry;
/// use deprovision_core::ledger::{EventsError, EventsReader};
/// let file = b"{\"format\":1}\n";
/// let entries: Result<Vec<Entry>, EventsError> = EventsReader::new("events.jsonl", &file[..]).collect();
/// assert!(entries.unwrap_err().to_string().starts_with("events.jsonl, line 1: the line is no entry"));
/// ```
#[derive(Debug)]
pub struct EventsReader<R> {
    file: String,
    line: u64,
    ended: bool,
    input: R,
}

impl<R: BufRead> EventsReader<R> {
    /// A reader of `input`; `file` is what errors call it.
    pub fn new(file: impl Into<String>, input: R) -> Self {
        Self {
            file: file.into(),
            line: 0,
            ended: false,
            input,
        }
    }

    fn read(&mut self) -> Result<Option<Entry>, EventsProblem> {
        let mut line = Vec::new();
        let mut limited = self.input.by_ref().take(MAX_LINE_BYTES + 1);
        limited
            .read_until(b'\n', &mut line)
            .map_err(EventsProblem::Read)?;
        let Some((last, text)) = line.split_last() else {
            return Ok(None);
        };
        if *last != b'\n' {
            let whole = (line.len() as u64) <= MAX_LINE_BYTES;
            return Err(if whole {
                EventsProblem::Cut
            } else {
                EventsProblem::TooLong
            });
        }
        let entry: Entry = serde_json::from_slice(text).map_err(EventsProblem::NotAnEntry)?;
        if entry.line()? != text {
            return Err(EventsProblem::NotCanonical);
        }
        Ok(Some(entry))
    }
}

impl<R: BufRead> Iterator for EventsReader<R> {
    type Item = Result<Entry, EventsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.line += 1;
        let read = self.read();
        self.ended = !matches!(read, Ok(Some(_)));
        read.map_err(|problem| EventsError {
            file: self.file.clone(),
            line: self.line,
            problem,
        })
        .transpose()
    }
}

/// Writes entries one by one. Durability is the caller's: flush, sync and rename.
#[derive(Debug)]
pub struct EventsWriter<W> {
    file: String,
    line: u64,
    output: W,
}

impl<W: Write> EventsWriter<W> {
    /// A writer to `output`; `file` is what errors call it.
    pub fn new(file: impl Into<String>, output: W) -> Self {
        Self {
            file: file.into(),
            line: 0,
            output,
        }
    }

    /// Writes one entry and its line break.
    ///
    /// # Errors
    /// [`EventsError`]; how much of the line was written is not known then.
    pub fn write(&mut self, entry: &Entry) -> Result<(), EventsError> {
        self.line += 1;
        let written = entry
            .line()
            .map_err(EventsProblem::NoCanonicalForm)
            .and_then(|mut line| {
                line.push(b'\n');
                self.output.write_all(&line).map_err(EventsProblem::Write)
            });
        written.map_err(|problem| self.error(problem))
    }

    /// Flushes, and gives the output back.
    ///
    /// # Errors
    /// [`EventsError`] when the last bytes could not be written.
    pub fn finish(mut self) -> Result<W, EventsError> {
        match self.output.flush() {
            Ok(()) => Ok(self.output),
            Err(error) => Err(self.error(EventsProblem::Write(error))),
        }
    }

    fn error(&self, problem: EventsProblem) -> EventsError {
        EventsError {
            file: self.file.clone(),
            line: self.line,
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PersonId, RetirementId};
    use crate::journal::Actor;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn entry(body: serde_json::Value) -> Entry {
        let stream = RetirementId::parse("orders-v1").unwrap();
        let actor = Actor::Person(PersonId::parse("ann").unwrap());
        let prev = Entry::genesis(&stream);
        let at = Timestamp::UNIX_EPOCH;
        Entry::seal(stream, 1, at, actor, "noted", body, prev).unwrap()
    }

    fn written(entries: &[Entry]) -> Vec<u8> {
        let mut writer = EventsWriter::new("events.jsonl", Vec::new());
        entries
            .iter()
            .for_each(|entry| writer.write(entry).unwrap());
        writer.finish().unwrap()
    }

    fn read(file: &[u8]) -> Result<Vec<Entry>, EventsError> {
        EventsReader::new("events.jsonl", file).collect()
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let entries = [(); 3].map(|()| entry(serde_json::json!({"z": 1, "a": "é\n\u{2028}"})));
        assert_eq!(read(&written(&entries)).unwrap(), entries);
        assert_eq!(read(b"").unwrap(), []);
    }

    #[test]
    fn an_error_names_the_file_and_the_line_and_ends_the_reading() {
        let good = String::from_utf8(written(&[entry(serde_json::json!({"a": 1}))])).unwrap();
        for (bad, what) in [
            ("\n".to_owned(), "no entry"),
            ("{}\n".to_owned(), "no entry"),
            ("\u{0}\n".to_owned(), "no entry"),
            (good.replace("\"prev\"", "\"more\":1,\"prev\""), "no entry"),
            (good.trim_end().to_owned(), "no end"),
            (good.replace("\":", "\": "), "not in canonical form"),
            (good.replace("}\n", "}\r\n"), "not in canonical form"),
            (good.replace("T00:", "t00:"), "not in canonical form"),
            // Readers disagree on which of the two counts.
            (
                good.replace("{\"a\":1}", "{\"a\":2,\"a\":1}"),
                "not in canonical form",
            ),
            (
                good.replace("{\"a\":1}", "{\"a\":1.5}"),
                "no canonical form",
            ),
            (
                good.replace("\"version\":1", "\"version\":18446744073709551615"),
                "no canonical form",
            ),
        ] {
            let file = format!("{good}{good}{bad}{good}");
            let mut reader = EventsReader::new("events.jsonl", file.as_bytes());
            assert!(reader.next().unwrap().is_ok());
            assert!(reader.next().unwrap().is_ok());
            if bad.ends_with('\n') {
                let error = reader.next().unwrap().unwrap_err();
                assert_eq!(error.line, 3);
                assert!(error.to_string().contains(what), "{bad:?}: {error}");
                assert!(error.to_string().starts_with("events.jsonl, line 3: "));
                assert!(reader.next().is_none());
            } else {
                let error = read(format!("{good}{bad}").as_bytes()).unwrap_err();
                assert!(error.to_string().contains(what), "{error}");
            }
        }
    }

    #[test]
    fn an_endless_line_does_not_fill_the_memory() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let error = EventsReader::new("events.jsonl", endless).next().unwrap();
        assert!(matches!(error.unwrap_err().problem, EventsProblem::TooLong));
    }

    #[test]
    fn a_disk_that_fails_is_told() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("full"))
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::Error::other("full"))
            }
        }
        let mut writer = EventsWriter::new("events.jsonl", Broken);
        let error = writer.write(&entry(serde_json::json!({}))).unwrap_err();
        assert!(matches!(error.problem, EventsProblem::Write(_)));
        assert!(writer.finish().is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
