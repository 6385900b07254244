//! The state: what the events so far add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::catalog::Api;
use crate::digest::Digest;
use crate::id::{ActionId, AnswerId, ObjectionId, PersonId, StepId};
use crate::observation::Observation;
use crate::permit::{Approval, Waiver};
use crate::pipeline::{Pipeline, StepSpec};
use crate::plan::{Action, Plan};
use crate::policy::Policy;
use crate::provider::{NoticeStage, Outcome};
use crate::resource::NoticeId;
use crate::retirement::asking::Asked;
use crate::retirement::{Answered, Evidence, Objection};
use crate::time::{Period, Timestamp};
use crate::usage::UsageEvidence;

/// Who was told of a stage, in a round of it.
type People = BTreeMap<(NoticeStage, (u32, u32)), BTreeSet<PersonId>>;

/// In which direction a retirement goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "each mode decides what may be done"
)]
pub enum Mode {
    /// Towards retired.
    Forward,
    /// Back to how it was.
    Unwinding,
    /// Back where it was.
    Cancelled,
    /// Retired and watched.
    Watching {
        /// Since when.
        since: Timestamp,
    },
    /// Retired, and the watch is over.
    Finished,
}

/// Where an action is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "each phase decides what comes next"
)]
pub enum ActionPhase {
    /// Nothing happened yet.
    Waiting,
    /// What undo would restore is known.
    Prepared,
    /// It may have been sent.
    Intended,
    /// The provider answered; reads will tell.
    Settling,
    /// Two agreeing reads saw it.
    Verified,
    /// It was so before.
    Skipped,
    /// Its undo may have been sent.
    UndoIntended,
    /// The provider answered to the undo; reads will tell.
    UndoSettling,
    /// Two agreeing reads saw what was there before.
    Undone,
}

/// One action's course.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionRun {
    /// Where it is.
    pub phase: ActionPhase,
    /// What undo restores.
    pub before: Value,
    /// How often it was about to be sent.
    pub attempts: u32,
    /// When it was last about to be sent.
    pub intended_at: Option<Timestamp>,
    /// When its phase began.
    pub since: Timestamp,
    /// Agreeing reads of the wanted state in a row.
    pub agreeing: u32,
    /// Agreeing reads of the unwanted state in a row.
    pub contrary: u32,
    /// Failures in a row.
    pub failures: u32,
    /// Not to be touched before.
    pub not_before: Option<Timestamp>,
    /// What the provider last answered. Proves nothing.
    pub reported: Option<Outcome>,
    /// What the verifying reads saw.
    pub evidence: Evidence,
}

impl ActionRun {
    pub(super) fn new(at: Timestamp) -> Self {
        Self {
            phase: ActionPhase::Waiting,
            before: Value::Null,
            attempts: 0,
            intended_at: None,
            since: at,
            agreeing: 0,
            contrary: 0,
            failures: 0,
            not_before: None,
            reported: None,
            evidence: Evidence::default(),
        }
    }

    /// Whether the forward way is at its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.phase, ActionPhase::Verified | ActionPhase::Skipped)
    }

    /// Whether an effect of ours may be in the world.
    #[must_use]
    pub fn may_have_effect(&self) -> bool {
        match self.phase {
            ActionPhase::Waiting | ActionPhase::Skipped | ActionPhase::Undone => false,
            // Prepared again after a failed attempt: the attempt may still land.
            ActionPhase::Prepared => self.intended_at.is_some(),
            ActionPhase::Intended
            | ActionPhase::Settling
            | ActionPhase::Verified
            | ActionPhase::UndoIntended
            | ActionPhase::UndoSettling => true,
        }
    }
}

/// Why a run waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parked {
    /// Why.
    pub reason: String,
    /// For whom.
    pub owner: PersonId,
    /// What they can safely do.
    pub next_safe_action: String,
    /// Since when.
    pub since: Timestamp,
}

