//! What people are told beside the announcement, and when: that they should approve,
//! reminders, brown-outs, the last call, closed, restored, retired, drift. Nothing waits for it, and nothing is
//! stopped by a notice that could not be handed over: what has to be told before
//! anything is closed is the announcement (invariant I-22).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::id::PersonId;
use crate::pipeline::{Gate, StepSpec, ids};
use crate::provider::NoticeStage;
use crate::retirement::{ActionPhase, ActionRun, Event, Mode, Refusal, Retirement, Told, Untold};
use crate::time::{Period, Timestamp};

/// A stage that people are told of, and since when.
type Due = (Timestamp, NoticeStage);

impl Retirement {
    /// The stage that people should be told of now, and were not.
    pub(super) fn tell(&self, now: Timestamp) -> Option<NoticeStage> {
        let mut due = self.stages(now);
        due.retain(|(at, stage)| *at <= now && !self.was_told(*stage));
        // Who gets the last call gets no reminder: it comes before it.
        let order = |due: &Due| (due.0, due.1 != NoticeStage::LastCall, due.1);
        due.into_iter().min_by_key(order).map(|(_, stage)| stage)
    }

    /// When a stage comes that people are told of, after `now`, or may come.
    pub(super) fn tell_at(&self, now: Timestamp) -> Option<Timestamp> {
        let later = self.stages(now).into_iter();
        later
            .filter(|(at, stage)| *at > now && !self.was_told(*stage))
            .map(|(at, _)| at)
            .chain(self.asks_change(now))
            .min()
    }

    /// Who was told of a stage in the [round](Retirement::round) that it is in: of what
    /// depends on the promised end, since that was last moved. An asking for an approval
    /// ends its round: see [`Retirement::approvers`] for who is missing.
    #[must_use]
    pub fn told_of(&self, stage: NoticeStage) -> Option<&BTreeSet<PersonId>> {
        self.told.get(&(stage, self.round(stage)))
    }

    /// Notes who was told, unless what they were told is of the past by now: of another
    /// plan, of an end that was moved.
    pub(super) fn record_told(
        &self,
        (stage, round): (NoticeStage, (u32, u32)),
        told: Vec<Told>,
        untold: Vec<Untold>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let asks = matches!(stage, NoticeStage::Approval { .. });
        let is_due = || self.asked_since(stage, now).is_some_and(|at| at <= now);
        if round != self.round(stage) || self.was_told(stage) || (asks && !is_due()) {
            return Err(Refusal::NotNow(format!(
                "people were told already, or it is different now: {stage}"
            )));
        }
        Ok(vec![Event::PeopleTold {
            stage,
            told,
            untold,
        }])
    }

    pub(super) fn note_told(&mut self, stage: NoticeStage, people: &[Told], at: Timestamp) {
        let key = (stage, self.round(stage));
        let told = Arc::make_mut(&mut self.told).entry(key).or_default();
        told.extend(people.iter().map(|told| told.person.clone()));
        self.await_deliveries(people, at);
        if let NoticeStage::Approval { number } = stage {
            self.note_asked(number, people, at);
        }
    }

    fn was_told(&self, stage: NoticeStage) -> bool {
        let nothing = stage == NoticeStage::Drift && self.drift.is_empty();
        nothing || self.told.contains_key(&(stage, self.round(stage)))
    }

    /// What tells one telling of a stage from the next. What depends on the promised end
    /// is told again when that was moved; people are asked again, and of another plan
    /// anew; what came back twice is told twice.
    #[must_use]
    pub fn round(&self, stage: NoticeStage) -> (u32, u32) {
        match stage {
            NoticeStage::Approval { number } => (self.plans, self.times_asked(number)),
            NoticeStage::Reminder { .. } | NoticeStage::LastCall => (self.moved, 0),
            NoticeStage::Drift => (self.drifts, 0),
            NoticeStage::Announcement
            | NoticeStage::Postponement { .. }
            | NoticeStage::BrownOut { .. }
            | NoticeStage::Closed
            | NoticeStage::Restored
            | NoticeStage::Retired
            | NoticeStage::Withdrawal
            | NoticeStage::Unused
            | NoticeStage::Digest => (0, 0),
        }
    }

    /// Every stage that has come or whose moment is known.
    fn stages(&self, now: Timestamp) -> Vec<Due> {
        let announced = self.announced();
        match (&self.mode, announced) {
            (Mode::Forward, announced) => {
                let mut due = self.asks(now);
                if let Some(at) = announced {
                    due.extend(self.stages_forward(at, now));
                }
                due
            }
            (Mode::Cancelled | Mode::Finished, _) => Vec::new(),
            (Mode::Unwinding, _) => self.stages_unwinding(),
            (Mode::Watching { since }, _) => {
                let mut due = vec![(*since, NoticeStage::Retired)];
                if let Some(at) = self.audited_at.filter(|_| !self.drift.is_empty()) {
                    due.push((at, NoticeStage::Drift));
                }
                // Whoever was never announced anything has nobody to tell.
                due.retain(|_| announced.is_some());
                due
            }
        }
    }

