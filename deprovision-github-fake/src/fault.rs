//! What can go wrong with a request, on demand.

use std::collections::BTreeMap;

/// A fault of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests name every kind")]
pub enum Fault {
    /// 502, and nothing was done.
    FailsBefore,
    /// It is done, and answered with 502.
    FailsAfter,
    /// It is done, and the connection breaks before the answer.
    LosesReply,
    /// The secondary limit: 403 with `retry-after`.
    Secondary {
        /// In how many seconds.
        retry_after: u64,
    },
    /// The primary limit: 403 with nothing remaining until then.
    Exhausted {
        /// The second, since 1970.
        reset: i64,
    },
    /// 403 for good, and nothing was done: whoever asks may not.
    Refused,
    /// A read is answered as if the last write had not happened yet.
    Stale,
    /// Nothing is done, and no answer ever comes.
    HangsBefore,
    /// It is done, and no answer ever comes.
    HangsAfter,
}

/// Which of the coming requests go wrong, counted from 1.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    pub(crate) requests: u64,
    pub(crate) planned: BTreeMap<u64, Fault>,
}

impl Faults {
    /// Counts a request, and gives its fault.
    pub(crate) fn next(&mut self) -> Option<Fault> {
        self.requests += 1;
        self.planned.remove(&self.requests)
    }
}