/// One retirement: the fold of its events.
///
/// A clone is cheap: what only a proposal or a plan changes is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    pub(super) api: Arc<Api>,
    pub(super) successor: Option<Api>,
    pub(super) proposer: PersonId,
    pub(super) reason: String,
    pub(super) policy: Arc<Policy>,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) proposed_at: Timestamp,
    pub(super) last_at: Timestamp,
    pub(super) mode: Mode,
    pub(super) plan: Option<(Arc<Plan>, Digest)>,
    pub(super) planned_at: Timestamp,
    /// How many plans there were.
    pub(super) plans: u32,
    /// When the first action under the plan in force was begun.
    pub(super) begun_at: Option<Timestamp>,
    pub(super) approvals: Vec<Approval>,
    pub(super) objections: BTreeMap<ObjectionId, Objection>,
    /// Every waiver that was not withdrawn, in the order in which they were given;
    /// expired ones too.
    pub(super) waivers: Vec<Waiver>,
    pub(super) usage: Option<(Vec<Observation<UsageEvidence>>, u64, Timestamp)>,
    /// The steps whose targets are those of the plan in force, and when that was last seen.
    pub(super) scope: BTreeMap<StepId, Timestamp>,
    pub(super) actions: BTreeMap<ActionId, ActionRun>,
    pub(super) steps_of: Arc<BTreeMap<ActionId, StepId>>,
    /// Every action that was ever planned: one of a plan that was voided may still
    /// have to be looked at and undone.
    pub(super) known: Arc<BTreeMap<ActionId, Action>>,
    pub(super) parked: Option<Parked>,
    pub(super) pivot_at: Option<Timestamp>,
    pub(super) clock_steps: Vec<(Timestamp, Period)>,
    pub(super) audited_at: Option<Timestamp>,
    /// The promised end, where it was moved, and how often.
    pub(super) ends: Option<Timestamp>,
    pub(super) moved: u32,
    pub(super) answers: BTreeMap<AnswerId, Answered>,
    /// Who was told of which stage, in which round of it.
    pub(super) told: Arc<People>,
    /// The notices of which it is not known what became of them, since when, and when
    /// that is looked at.
    pub(super) awaited: Arc<BTreeMap<NoticeId, Timestamp>>,
    pub(super) deliveries_at: Option<Timestamp>,
    pub(super) certificate: Option<Digest>,
    /// What came back, as the last look found it, and how often that was something else
    /// than before.
    pub(super) drift: Vec<String>,
    pub(super) drifts: u32,
    /// How people were asked for the approvals of the plan in force, by the number of the
    /// stage.
    pub(super) asked: BTreeMap<u32, Asked>,
}

impl Retirement {
    /// Which API.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// What comes instead.
    #[must_use]
    pub fn successor(&self) -> Option<&Api> {
        self.successor.as_ref()
    }

    /// Why it was proposed.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When it was proposed.
    #[must_use]
    pub fn proposed_at(&self) -> Timestamp {
        self.proposed_at
    }

    /// When the API is promised to end: the catalog's sunset, else as long after
    /// the plan was made as people must be told before; later, where it was postponed.
    #[must_use]
    pub fn promised_end(&self) -> Timestamp {
        let promised = self
            .api
            .sunset
            .unwrap_or_else(|| self.policy.notice.after(self.planned_at))
            .max(self.proposed_at);
        self.ends.map_or(promised, |moved| moved.max(promised))
    }

    /// How often the promised end was moved.
    #[must_use]
    pub fn moved(&self) -> u32 {
        self.moved
    }

    /// Every answer to a notice.
    #[must_use]
    pub fn answers(&self) -> &BTreeMap<AnswerId, Answered> {
        &self.answers
    }

    /// The digest of the certificate's statement, once it is signed.
    #[must_use]
    pub fn certificate(&self) -> Option<Digest> {
        self.certificate
    }

    /// What came back, as the last look after retirement found it.
    #[must_use]
    pub fn drift(&self) -> &[String] {
        &self.drift
    }

    /// Every approval of the plan in force.
    #[must_use]
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    /// Every objection that was not withdrawn, expired ones too.
    #[must_use]
    pub fn objections(&self) -> &BTreeMap<ObjectionId, Objection> {
        &self.objections
    }

    /// Every waiver that was not withdrawn, expired ones too. Which grants may stay is
    /// for [`Retirement::waived`] to say.
    #[must_use]
    pub fn waivers(&self) -> &[Waiver] {
        &self.waivers
    }

