//! The right of one worker to drive one retirement for a while.

use serde::{Deserialize, Serialize};

use crate::id::{RetirementId, WorkerId};
use crate::time::Timestamp;

/// One owner at a time: every claim has a strictly larger epoch than any before
/// (a fencing token), and an append with an older one is refused (invariant I-14).
///
/// The epoch fences the log. It can not fence a provider: a request that a dead
/// worker sent may still land, which is why undone states are observed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lease {
    /// What is owned.
    pub stream: RetirementId,
    /// By whom.
    pub worker: WorkerId,
    /// The fencing token.
    pub epoch: u64,
    /// Until when, by the journal's clock.
    pub expires: Timestamp,
}

impl Lease {
    /// For implementers of [`Journal`](crate::journal::Journal): the lease that was granted.
    #[must_use]
    pub fn new(stream: RetirementId, worker: WorkerId, epoch: u64, expires: Timestamp) -> Self {
        Self {
            stream,
            worker,
            epoch,
            expires,
        }
    }
}
