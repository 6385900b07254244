//! What came of a write, and what kind of effect it has.

use serde::{Deserialize, Serialize};

/// What came of a write. The write's own answer is never the proof that it took
/// effect (invariant I-10): the engine observes afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "an outcome is three-valued; every user must treat all three"
)]
pub enum Outcome {
    /// The provider says that it is done.
    Done {
        /// The provider's receipt, for the log: a request id, a digest, a path. No secrets.
        receipt: String,
    },
    /// It certainly did not happen.
    NotDone {
        /// Why.
        why: String,
    },
    /// It may or may not have happened. Settled only by observing.
    Unknown {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Done, with a receipt.
    pub fn done(receipt: impl Into<String>) -> Self {
        Self::Done {
            receipt: receipt.into(),
        }
    }

    /// Certainly not done.
    pub fn not_done(why: impl Into<String>) -> Self {
        Self::NotDone { why: why.into() }
    }

    /// Perhaps done.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }
}

/// Why repeating an action is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the engine must decide for every class whether an action may be sent again"
)]
pub enum EffectClass {
    /// It only reads.
    Reading,
    /// Repeating it changes nothing (disable what is disabled).
    Absorbing,
    /// The provider refuses a stale one (a condition on a version).
    Conditional,
    /// The provider drops a repeated one (an idempotency key, a Message-ID).
    Deduplicated,
    /// Read again after the provider's settle time, and repaired.
    Reconciled,
}

/// Whether an action can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is no third way: what is not certainly reversible is irreversible"
)]
pub enum Reversibility {
    /// `undo` restores what was there before.
    Reversible,
    /// Nothing brings it back. Approvals, fresh usage and a soak come before it.
    Irreversible,
}