    /// In which lease usage was last read, and when.
    #[must_use]
    pub fn usage_read(&self) -> Option<(u64, Timestamp)> {
        self.usage.as_ref().map(|(_, epoch, at)| (*epoch, *at))
    }

    /// An action as it was last planned, also by a plan that was voided since.
    #[must_use]
    pub fn known_action(&self, action: &ActionId) -> Option<&Action> {
        self.known.get(action)
    }

    /// The step that an action belongs to.
    #[must_use]
    pub fn step_of(&self, action: &ActionId) -> Option<&StepId> {
        self.steps_of.get(action)
    }

    /// When each complete step was complete, by its id.
    #[must_use]
    pub fn completed(&self) -> BTreeMap<StepId, Timestamp> {
        let completions = self.completions();
        completions
            .into_iter()
            .map(|(step, at)| (step.clone(), at))
            .collect()
    }

    /// Who proposed it.
    #[must_use]
    pub fn proposer(&self) -> &PersonId {
        &self.proposer
    }

    /// Under which policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Along which pipeline.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// In which direction it goes.
    #[must_use]
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The plan in force, with its digest.
    #[must_use]
    pub fn plan(&self) -> Option<(&Plan, Digest)> {
        self.plan
            .as_ref()
            .map(|(plan, digest)| (plan.as_ref(), *digest))
    }

    /// Why it waits for a person, when it does.
    #[must_use]
    pub fn parked(&self) -> Option<&Parked> {
        self.parked.as_ref()
    }

    /// When something irreversible was begun.
    #[must_use]
    pub fn pivot_at(&self) -> Option<Timestamp> {
        self.pivot_at
    }

    /// The course of every action that was ever planned.
    #[must_use]
    pub fn actions(&self) -> &BTreeMap<ActionId, ActionRun> {
        &self.actions
    }

    /// The latest of this moment and everything in the log: time goes forward
    /// (invariant I-21).
    #[must_use]
    pub fn forward(&self, now: Timestamp) -> Timestamp {
        now.max(self.last_at)
    }

    /// The objection that holds the retirement, if any.
    #[must_use]
    pub fn open_objection(&self, now: Timestamp) -> Option<&Objection> {
        // A clock that stepped back re-opens no objection that had expired.
        let now = self.forward(now);
        self.objections
            .values()
            .find(|objection| now < objection.expires)
    }

    /// The moment at which `period` has really passed since `start`: steps of the
    /// wall clock do not count (invariant I-21).
    pub(super) fn passed_at(&self, start: Timestamp, period: Period) -> Timestamp {
        let steps = self.clock_steps.iter().filter(|(at, _)| *at > start);
        steps.fold(period.after(start), |end, (_, by)| by.after(end))
    }

    pub(super) fn planned(&self, step: &StepId) -> &[Action] {
        self.plan
            .as_ref()
            .map_or(&[], |(plan, _)| plan.actions(step))
    }

    pub(super) fn run(&self, action: &ActionId) -> Option<&ActionRun> {
        self.actions.get(action)
    }

    pub(super) fn spec_of(&self, action: &ActionId) -> Option<&StepSpec> {
        self.pipeline.step(self.steps_of.get(action)?)
    }

    /// When each complete step was complete. A step without actions is complete
    /// when all it needs is.
    pub(super) fn completions(&self) -> BTreeMap<&StepId, Timestamp> {
        let mut complete: BTreeMap<&StepId, Timestamp> = BTreeMap::new();
        // In order: what a step needs comes before it.
        for step in self.pipeline.steps() {
            let needs = step.needs.iter().map(|need| complete.get(need).copied());
            let actions = self.planned(&step.id).iter().map(|action| {
                let run = self.run(&action.id)?;
                run.is_complete().then_some(run.since)
            });
            let ends: Option<Vec<Timestamp>> = needs.chain(actions).collect();
            if let Some(ends) = ends {
                complete.insert(
                    &step.id,
                    ends.into_iter().fold(self.planned_at, Timestamp::max),
                );
            }
        }
        complete
    }
}
