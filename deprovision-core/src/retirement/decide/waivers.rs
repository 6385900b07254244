//! Letting a grant stay, and taking that back (invariant I-6).

use crate::id::PersonId;
use crate::permit::{WaivedGrants, Waiver};
use crate::pipeline::ids;
use crate::resource::{GrantId, ResourceRef};
use crate::retirement::{ActionRun, Event, Mode, Refusal, Retirement};
use crate::time::{Period, Timestamp};

impl Retirement {
    pub(super) fn waive(&self, mut waiver: Waiver, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let refuse = |why: String| Err(Refusal::Waiver(why));
        self.may_be_waived()?;
        if waiver.api != self.api.id {
            return refuse(format!(
                "the waiver is for {}, and this retires {}",
                waiver.api, self.api.id
            ));
        }
        if waiver.by == self.proposer {
            return refuse(format!(
                "{} proposed the retirement and can not waive a grant; ask somebody else",
                waiver.by
            ));
        }
        if waiver.reason.trim().is_empty() {
            return refuse("it has no reason; say why the grant may stay".to_owned());
        }
        if self.policy.waiver_expiry == Period::ZERO {
            return refuse("the policy allows no waivers; remove the grant".to_owned());
        }
        // The moment and the expiry are the machine's to say, not the caller's.
        waiver.at = now;
        waiver.expires = waiver.expires.min(self.policy.waiver_expiry.after(now));
        if waiver.expires <= now {
            return refuse("it has expired already; give a later day".to_owned());
        }
        let removal = self.removal_of(&waiver.grant);
        if removal.is_some_and(ActionRun::may_have_effect) {
            return refuse(format!(
                "{} is being removed already; calling the retirement off puts it back",
                waiver.grant
            ));
        }
        let mut given = self.waivers.clone();
        given.push(waiver.clone());
        let stays = self.count_waivers(&given, now).covers(&waiver.grant);
        let grant = waiver.grant.clone();
        let mut events = vec![Event::GrantWaived { waiver }];
        // People approve what is done, and what stays.
        if stays && removal.is_some_and(|run| !run.is_complete()) {
            events.push(Event::PlanVoided {
                why: format!("[I-6] {grant} was to be removed, and is waived"),
            });
        }
        Ok(events)
    }

    pub(super) fn withdraw_waiver(
        &self,
        grant: GrantId,
        by: PersonId,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        self.may_be_waived()?;
        let theirs = |waiver: &&Waiver| waiver.grant == grant && waiver.by == by;
        let given = self.waivers.iter().filter(theirs);
        if !given.into_iter().any(|waiver| now < waiver.expires) {
            return Err(Refusal::Waiver(format!(
                "there is no waiver of {by} for {grant}"
            )));
        }
        let left: Vec<Waiver> = self
            .waivers
            .iter()
            .filter(|waiver| !theirs(waiver))
            .cloned()
            .collect();
        let stayed = self.waived(now).covers(&grant);
        let stays = self.count_waivers(&left, now).covers(&grant);
        let why = format!("[I-6] {grant} is no longer waived");
        let mut events = vec![Event::WaiverWithdrawn { grant, by }];
        if stayed && !stays && self.mode == Mode::Forward && self.plan.is_some() {
            events.push(Event::PlanVoided { why });
        }
        Ok(events)
    }

    fn may_be_waived(&self) -> Result<(), Refusal> {
        match self.mode {
            Mode::Forward | Mode::Watching { .. } => Ok(()),
            Mode::Unwinding | Mode::Cancelled | Mode::Finished => Err(Refusal::Waiver(
                "the retirement neither goes forward nor is watched".to_owned(),
            )),
        }
    }

    /// The course of the grant's removal, when the plan in force has one.
    fn removal_of(&self, grant: &GrantId) -> Option<&ActionRun> {
        let plan = &self.plan.as_ref()?.0;
        let target = ResourceRef::from(grant.clone());
        let removal = plan
            .all()
            .find(|(step, action)| step.as_str() == ids::REMOVE_GRANTS && action.target == target);
        self.run(&removal?.1.id)
    }

    fn count_waivers(&self, given: &[Waiver], now: Timestamp) -> WaivedGrants {
        let rule = &self.policy.approve_waiver;
        WaivedGrants::check(given, rule, &self.api.id, &self.proposer, now)
    }

    /// The grants that may stay at `now` (invariant I-6).
    #[must_use]
    pub fn waived(&self, now: Timestamp) -> WaivedGrants {
        // A clock that stepped back revives no waiver that had expired.
        self.count_waivers(&self.waivers, self.forward(now))
    }
}
