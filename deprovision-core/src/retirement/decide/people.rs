//! What people may do: approve, object, withdraw, cancel, resume.

use crate::id::{ObjectionId, PersonId};
use crate::permit::Approval;
use crate::retirement::{ActionRun, Event, Mode, Objection, Refusal, Retirement};
use crate::time::Timestamp;

impl Retirement {
    /// Whether a person's veto still counts (invariant I-16).
    pub(super) fn can_be_stopped(&self) -> Result<(), Refusal> {
        if let Some(at) = self.pivot_at {
            return Err(Refusal::TooLate { at });
        }
        if self.mode != Mode::Forward {
            return Err(Refusal::NotNow(
                "the retirement no longer goes forward".to_owned(),
            ));
        }
        Ok(())
    }

    pub(super) fn approve(
        &self,
        mut approval: Approval,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let refuse = |why: String| Err(Refusal::Approval(why));
        let Some((_, digest)) = &self.plan else {
            return refuse("there is no plan to approve".to_owned());
        };
        if self.mode != Mode::Forward {
            return refuse("the retirement no longer goes forward".to_owned());
        }
        if approval.plan != *digest {
            return refuse(format!(
                "the plan is {digest} now; read it again and approve that one"
            ));
        }
        if approval.by == self.proposer {
            return refuse(format!(
                "{} proposed the retirement and can not approve it",
                approval.by
            ));
        }
        if let Some(step) = &approval.step
            && !self
                .pipeline
                .step(step)
                .is_some_and(|step| step.is_irreversible())
        {
            return refuse(format!(
                "{step} is not an irreversible step of this pipeline"
            ));
        }
        // The moment and the expiry are the machine's to say, not the caller's.
        approval.at = now;
        approval.expires = approval.expires.min(self.policy.approval_expiry.after(now));
        if approval.expires <= now {
            return refuse("the approval has expired already".to_owned());
        }
        Ok(vec![Event::Approved { approval }])
    }

    pub(super) fn object(
        &self,
        mut objection: Objection,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        self.can_be_stopped()?;
        objection.expires = objection
            .expires
            .min(self.policy.objection_expiry.after(now));
        if objection.expires <= now {
            return Err(Refusal::NotNow(
                "the objection has expired already".to_owned(),
            ));
        }
        if self.objections.contains_key(&objection.id) {
            return Err(Refusal::NotNow(format!(
                "there is an objection {} already",
                objection.id
            )));
        }
        Ok(vec![Event::Objected { objection }])
    }

    pub(super) fn withdraw_objection(
        &self,
        id: ObjectionId,
        by: PersonId,
    ) -> Result<Vec<Event>, Refusal> {
        match self.objections.get(&id) {
            Some(objection) if objection.by == by => Ok(vec![Event::ObjectionWithdrawn { id, by }]),
            Some(_) | None => Err(Refusal::NoSuchObjection(id)),
        }
    }

    pub(super) fn cancel(&self, by: PersonId, reason: String) -> Result<Vec<Event>, Refusal> {
        self.can_be_stopped()?;
        let mut events = vec![Event::CancelRequested { by, reason }];
        if !self.actions.values().any(ActionRun::may_have_effect) {
            events.push(Event::Unwound);
        }
        Ok(events)
    }

    pub(super) fn resume(&self, by: PersonId, reason: String) -> Result<Vec<Event>, Refusal> {
        if self.parked.is_none() {
            return Err(Refusal::NotNow("it is not parked".to_owned()));
        }
        Ok(vec![Event::Resumed { by, reason }])
    }
}
