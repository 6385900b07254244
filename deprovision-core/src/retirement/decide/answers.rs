//! What answers to notices lead to, and moving the end.

use crate::id::{ObjectionId, PersonId};
use crate::permit::Approval;
use crate::pipeline::Gate;
use crate::retirement::{ActionRun, Answer, Answered, Event, Objection, Refusal, Retirement};
use crate::time::{Period, Timestamp};

impl Retirement {
    pub(super) fn answer(&self, answered: Answered, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        if self.answers.contains_key(&answered.id) {
            return Err(Refusal::AnswerUsed(answered.id));
        }
        let by = answered.by.clone();
        let leads_to = match &answered.answer {
            Answer::Acknowledge => Vec::new(),
            Answer::Object { reason } => {
                let id = objection(&answered)?;
                let expires = self.policy.objection_expiry.after(now);
                self.object(Objection::new(id, by, reason, expires), now)?
            }
            Answer::MoreTime { until, reason } => {
                let id = objection(&answered)?;
                let reason = format!("more time until {until}: {reason}");
                self.object(Objection::new(id, by, reason, *until), now)?
            }
            Answer::Approve { plan, step, roles } => {
                // The machine cuts the expiry to the policy's.
                let expires = Period::days(365).after(now);
                let roles = roles.clone();
                let approval = Approval::new(by, roles, *plan, step.clone(), now, expires);
                self.approve(approval, now)?
            }
        };
        let mut events = vec![Event::Answered { answered }];
        events.extend(leads_to);
        Ok(events)
    }

    /// Dates move only later, and only while the path is still open.
    pub(super) fn postpone(
        &self,
        to: Timestamp,
        by: PersonId,
        reason: String,
    ) -> Result<Vec<Event>, Refusal> {
        self.can_be_stopped()?;
        let end = self.promised_end();
        if to <= end {
            return Err(Refusal::NotNow(format!(
                "the end is promised for {end}, and moves only later; to end earlier, cancel \
                 and propose again"
            )));
        }
        let closing = self.pipeline.steps().iter().filter(|step| {
            let gates = step.gates.iter();
            gates
                .into_iter()
                .any(|gate| matches!(gate, Gate::SunsetReached))
        });
        let begun = closing
            .flat_map(|step| self.planned(&step.id))
            .any(|action| self.run(&action.id).is_some_and(ActionRun::may_have_effect));
        if begun {
            return Err(Refusal::NotNow(
                "it is being closed already; cancel, and it is restored".to_owned(),
            ));
        }
        Ok(vec![Event::Postponed { to, by, reason }])
    }
}

fn objection(answered: &Answered) -> Result<ObjectionId, Refusal> {
    ObjectionId::parse(answered.id.as_str()).map_err(|error| Refusal::Unloggable(error.to_string()))
}
