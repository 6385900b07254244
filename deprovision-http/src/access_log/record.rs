//! A request on its way: becomes a line when it ends, however it ends.

use crate::access_log::line::Line;
use crate::access_log::sink::AccessLog;

/// The status of a request whose caller left before it was answered (as nginx writes it).
pub(crate) const CALLER_LEFT: u16 = 499;
/// The status of a request that the service failed to answer.
pub(crate) const FAILED: u16 = 500;

/// A line that is written when it is dropped.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) line: Line,
    log: AccessLog,
}

impl Record {
    pub(crate) fn new(log: AccessLog, line: Line) -> Self {
        Self { line, log }
    }

    /// Counts bytes of the answer's body.
    pub(crate) fn count(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.line.bytes = self.line.bytes.saturating_add(bytes);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.log.append(&self.line.to_text());
    }
}
