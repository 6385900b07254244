//! The phase that people see: computed from the facts, never stored.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::pipeline::Stage;
use crate::retirement::{ActionRun, Retirement, Standing};
use crate::time::Timestamp;

/// How far a retirement is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a board has a column for each of them"
)]
pub enum Phase {
    /// Somebody proposed it.
    Proposed,
    /// There is a plan, and nothing was done yet.
    Planned,
    /// People were told.
    Announced,
    /// The path was closed for a while.
    BrownOut,
    /// The path is closed.
    Closed,
    /// The path is closed and the credentials are disabled: a scream test.
    Suspended,
    /// Something irreversible was begun.
    Destroying,
    /// Done, and watched.
    Retired,
    /// An objection holds it.
    OnHold,
    /// It waits for a person's help.
    Parked,
    /// It was called off and is being undone.
    Unwinding,
    /// It was called off and everything is as it was.
    Cancelled,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proposed => "proposed",
            Self::Planned => "planned",
            Self::Announced => "announced",
            Self::BrownOut => "brown-out",
            Self::Closed => "closed",
            Self::Suspended => "suspended",
            Self::Destroying => "destroying",
            Self::Retired => "retired",
            Self::OnHold => "on hold",
            Self::Parked => "parked",
            Self::Unwinding => "unwinding",
            Self::Cancelled => "cancelled",
        })
    }
}

impl Retirement {
    /// The phase at `now`.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> Phase {
        match self.standing(now) {
            Standing::Cancelled => return Phase::Cancelled,
            Standing::Watching | Standing::WatchingParked | Standing::Finished => {
                return Phase::Retired;
            }
            Standing::Parked | Standing::UnwindingParked => return Phase::Parked,
            Standing::Unwinding => return Phase::Unwinding,
            Standing::OnHold => return Phase::OnHold,
            Standing::Forward => {}
        }
        if self.pivot_at.is_some() {
            return Phase::Destroying;
        }
        // A stage counts when something of it was really done.
        let done = self
            .pipeline
            .steps()
            .iter()
            .filter(|step| {
                let actions = self.planned(&step.id);
                !actions.is_empty()
                    && actions
                        .iter()
                        .all(|action| self.run(&action.id).is_some_and(ActionRun::is_complete))
            })
            .map(|step| step.stage)
            .max();
        match done {
            None if self.plan.is_some() => Phase::Planned,
            None => Phase::Proposed,
            Some(Stage::Announce) => Phase::Announced,
            Some(Stage::BrownOut) => Phase::BrownOut,
            Some(Stage::Close) => Phase::Closed,
            Some(
                Stage::Revoke
                | Stage::AuditPermissions
                | Stage::Archive
                | Stage::Document
                | Stage::RemoveCode
                | Stage::Destroy
                | Stage::Certify,
            ) => Phase::Suspended,
        }
    }
}
