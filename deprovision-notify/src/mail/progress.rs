//! How far a letter got.

use std::sync::atomic::{AtomicU8, Ordering};

/// How far an attempt is. Only from [`Phase::End`] on can the letter have been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Until one of the connections is free.
    Waiting,
    /// Until the server said hello, over TLS where that is wanted.
    Connecting,
    /// Until it knows us.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA` and the content, without the line that ends it.
    Content,
    /// From the first byte of the line that ends the content.
    End,
}

/// The phase, readable after whoever set it is gone.
#[derive(Debug)]
pub(super) struct Progress(AtomicU8);

impl Progress {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(Phase::Waiting as u8))
    }

    pub(super) fn reach(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::SeqCst);
    }

    pub(super) fn phase(&self) -> Phase {
        let reached = self.0.load(Ordering::SeqCst);
        let before = [
            Phase::Waiting,
            Phase::Connecting,
            Phase::Login,
            Phase::Sender,
            Phase::Recipient,
            Phase::Content,
        ];
        let same = before.into_iter().find(|phase| *phase as u8 == reached);
        same.unwrap_or(Phase::End)
    }
}
