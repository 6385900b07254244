//! What happened: facts in the past tense.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::id::{ActionId, ObjectionId, PersonId, StepId};
use crate::observation::Observation;
use crate::permit::{Approval, Waiver};
use crate::plan::Plan;
use crate::provider::{NoticeStage, Outcome};
use crate::resource::{GrantId, NoticeId};
use crate::retirement::{Answered, Proposal, Told, Undelivered, Untold};
use crate::time::{Period, Timestamp};
use crate::usage::UsageEvidence;

/// A reason to hold a retirement. It survives every other event until it is
/// withdrawn or expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Objection {
    /// Its name.
    pub id: ObjectionId,
    /// Who.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// Until when it holds.
    pub expires: Timestamp,
}

impl Objection {
    /// An objection.
    #[must_use]
    pub fn new(
        id: ObjectionId,
        by: PersonId,
        reason: impl Into<String>,
        expires: Timestamp,
    ) -> Self {
        Self {
            id,
            by,
            reason: reason.into(),
            expires,
        }
    }
}

/// What was seen of an effect. No secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Evidence {
    /// For a person.
    pub text: String,
    /// For programs: the ids and digests that the text speaks of.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub facts: Value,
}

impl Evidence {
    /// The evidence with facts for programs.
    #[must_use]
    pub fn with_facts(mut self, facts: Value) -> Self {
        self.facts = facts;
        self
    }
}

impl<T: Into<String>> From<T> for Evidence {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            facts: Value::Null,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a look at an action's target showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the machine decides on every reading; a new one must fail to compile there"
)]
pub enum Reading {
    /// The action's effect is there.
    Applied {
        /// What was seen.
        evidence: Evidence,
    },
    /// The effect is not there.
    NotApplied {
        /// What is there instead: enough for `undo` to restore it. No secrets.
        before: Value,
    },
    /// It is under way and waits for others (a review, a delivery).
    Pending {
        /// For what.
        why: String,
        /// When to look again; the policy's recheck when the provider can not tell.
        look_again: Option<Timestamp>,
    },
}

