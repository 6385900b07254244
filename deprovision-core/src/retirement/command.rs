//! What may be asked of a retirement.

use crate::catalog::Api;
use crate::digest::Digest;
use crate::id::{ActionId, ObjectionId, PersonId, StepId};
use crate::observation::Observation;
use crate::permit::{Approval, Waiver};
use crate::plan::Plan;
use crate::provider::{ErrorKind, NoticeStage, Outcome};
use crate::resource::{GrantId, NoticeId, ResourceRef};
use crate::retirement::{Answered, Objection, Reading, Told, Undelivered, Untold};
use crate::time::{Period, Timestamp};
use crate::usage::UsageEvidence;

/// How much is going on over all retirements (invariant I-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capacity {
    /// Other retirements that act now.
    pub others_acting: u32,
    /// Irreversible actions in the last 24 hours, over all retirements.
    pub irreversible_today: u32,
}

impl Capacity {
    /// A count.
    #[must_use]
    pub fn new(others_acting: u32, irreversible_today: u32) -> Self {
        Self {
            others_acting,
            irreversible_today,
        }
    }
}

/// What may be asked. Those before [`RecordPlan`](Self::RecordPlan) come from people, the others from the driver.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "every command has to be decided")]
pub enum Command {
    /// Approve the plan or an irreversible step of it.
    Approve(Approval),
    /// Hold the retirement.
    Object(Objection),
    /// Take an objection back.
    WithdrawObjection {
        /// Which.
        id: ObjectionId,
        /// Who.
        by: PersonId,
    },
    /// Let a grant stay for a while.
    Waive(Waiver),
    /// Take a waiver back.
    WithdrawWaiver {
        /// For which grant.
        grant: GrantId,
        /// Whose.
        by: PersonId,
    },
    /// Answer a notice.
    Answer(Answered),
    /// Move the promised end later.
    Postpone {
        /// To when.
        to: Timestamp,
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// Call the retirement off and undo what was done.
    Cancel {
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// Go on after a person helped.
    Resume {
        /// Who.
        by: PersonId,
        /// How.
        reason: String,
    },
    /// The plan that was made.
    RecordPlan(Plan),
    /// The usage that was read.
    RecordUsage {
        /// Each source's answer.
        sources: Vec<Observation<UsageEvidence>>,
        /// In which lease.
        epoch: u64,
    },
    /// The targets that a step has now.
    CheckScope {
        /// Which step.
        step: StepId,
        /// What it would act on now.
        found: Vec<ResourceRef>,
        /// What the catalog says of the API now; `None` when it knows nothing newer.
        catalog: Option<Api>,
    },
    /// What was seen before an action.
    Prepare {
        /// Which.
        action: ActionId,
        /// What was there.
        reading: Observation<Reading>,
    },
    /// Ask to send actions of one step.
    Begin {
        /// Which.
        actions: Vec<ActionId>,
        /// In which lease.
        epoch: u64,
        /// What else is going on.
        capacity: Capacity,
    },
    /// What the provider said to an action or its undo.
    Report {
        /// Which.
        action: ActionId,
        /// What it said.
        outcome: Outcome,
    },
    /// What was seen after an action or its undo.
    Observe {
        /// Which.
        action: ActionId,
        /// What was there.
        reading: Observation<Reading>,
    },
    /// A call failed and changed nothing.
    Fail {
        /// Which.
        action: ActionId,
        /// What kind of trouble.
        kind: ErrorKind,
        /// What it was, for a person.
        why: String,
    },
    /// Ask to send undos.
    BeginUndo {
        /// Which.
        actions: Vec<ActionId>,
        /// In which lease.
        epoch: u64,
    },
    /// People were told what stage it is at.
    RecordTold {
        /// Which stage.
        stage: NoticeStage,
        /// Which [round](crate::retirement::Retirement::round) of it the notices were made
        /// for.
        round: (u32, u32),
        /// Whose notice was handed over.
        told: Vec<Told>,
        /// Whose was not, and why.
        untold: Vec<Untold>,
    },
    /// It was looked what became of notices that were handed over; of what is in neither
    /// list it is not known yet.
    RecordDeliveries {
        /// What was delivered.
        delivered: Vec<NoticeId>,
        /// What was not, or nobody can tell of.
        undelivered: Vec<Undelivered>,
        /// Before which moment none of the others arrives, where that is known.
        not_before: Option<Timestamp>,
    },
    /// A step of the pipeline can not be planned, or a driver can not go on.
    Park {
        /// Why.
        reason: String,
        /// What a person can do.
        next_safe_action: String,
    },
    /// The wall clock stepped forward.
    NoteClockStep {
        /// By how much.
        by: Period,
    },
    /// The certificate was signed.
    Certify {
        /// The digest of its statement.
        statement: Digest,
        /// The signed envelope around the statement, as JSON.
        envelope: String,
    },
    /// What an audit found; empty when nothing came back.
    RecordAudit {
        /// What came back, or could not be told.
        drift: Vec<String>,
    },
}