    /// When the last person was told of it.
    fn announced(&self) -> Option<Timestamp> {
        let actions = self.of_step(ids::ANNOUNCE);
        let mut told = actions.filter(|run| run.is_complete()).map(|run| run.since);
        let first = told.next()?;
        let whole = self
            .of_step(ids::ANNOUNCE)
            .all(|run| run.is_complete() || run.phase == ActionPhase::Undone);
        whole.then(|| told.fold(first, Timestamp::max))
    }

    /// The actions of the plan in force.
    fn of_step(&self, id: &str) -> impl Iterator<Item = &ActionRun> {
        let steps = self.pipeline.steps().iter();
        let step = steps.into_iter().find(|step| step.id.as_str() == id);
        step.map(|step| self.planned(&step.id))
            .unwrap_or_default()
            .iter()
            .filter_map(|action| self.run(&action.id))
    }

    fn stages_forward(&self, announced: Timestamp, now: Timestamp) -> Vec<Due> {
        let mut due = Vec::new();
        if self.moved > 0 {
            let number = self.moved;
            due.push((self.last_at, NoticeStage::Postponement { number }));
        }
        let mut closing = self.of_step(ids::CLOSE).peekable();
        let closes = closing.peek().is_some();
        if closing.by_ref().any(ActionRun::may_have_effect) {
            let ends = self
                .of_step(ids::CLOSE)
                .map(|run| run.is_complete().then_some(run.since));
            if let Some(ends) = ends.collect::<Option<Vec<Timestamp>>>()
                && let Some(at) = ends.into_iter().max()
            {
                due.push((at, NoticeStage::Closed));
            }
            return due;
        }
        // Nothing is promised while somebody objects.
        if self.open_objection(now).is_some() {
            return due;
        }
        due.extend(self.brown_outs());
        if closes {
            due.extend(self.reminders(announced, now));
        }
        due
    }

    /// The next brown-out, told as long before as the policy has it.
    fn brown_outs(&self) -> Option<Due> {
        let steps = self.pipeline.steps().iter();
        let numbered = steps.filter_map(|step| {
            let number = step.id.as_str().strip_prefix(ids::BROWN_OUT)?;
            Some((number.strip_prefix('-')?.parse().ok()?, step))
        });
        for (number, step) in numbered {
            let begun = self
                .planned(&step.id)
                .iter()
                .filter_map(|action| self.run(&action.id))
                .any(|run| run.may_have_effect() || run.is_complete());
            if begun || self.planned(&step.id).is_empty() {
                continue;
            }
            let begins = self.begins_at(step)?;
            let at = self.policy.brown_out_warning.before(begins);
            return Some((at, NoticeStage::BrownOut { number }));
        }
        None
    }

    /// When a step may begin, as far as time decides it; `None` while a step before it
    /// is not complete.
    pub(crate) fn begins_at(&self, step: &StepSpec) -> Option<Timestamp> {
        let complete = self.completions();
        let mut begins = self.planned_at;
        for need in &step.needs {
            begins = begins.max(*complete.get(need)?);
        }
        for gate in &step.gates {
            begins = begins.max(match gate {
                Gate::Notice { step, period } => self.passed_at(*complete.get(step)?, *period),
                Gate::Soak { after, period } => self.passed_at(*complete.get(after)?, *period),
                Gate::SunsetReached => self.promised_end(),
                Gate::StepApproved | Gate::Quiet { .. } => continue,
            });
        }
        Some(begins)
    }

    /// The reminders that are still to come, and of those whose moment has passed the
    /// last one alone: nobody is told of 30 days when 3 are left.
    fn reminders(&self, announced: Timestamp, now: Timestamp) -> Vec<Due> {
        let end = self.promised_end();
        if now >= end {
            return Vec::new();
        }
        let moments = self
            .policy
            .reminder_days
            .iter()
            .map(|days| (Period::days(u64::from(*days)).before(end), *days));
        // Who was just told needs no reminder.
        let mut moments: Vec<(Timestamp, u32)> =
            moments.filter(|(at, _)| *at > announced).collect();
        moments.sort_unstable();
        let Some((last, _)) = moments.last().copied() else {
            return Vec::new();
        };
        let passed = moments.iter().filter(|(at, _)| *at <= now).count();
        let mut stages: Vec<Due> = moments
            .into_iter()
            .skip(passed.saturating_sub(1))
            .map(|(at, days)| (at, NoticeStage::Reminder { days }))
            .collect();
        stages.push((last, NoticeStage::LastCall));
        stages
    }

    /// Of what was closed, people are told when it answers again.
    fn stages_unwinding(&self) -> Vec<Due> {
        let closed = self.told.contains_key(&(NoticeStage::Closed, (0, 0)));
        let open = self
            .of_step(ids::CLOSE)
            .map(|run| (run.phase == ActionPhase::Undone).then_some(run.since));
        match open.collect::<Option<Vec<Timestamp>>>() {
            Some(ends) if closed => ends
                .into_iter()
                .max()
                .map(|at| (at, NoticeStage::Restored))
                .into_iter()
                .collect(),
            Some(_) | None => Vec::new(),
        }
    }
}
