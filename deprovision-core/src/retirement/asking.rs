//! Whom to ask for an approval, and when: of the plan as soon as there is one, of an
//! irreversible step when nothing but time that has passed and people are in its way.
//! The gates wait for them, so that who did not answer is asked again.

use std::collections::BTreeSet;

use crate::catalog::{Contact, EmailAddress};
use crate::id::{PersonId, Role, StepId};
use crate::permit::{Approval, ApprovalGap, ApprovalProof, ApprovalRule};
use crate::pipeline::{Gate, StepSpec, ids};
use crate::provider::NoticeStage;
use crate::retirement::{ActionRun, Mode, Retirement, Told};
use crate::time::{Period, Timestamp};

/// Asked again after so long when nobody was reached; twice as long each time.
const UNREACHED: Period = Period::hours(1);
/// No longer than this between two asks when nobody was reached.
const UNREACHED_LONGEST: Period = Period::days(1);
/// No longer than this between two asks: links to answer by are good for so long, where
/// the desk says nothing else.
const LONGEST: Period = Period::days(30);
/// No sooner than this after an ask, whatever ran out meanwhile.
const SPACING: Period = Period::hours(12);

/// How people were asked for one approval under the plan in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    times: u32,
    last: Timestamp,
    reached: bool,
}

impl Retirement {
    /// What a stage asks an approval of: `Some(None)` is the plan as a whole, and `None`
    /// that it asks for none, or for one of a step that there is not.
    #[must_use]
    pub fn asked_for(&self, stage: NoticeStage) -> Option<Option<&StepSpec>> {
        let NoticeStage::Approval { number } = stage else {
            return None;
        };
        match number.checked_sub(1) {
            None => Some(None),
            Some(index) => {
                let index = usize::try_from(index).ok()?;
                self.approved_apart().nth(index).map(Some)
            }
        }
    }

    /// Who can be asked for an approval that is missing, with their roles: those who
    /// answer for the API, as the catalog has them, and who can fill what is missing. Never
    /// who proposed it, not by another name of the same address, and no group, whose
    /// mailbox is read by many.
    #[must_use]
    pub fn approvers(&self, step: Option<&StepId>, now: Timestamp) -> Vec<(&Contact, Vec<&Role>)> {
        let Some(Err(gap)) = self.checked_approval(step, self.forward(now)) else {
            return Vec::new();
        };
        let have = u32::try_from(gap.have.len()).unwrap_or(u32::MAX);
        let roles = u32::try_from(gap.roles_missing.len()).unwrap_or(u32::MAX);
        let anybody = gap.people_needed.saturating_sub(have) > roles;
        let spent = self.addresses_of(&gap);
        let mut people: Vec<(&Contact, Vec<&Role>)> = Vec::new();
        for (contact, role) in self.responsible() {
            let known = people
                .iter_mut()
                .find(|(known, _)| known.person == contact.person || known.email == contact.email);
            if let Some((known, roles)) = known {
                roles.extend(role.filter(|_| known.person == contact.person));
                continue;
            }
            let fills = role.is_some_and(|role| gap.roles_missing.contains(role));
            // Who approved in another role can still give the one that is missing.
            let again = fills && gap.have.contains(&contact.person);
            let fresh = !spent.contains(&contact.email) && (anybody || fills);
            let is_proposer = contact.person == self.proposer;
            let is_group = contact.person.as_str().starts_with("group:");
            if (fresh || again) && !is_proposer && !is_group {
                people.push((contact, role.into_iter().collect()));
            }
        }
        people
    }

    /// The owner and the stakeholders.
    fn responsible(&self) -> impl Iterator<Item = (&Contact, Option<&Role>)> {
        let owner = self.api.owner.iter().map(|contact| (contact, None));
        let others = self.api.stakeholders.iter();
        owner.chain(others.map(|other| (&other.contact, Some(&other.role))))
    }

    /// The addresses of who proposed it and of who has approved.
    fn addresses_of(&self, gap: &ApprovalGap) -> BTreeSet<&EmailAddress> {
        let is_one = |person: &PersonId| *person == self.proposer || gap.have.contains(person);
        let consumers = self.api.consumers.values();
        let all = self.responsible().map(|(contact, _)| contact);
        let theirs = all.chain(consumers).filter(|to| is_one(&to.person));
        theirs.map(|contact| &contact.email).collect()
    }

    /// Whether it is approved; `None` without a plan.
    pub(super) fn checked_approval(
        &self,
        step: Option<&StepId>,
        now: Timestamp,
    ) -> Option<Result<ApprovalProof, ApprovalGap>> {
        let (_, digest) = self.plan.as_ref()?;
        // What the plan's approval began goes on after it expired: an expiry
        // limits when an approval may be used first. A step is begun each time anew.
        let at = match (step, self.begun_at) {
            (None, Some(first)) => now.min(first),
            (None, None) | (Some(_), _) => now,
        };
        let rule = self.approval_rule(step);
        let given = &self.approvals;
        Some(ApprovalProof::check(
            given,
            rule,
            *digest,
            step,
            &self.proposer,
            at,
        ))
    }

