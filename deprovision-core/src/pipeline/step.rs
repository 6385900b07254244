//! One step of a pipeline, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::StepId;
use crate::provider::{EffectClass, Reversibility};
use crate::time::Period;

/// Which part of the work a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new stage has to be placed in the pipeline and in every report"
)]
pub enum Stage {
    /// People and programs are told.
    Announce,
    /// Closed for a while, to see who notices.
    BrownOut,
    /// The access path answers 410.
    Close,
    /// Credentials are frozen and disabled.
    Revoke,
    /// Grants are found and removed.
    AuditPermissions,
    /// Data is copied, read back and restored in a drill.
    Archive,
    /// Documents say that it is retired.
    Document,
    /// References in code are removed.
    RemoveCode,
    /// What nothing brings back: credentials are deleted, data is erased.
    Destroy,
    /// All is looked at again, and certified.
    Certify,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Announce => "announce",
            Self::BrownOut => "brown-out",
            Self::Close => "close",
            Self::Revoke => "revoke",
            Self::AuditPermissions => "audit permissions",
            Self::Archive => "archive",
            Self::Document => "document",
            Self::RemoveCode => "remove code",
            Self::Destroy => "destroy",
            Self::Certify => "certify",
        })
    }
}

/// What must hold before a step acts. *An approved plan*, *no open objection*,
/// *no freeze* and *capacity* are demanded of every step and are not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a gate that the machine does not know must not compile"
)]
pub enum Gate {
    /// This very step is approved as the policy demands for what is irreversible (invariant I-7).
    StepApproved,
    /// So long ago, every notice of that step had been delivered (invariant I-22).
    Notice {
        /// The step that told people.
        step: StepId,
        /// How long ago.
        period: Period,
    },
    /// The promised sunset is over.
    SunsetReached,
    /// Nobody called for so long, seen a moment ago and completely (invariant I-8).
    Quiet {
        /// For how long.
        period: Period,
    },
    /// So long ago, that step was complete (invariant I-3).
    Soak {
        /// The step.
        after: StepId,
        /// How long ago.
        period: Period,
    },
}

/// One step: what it is, what it needs, what must hold before it acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StepSpec {
    /// Its id, which names the implementation that does it.
    pub id: StepId,
    /// The part of the work it belongs to.
    pub stage: Stage,
    /// What it does, for a person.
    pub title: String,
    /// Whether it can be taken back.
    pub reversibility: Reversibility,
    /// Why repeating it is safe.
    pub effect: EffectClass,
    /// Steps that must be complete before it. They come earlier in the pipeline.
    pub needs: Vec<StepId>,
    /// What must hold before it acts.
    pub gates: Vec<Gate>,
    /// How long the provider takes until a read shows a write.
    pub settle: Period,
    /// How long a request that was sent may still take effect (on AWS 5 minutes:
    /// signed requests are refused after that).
    pub late: Period,
    /// How long a call may take.
    pub call_timeout: Period,
}

impl StepSpec {
    /// A step without needs and gates, whose effect is visible at once.
    #[must_use]
    pub fn new(
        id: StepId,
        stage: Stage,
        title: impl Into<String>,
        reversibility: Reversibility,
        effect: EffectClass,
    ) -> Self {
        Self {
            id,
            stage,
            title: title.into(),
            reversibility,
            effect,
            needs: Vec::new(),
            gates: Vec::new(),
            settle: Period::ZERO,
            late: Period::ZERO,
            call_timeout: Period::minutes(1),
        }
    }

    /// The step with one more step that must be complete before it.
    #[must_use]
    pub fn needing(mut self, step: StepId) -> Self {
        self.needs.push(step);
        self
    }

    /// The step with one more gate.
    #[must_use]
    pub fn behind(mut self, gate: Gate) -> Self {
        self.gates.push(gate);
        self
    }

    /// Whether nothing brings back what it does.
    #[must_use]
    pub fn is_irreversible(&self) -> bool {
        self.reversibility == Reversibility::Irreversible
    }
}
