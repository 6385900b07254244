//! Where a retirement stands: its mode, and what holds it.

use crate::retirement::{Mode, Retirement};
use crate::time::Timestamp;

/// Where a retirement stands. [`Mode`] says in which direction it goes; this says
/// also what keeps it from going. Parked comes first: it needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every standing has to be told apart"
)]
pub enum Standing {
    /// It goes towards retired, as its gates allow.
    Forward,
    /// An objection holds it.
    OnHold,
    /// It waits for a person's help.
    Parked,
    /// What was done is being undone.
    Unwinding,
    /// The undoing waits for a person's help.
    UnwindingParked,
    /// Everything is as it was.
    Cancelled,
    /// Retired and watched.
    Watching,
    /// Retired, and the watch waits for a person's help.
    WatchingParked,
    /// Retired, and the watch is over.
    Finished,
}

impl Retirement {
    /// Where it stands at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (&self.mode, self.parked.is_some()) {
            (Mode::Forward, true) => Standing::Parked,
            (Mode::Forward, false) if self.open_objection(now).is_some() => Standing::OnHold,
            (Mode::Forward, false) => Standing::Forward,
            (Mode::Unwinding, true) => Standing::UnwindingParked,
            (Mode::Unwinding, false) => Standing::Unwinding,
            (Mode::Watching { .. }, true) => Standing::WatchingParked,
            (Mode::Watching { .. }, false) => Standing::Watching,
            (Mode::Cancelled, true | false) => Standing::Cancelled,
            (Mode::Finished, true | false) => Standing::Finished,
        }
    }
}