    fn approval_rule(&self, step: Option<&StepId>) -> &ApprovalRule {
        match step {
            Some(_) => &self.policy.approve_destruction,
            None => &self.policy.approve_plan,
        }
    }

    /// What people have to be asked for, and when they are next.
    pub(super) fn asks(&self, now: Timestamp) -> Vec<(Timestamp, NoticeStage)> {
        let mut due = Vec::new();
        // Where nobody is announced anything, the pipeline has nobody who could ask.
        let mut steps = self.pipeline.steps().iter();
        let asks = steps.any(|step| step.id.as_str() == ids::ANNOUNCE);
        if !asks || self.plan.is_none() || self.open_objection(now).is_some() {
            return due;
        }
        let mut ask = |number, from, step: Option<&StepId>| {
            let missing = matches!(self.checked_approval(step, now), Some(Err(_)));
            if missing && !self.approvers(step, now).is_empty() {
                let at = self.ask_at(number, step, from);
                due.push((at, NoticeStage::Approval { number }));
            }
        };
        ask(0, self.planned_at, None);
        for (number, step) in (1u32..).zip(self.approved_apart()) {
            if let Some(from) = self.awaits_people_only(step) {
                ask(number, from, Some(&step.id));
            }
        }
        due
    }

    fn ask_at(&self, number: u32, step: Option<&StepId>, from: Timestamp) -> Timestamp {
        let mut at = from;
        if let Some(asked) = self.asked.get(&number) {
            let (first, longest) = match asked.reached {
                true => (self.policy.approval_expiry.max(Period::days(1)), LONGEST),
                false => (UNREACHED, UNREACHED_LONGEST),
            };
            let factor = 1u64
                .checked_shl(asked.times.saturating_sub(1))
                .unwrap_or(u64::MAX);
            let wait = Period::seconds(first.as_seconds().saturating_mul(factor)).min(longest);
            let again = wait.after(asked.last);
            let ran_out = self.approvals_of(step).map(|given| given.expires);
            let ran_out = ran_out.filter(|end| *end > asked.last).min();
            let ran_out = ran_out.map(|end| end.max(SPACING.after(asked.last)));
            at = at.max(ran_out.map_or(again, |end| end.min(again)));
        }
        // An approval that can not be used before it runs out would be asked for twice.
        let mut freezes: Vec<_> = self.policy.freezes.iter().collect();
        freezes.sort_unstable_by_key(|freeze| freeze.from);
        for freeze in freezes {
            if freeze.from <= at && at < freeze.to {
                at = freeze.to;
            }
        }
        at
    }

    /// When what people have to be asked for may change without anybody's doing.
    pub(super) fn asks_change(&self, now: Timestamp) -> Option<Timestamp> {
        if self.mode != Mode::Forward || self.plan.is_none() {
            return None;
        }
        let approvals = self.approvals.iter().map(|approval| approval.expires);
        let objections = self.objections.values().map(|objection| objection.expires);
        approvals.chain(objections).filter(|at| *at > now).min()
    }

    /// Since when people have to be asked for it.
    pub(crate) fn asked_since(&self, stage: NoticeStage, now: Timestamp) -> Option<Timestamp> {
        let mut asks = self.asks(self.forward(now)).into_iter();
        asks.find(|(_, of)| *of == stage).map(|(at, _)| at)
    }

    /// How often people were asked for it, under the plan in force.
    pub(super) fn times_asked(&self, number: u32) -> u32 {
        self.asked.get(&number).map_or(0, |asked| asked.times)
    }

    pub(super) fn note_asked(&mut self, number: u32, told: &[Told], at: Timestamp) {
        let times = self.times_asked(number).saturating_add(1);
        let asked = Asked {
            times,
            last: at,
            reached: !told.is_empty(),
        };
        self.asked.insert(number, asked);
    }

    /// The steps that need an approval of their own.
    fn approved_apart(&self) -> impl Iterator<Item = &StepSpec> {
        let steps = self.pipeline.steps().iter();
        steps.filter(|step| step.gates.contains(&Gate::StepApproved))
    }

    fn approvals_of<'a>(&'a self, step: Option<&'a StepId>) -> impl Iterator<Item = &'a Approval> {
        let plan = self.plan.as_ref().map(|(_, digest)| *digest);
        self.approvals
            .iter()
            .filter(move |given| Some(given.plan) == plan && given.step.as_ref() == step)
    }

    /// Since when, or from when on, nothing but people and callers keeps a step from
    /// being begun; `None` while steps before it are not complete, or all of it is.
    fn awaits_people_only(&self, step: &StepSpec) -> Option<Timestamp> {
        let mut runs = self
            .planned(&step.id)
            .iter()
            .filter_map(|action| self.run(&action.id));
        if runs.all(ActionRun::is_complete) {
            return None;
        }
        let complete = self.completions();
        let mut before = self.pipeline.steps().iter();
        let before = before
            .by_ref()
            .take_while(|other| other.id != step.id)
            .map(|other| complete.get(&other.id).copied());
        let last = before.collect::<Option<Vec<Timestamp>>>()?;
        let begins = self.begins_at(step)?;
        last.into_iter().max().map(|last| last.max(begins))
    }
}
