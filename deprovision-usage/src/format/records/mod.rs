//! Lines out of documents `{"Records":[{…},{…}]}`, as CloudTrail writes them.

#[cfg(test)]
mod tests;
mod walk;

use std::io::{self, BufRead, Read};

use walk::Walk;

/// Why a text is no document of records. Found in the [`io::Error`] of a read, of the
/// kind [`io::ErrorKind::InvalidData`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// It ends within a document: it was not copied whole.
    #[error("it ends within its document, behind {records} whole records; copy the file again")]
    Cut {
        /// How many records are whole.
        records: u64,
    },
    /// It is something else.
    #[error(
        "byte {at} is not what a JSON document with a list named Records has there; {records} records before it are whole"
    )]
    Malformed {
        /// The byte, counted from 0.
        at: u64,
        /// How many records are whole.
        records: u64,
    },
}

/// Reads documents `{"Records":[{…},{…}]}`, one after the other and however they are
/// laid out, as lines of one record each. Keeps no more than a piece of the input.
///
/// Space between the words of a record is left out. A record itself is not checked
/// beyond its brackets and strings: what reads the lines does that.
///
/// ```
/// use std::io::Read;
/// use deprovision_usage::Records;
///
/// let text = b"{\"Records\": [\n  {\"a\": 1},\n  {\"b\": [2, 3]}\n]}";
/// let mut lines = String::new();
/// Records::new(&text[..]).read_to_string(&mut lines)?;
/// assert_eq!(lines, "{\"a\":1}\n{\"b\":[2,3]}\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Reading ends with a [`RecordsError`] behind the last whole record, or in one that
/// is cut.
#[derive(Debug)]
pub struct Records<R> {
    inner: R,
    walk: Walk,
    out: Vec<u8>,
    given: usize,
    failed: Option<RecordsError>,
}

impl<R: BufRead> Records<R> {
    /// Over a text that is not packed.
    #[must_use]
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            walk: Walk::default(),
            out: Vec::new(),
            given: 0,
            failed: None,
        }
    }

    /// Fills the output from the next piece of the input.
    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.given = 0;
        while self.out.is_empty() {
            if let Some(error) = &self.failed {
                return Err(io::Error::new(io::ErrorKind::InvalidData, error.clone()));
            }
            let chunk = match self.inner.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let read = chunk.len();
            if read == 0 {
                if self.walk.is_between_documents() {
                    return Ok(());
                }
                self.failed = Some(RecordsError::Cut {
                    records: self.walk.records,
                });
                continue;
            }
            if let Err(error) = self.walk.over(chunk, &mut self.out) {
                self.failed = Some(error);
            }
            self.inner.consume(read);
        }
        Ok(())
    }
}

impl Records<&[u8]> {
    /// The lines of a document's beginning.
    pub(super) fn of_sample(sample: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        // What is behind the cut or the fault is not looked at.
        let _ = Walk::default().over(sample, &mut out);
        out
    }
}

impl<R: BufRead> Read for Records<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.given == self.out.len() {
            self.fill()?;
        }
        let rest = self.out.get(self.given..).unwrap_or_default();
        let length = rest.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..length), rest.get(..length)) {
            into.copy_from_slice(from);
        }
        self.given += length;
        Ok(length)
    }
}

/// Whether a text begins as a document of records does.
pub(super) fn fits(beginning: &[u8]) -> bool {
    let rest = beginning.trim_ascii_start().strip_prefix(b"{");
    let rest = rest.and_then(|rest| rest.trim_ascii_start().strip_prefix(b"\"Records\""));
    let rest = rest.and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"));
    rest.is_some_and(|rest| matches!(rest.trim_ascii_start().first(), Some(b'[') | None))
}
