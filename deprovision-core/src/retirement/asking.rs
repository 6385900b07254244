//! Whom to ask for an approval, and when: of the plan as soon as there is one, of an
//! irreversible step when nothing but time that has passed and people are in its way.

use std::collections::BTreeSet;

use crate::catalog::Contact;
use crate::digest::Digest;
use crate::id::{PersonId, Role, StepId};
use crate::permit::{Approval, ApprovalRule};
use crate::pipeline::{Gate, StepSpec, ids};
use crate::provider::NoticeStage;
use crate::retirement::{ActionRun, Retirement};
use crate::time::Timestamp;

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

    /// Who can be asked to approve the plan, or a step of it: those who answer for the
    /// API, as the catalog has them, without who proposed it and who has approved. Where
    /// the policy needs no more people than roles, those who hold one of the roles.
    #[must_use]
    pub fn approvers(&self, step: Option<&StepId>, now: Timestamp) -> Vec<(&Contact, Vec<&Role>)> {
        let now = self.forward(now);
        let rule = self.approval_rule(step);
        let roles = u32::try_from(rule.roles.len()).unwrap_or(u32::MAX);
        let anybody = rule.people > roles;
        let said: BTreeSet<&PersonId> = self
            .approvals_of(step)
            .filter(|approval| now < approval.expires)
            .map(|approval| &approval.by)
            .collect();
        let mut people: Vec<(&Contact, Vec<&Role>)> = Vec::new();
        let owner = self.api.owner.iter().map(|contact| (contact, None));
        let others = self.api.stakeholders.iter();
        let others = others.map(|other| (&other.contact, Some(&other.role)));
        for (contact, role) in owner.chain(others) {
            let holds = anybody || role.is_some_and(|role| rule.roles.contains(role));
            if !holds || contact.person == self.proposer || said.contains(&contact.person) {
                continue;
            }
            match people
                .iter_mut()
                .find(|(known, _)| known.person == contact.person)
            {
                Some((_, roles)) => roles.extend(role),
                None => people.push((contact, role.into_iter().collect())),
            }
        }
        people
    }

    pub(super) fn approval_rule(&self, step: Option<&StepId>) -> &ApprovalRule {
        match step {
            Some(_) => &self.policy.approve_destruction,
            None => &self.policy.approve_plan,
        }
    }

    /// What people have to be asked for, and since when.
    pub(super) fn asks(&self, now: Timestamp) -> Vec<(Timestamp, NoticeStage)> {
        let mut due = Vec::new();
        // Where nobody is announced anything, the pipeline has nobody who could ask.
        let mut steps = self.pipeline.steps().iter();
        let asks = steps.any(|step| step.id.as_str() == ids::ANNOUNCE);
        if !asks || self.plan.is_none() || self.open_objection(now).is_some() {
            return due;
        }
        let mut ask = |number, at, step: Option<&StepId>| {
            if self.approval(step, now).is_err() && !self.approvers(step, now).is_empty() {
                let over = self.approvals_of(step).map(|given| given.expires);
                let over = over.filter(|end| *end <= now).max();
                due.push((
                    over.max(Some(at)).unwrap_or(at),
                    NoticeStage::Approval { number },
                ));
            }
        };
        ask(0, self.planned_at, None);
        for (number, step) in (1u32..).zip(self.approved_apart()) {
            if let Some(at) = self.awaits_people_only(step) {
                ask(number, at, Some(&step.id));
            }
        }
        due
    }

    /// Since when people have to be asked for it.
    pub(crate) fn asked_since(&self, stage: NoticeStage, now: Timestamp) -> Option<Timestamp> {
        let mut asks = self.asks(self.forward(now)).into_iter();
        asks.find(|(_, of)| *of == stage).map(|(at, _)| at)
    }

    /// What tells one asking from the next: how many plans there were, and how often an
    /// approval of it ran out.
    pub(crate) fn asked_before(&self, stage: NoticeStage, now: Timestamp) -> (u32, u32) {
        (self.plans, self.ran_out(stage, self.forward(now)))
    }

    /// How often an approval of it ran out: people are asked again then.
    pub(super) fn ran_out(&self, stage: NoticeStage, now: Timestamp) -> u32 {
        let Some(step) = self.asked_for(stage) else {
            return 0;
        };
        let given = self.approvals_of(step.map(|step| &step.id));
        let over = given.filter(|approval| approval.expires <= now).count();
        u32::try_from(over).unwrap_or(u32::MAX)
    }

    /// The steps that need an approval of their own.
    fn approved_apart(&self) -> impl Iterator<Item = &StepSpec> {
        let steps = self.pipeline.steps().iter();
        steps.filter(|step| step.gates.contains(&Gate::StepApproved))
    }

    fn approvals_of<'a>(&'a self, step: Option<&'a StepId>) -> impl Iterator<Item = &'a Approval> {
        let plan: Option<Digest> = self.plan.as_ref().map(|(_, digest)| *digest);
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