/// One fact of a retirement's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    clippy::large_enum_variant,
    reason = "every event has to be folded; and the large ones occur once a stream"
)]
pub enum Event {
    /// Somebody proposed to retire an API, under a policy and a pipeline that stay.
    Proposed {
        /// Which, by whom, why and how.
        proposal: Proposal,
    },
    /// The plan was made.
    Planned {
        /// What will be done.
        plan: Plan,
        /// What approvals are bound to.
        digest: Digest,
    },
    /// The world differs from the plan: it has to be made and approved again.
    PlanVoided {
        /// How it differs.
        why: String,
    },
    /// Somebody approved.
    Approved {
        /// What, by whom, until when.
        approval: Approval,
    },
    /// Somebody objected.
    Objected {
        /// The objection.
        objection: Objection,
    },
    /// Somebody took an objection back.
    ObjectionWithdrawn {
        /// Which.
        id: ObjectionId,
        /// Who.
        by: PersonId,
    },
    /// Somebody let a grant stay for a while (invariant I-6).
    GrantWaived {
        /// Which, by whom, why, until when.
        waiver: Waiver,
    },
    /// Somebody took a waiver back.
    WaiverWithdrawn {
        /// For which grant.
        grant: GrantId,
        /// Whose.
        by: PersonId,
    },
    /// Somebody answered a notice. What it leads to is an event of its own.
    Answered {
        /// What, by whom, to which.
        answered: Answered,
    },
    /// The promised end was moved later.
    Postponed {
        /// To when.
        to: Timestamp,
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// People were told what stage it is at. Whether a notice arrived is for
    /// [`Event::DeliveriesSeen`] to say.
    PeopleTold {
        /// Which stage.
        stage: NoticeStage,
        /// Whose notice was handed over.
        told: Vec<Told>,
        /// Whose was not, and why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        untold: Vec<Untold>,
    },
    /// It was looked what became of notices that were handed over.
    DeliveriesSeen {
        /// What was delivered.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        delivered: Vec<NoticeId>,
        /// What was not, or nobody can tell of.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        undelivered: Vec<Undelivered>,
        /// When the others are looked for again; `None` when there are no others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Timestamp>,
    },
    /// Usage was read.
    UsageRead {
        /// Each source's answer.
        sources: Vec<Observation<UsageEvidence>>,
        /// In which lease.
        epoch: u64,
    },
    /// The targets of a step are still those that were approved.
    ScopeConfirmed {
        /// Which step.
        step: StepId,
    },
    /// The effect was there before anything was done.
    ActionSkipped {
        /// Which.
        action: ActionId,
        /// What was seen.
        evidence: Evidence,
    },
    /// What `undo` will restore was recorded (invariant I-15: before the intent).
    ActionPrepared {
        /// Which.
        action: ActionId,
        /// What was there before.
        before: Value,
    },
    /// The action is about to be sent (before the effect).
    ActionIntended {
        /// Which.
        action: ActionId,
        /// In which lease.
        epoch: u64,
    },
    /// The provider answered (after the effect). Proves nothing.
    ActionReported {
        /// Which.
        action: ActionId,
        /// What it said.
        outcome: Outcome,
    },
    /// A look after the action.
    ActionObserved {
        /// Which.
        action: ActionId,
        /// What it showed.
        reading: Observation<Reading>,
    },
    /// Two agreeing reads showed the effect (invariant I-10).
    ActionVerified {
        /// Which.
        action: ActionId,
        /// What was seen.
        evidence: Evidence,
    },
    /// A look failed or could not tell, and will be repeated.
    LookDelayed {
        /// Which action was looked at.
        action: ActionId,
        /// Why.
        why: String,
        /// Not before.
        until: Timestamp,
    },
    /// It certainly did not work, and will be sent again.
    ActionDelayed {
        /// Which.
        action: ActionId,
        /// Why.
        why: String,
        /// Not before.
        until: Timestamp,
    },
    /// The undo of an action is about to be sent.
    UndoIntended {
        /// Which.
        action: ActionId,
        /// In which lease.
        epoch: u64,
    },
    /// The provider answered to the undo.
    UndoReported {
        /// Which.
        action: ActionId,
        /// What it said.
        outcome: Outcome,
    },
    /// A look after the undo.
    UndoObserved {
        /// Which.
        action: ActionId,
        /// What it showed.
        reading: Observation<Reading>,
    },
    /// Two agreeing reads, after late requests could no longer land, showed
    /// what was there before (invariant I-16).
    ActionUndone {
        /// Which.
        action: ActionId,
    },
    /// A person has to help (invariant I-17).
    Parked {
        /// Why.
        reason: String,
        /// Who.
        owner: PersonId,
        /// With what.
        next_safe_action: String,
    },
    /// A person helped.
    Resumed {
        /// Who.
        by: PersonId,
        /// How.
        reason: String,
    },
    /// Somebody called it off; everything is undone.
    CancelRequested {
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// Everything is as it was.
    Unwound,
    /// The wall clock stepped forward without time passing (invariant I-21).
    ClockStepped {
        /// By how much.
        by: Period,
    },
    /// The certificate was signed.
    Certified {
        /// The digest of its statement.
        statement: Digest,
        /// The signed envelope around the statement, as JSON.
        envelope: String,
    },
    /// A look after retirement found nothing that came back.
    AuditPassed,
    /// A look after retirement found something that came back, or could not tell.
    DriftFound {
        /// What.
        what: Vec<String>,
    },
    /// The watch is over.
    WatchEnded,
}

impl Event {
    /// Its name in the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Proposed { .. } => "proposed",
            Self::Planned { .. } => "planned",
            Self::PlanVoided { .. } => "plan_voided",
            Self::Approved { .. } => "approved",
            Self::Objected { .. } => "objected",
            Self::ObjectionWithdrawn { .. } => "objection_withdrawn",
            Self::GrantWaived { .. } => "grant_waived",
            Self::WaiverWithdrawn { .. } => "waiver_withdrawn",
            Self::Answered { .. } => "answered",
            Self::Postponed { .. } => "postponed",
            Self::PeopleTold { .. } => "people_told",
            Self::DeliveriesSeen { .. } => "deliveries_seen",
            Self::UsageRead { .. } => "usage_read",
            Self::ScopeConfirmed { .. } => "scope_confirmed",
            Self::ActionSkipped { .. } => "action_skipped",
            Self::ActionPrepared { .. } => "action_prepared",
            Self::ActionIntended { .. } => "action_intended",
            Self::ActionReported { .. } => "action_reported",
            Self::ActionObserved { .. } => "action_observed",
            Self::ActionVerified { .. } => "action_verified",
            Self::LookDelayed { .. } => "look_delayed",
            Self::ActionDelayed { .. } => "action_delayed",
            Self::UndoIntended { .. } => "undo_intended",
            Self::UndoReported { .. } => "undo_reported",
            Self::UndoObserved { .. } => "undo_observed",
            Self::ActionUndone { .. } => "action_undone",
            Self::Parked { .. } => "parked",
            Self::Resumed { .. } => "resumed",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::Unwound => "unwound",
            Self::ClockStepped { .. } => "clock_stepped",
            Self::Certified { .. } => "certified",
            Self::AuditPassed => "audit_passed",
            Self::DriftFound { .. } => "drift_found",
            Self::WatchEnded => "watch_ended",
        }
    }

    /// The action that it is about, if it is about one.
    #[must_use]
    pub fn action(&self) -> Option<&ActionId> {
        match self {
            Self::ActionSkipped { action, .. }
            | Self::ActionPrepared { action, .. }
            | Self::ActionIntended { action, .. }
            | Self::ActionReported { action, .. }
            | Self::ActionObserved { action, .. }
            | Self::ActionVerified { action, .. }
            | Self::LookDelayed { action, .. }
            | Self::ActionDelayed { action, .. }
            | Self::UndoIntended { action, .. }
            | Self::UndoReported { action, .. }
            | Self::UndoObserved { action, .. }
            | Self::ActionUndone { action, .. } => Some(action),
            Self::Proposed { .. }
            | Self::Planned { .. }
            | Self::PlanVoided { .. }
            | Self::Approved { .. }
            | Self::Objected { .. }
            | Self::ObjectionWithdrawn { .. }
            | Self::GrantWaived { .. }
            | Self::WaiverWithdrawn { .. }
            | Self::Answered { .. }
            | Self::Postponed { .. }
            | Self::PeopleTold { .. }
            | Self::DeliveriesSeen { .. }
            | Self::UsageRead { .. }
            | Self::ScopeConfirmed { .. }
            | Self::Parked { .. }
            | Self::Resumed { .. }
            | Self::CancelRequested { .. }
            | Self::Unwound
            | Self::ClockStepped { .. }
            | Self::Certified { .. }
            | Self::AuditPassed
            | Self::DriftFound { .. }
            | Self::WatchEnded => None,
        }
    }
}
