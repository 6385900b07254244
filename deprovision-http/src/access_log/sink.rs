//! Where the lines go.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// An access log: every line is one write, so that lines of several processes
/// never mix. A clone writes to the same place.
///
/// The line is written when the answer has ended, by the thread that ended it,
/// so that a request that was answered is in the file even when the process is
/// killed right after. (It is not synced: a power cut may take the last lines.)
/// For a slow place pass a writer that queues.
#[derive(Clone)]
pub struct AccessLog {
    shared: Arc<Shared>,
}

struct Shared {
    pen: Mutex<Pen>,
    lost: AtomicU64,
}

struct Pen {
    writer: Box<dyn Write + Send>,
    /// The last write stopped inside a line.
    torn: bool,
}

impl AccessLog {
    /// A log that appends to a file (made when it is not there). Rotate it by
    /// copying and truncating, or by a restart: the file stays open.
    ///
    /// # Errors
    /// When the file can not be opened for appending.
    pub fn append_to(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        // A process that was cut off may have left half a line.
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        Ok(Self::new(Box::new(file), last != *b"\n"))
    }

    /// A log that goes to any writer.
    #[must_use]
    pub fn write_to(writer: impl Write + Send + 'static) -> Self {
        Self::new(Box::new(writer), false)
    }

    fn new(writer: Box<dyn Write + Send>, torn: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                pen: Mutex::new(Pen { writer, torn }),
                lost: AtomicU64::new(0),
            }),
        }
    }

    /// How many lines could not be written (a full disk): an alarm, since usage
    /// read from this log is then too low.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Writes one line, which ends with a line feed.
    pub(crate) fn append(&self, line: &str) {
        let mut pen = self
            .shared
            .pen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if pen.append(line).is_err() {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Pen {
    fn append(&mut self, line: &str) -> io::Result<()> {
        let healed;
        let text = if self.torn {
            healed = format!("\n{line}");
            healed.as_str()
        } else {
            line
        };
        let written = loop {
            match self.writer.write(text.as_bytes()) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
                Ok(written) => break written,
            }
        };
        if written > 0 {
            self.torn = written < text.len();
        }
        if written < text.len() {
            return Err(ErrorKind::WriteZero.into());
        }
        self.writer.flush()
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what fits, then nothing, until it is emptied.
    #[derive(Clone)]
    struct Disk {
        kept: Arc<Mutex<Vec<u8>>>,
        calls: Arc<AtomicU64>,
        size: Arc<AtomicU64>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let mut kept = self.kept.lock().unwrap();
            let room = self.size.load(Ordering::Relaxed) - kept.len() as u64;
            let fits = bytes.len().min(usize::try_from(room).unwrap());
            kept.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_loses_lines_and_says_so_and_tears_no_later_line() {
        let disk = Disk {
            kept: Arc::default(),
            calls: Arc::default(),
            size: Arc::new(AtomicU64::new(8)),
        };
        let log = AccessLog::write_to(disk.clone());
        log.append("one\n");
        log.append("a long one\n");
        log.append("lost\n");
        assert_eq!(log.lost(), 2);
        disk.size.store(100, Ordering::Relaxed);
        log.append("two\n");
        assert_eq!(log.lost(), 2);
        assert_eq!(*disk.kept.lock().unwrap(), b"one\na lo\ntwo\n");
        assert_eq!(disk.calls.load(Ordering::Relaxed), 4, "one write a line");
    }
}
